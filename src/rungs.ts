/**
 * Rungs that are required before a secret is made.
 *
 * @module
 */
import { FLAG_PKEY, FLAG_SECRETMEM, PROBE_PKEY, PROBE_SECRETMEM } from "./native/abi.ts";
import { failure, isShortage } from "./native/failure.ts";
import { library } from "./native/library.ts";

/**
 * Checks that this host has the rungs that flags require.
 *
 * @throws {UnsupportedError} If one is missing: says which step failed.
 */
export function requireRungs(flags: number): void {
  const loaded = library();
  const required = [
    [FLAG_SECRETMEM, PROBE_SECRETMEM],
    [FLAG_PKEY, PROBE_PKEY],
  ] as const;
  for (const [flag, what] of required) {
    if ((flags & flag) === 0) continue;
    const result = loaded.calls.securememory_probe(what);
    // A spent budget may be different when the secret is made.
    if (result < 0 && !isShortage(result)) {
      throw failure(loaded, result, "Cannot make such secrets");
    }
  }
}
