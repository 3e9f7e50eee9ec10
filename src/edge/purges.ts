/**
 * Wiping everything.
 *
 * @module
 */
import { coreIfStarted } from "./core.ts";

let count = 0;

/** How often there was a purge: what is older than the last one is gone. */
export function purgeCount(): number {
  return count;
}

/**
 * Wipes and closes every secret of this module now. A callback that is inside a window reads zeros
 * from here on; every new window is refused. Secrets made afterwards are not affected.
 *
 * @example Usage
 * ```ts
 * import { purge, Secret } from "@securememory/core/edge";
 *
 * const key = Secret.random(32);
 * purge();
 * console.log(key.isClosed); // true
 * ```
 */
export function purge(): void {
  const started = coreIfStarted();
  // Without the core there is no secret.
  if (started === undefined) return;
  count += 1;
  started.securememory_purge();
}
