/**
 * The safety net for secrets that nobody closed: when one is collected, it is wiped,
 * counted and reported. Collection may come late or never; it is never the contract.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import type { Library } from "./native/library.ts";
import { reportOf } from "./leak_report.ts";
import { leakListener } from "./options.ts";

interface Held {
  readonly library: Library;
  readonly handle: number;
  readonly length: number;
  readonly label: string | undefined;
  readonly origin: Error | undefined;
}

let leaked = 0;

/** Secrets of this thread that were collected without having been closed. */
export function leakCount(): number {
  return leaked;
}

const registry = new FinalizationRegistry<Held>(({ library, handle, length, label, origin }) => {
  const { calls } = library;
  const purged = calls.securememory_length(handle) === 0;
  calls.securememory_destroy(handle);
  // Whoever could reach the view would have kept the secret: there is no view any more.
  calls.securememory_release(handle);
  if (purged) return;
  leaked += 1;
  leakListener()?.(reportOf(length, label, origin));
});

/** Watches a secret that was just made. */
export function watch(secret: WeakKey, cell: Cell): void {
  const { library, handle, length, label } = cell;
  const origin = leakListener() === undefined ? undefined : new Error("The secret was made here");
  registry.register(secret, { library, handle, length, label, origin }, cell);
}

/** A leak of another kind of secret, which is watched elsewhere. */
export function countLeak(): void {
  leaked += 1;
}

/** It was closed. */
export function unwatch(cell: Cell): void {
  if (cell.asleep === undefined) registry.unregister(cell);
  else if (cell.shared === undefined) cell.asleep.net?.closed(cell.handle);
}

/** Other threads have it as well. */
export function unwatchShared(cell: Cell): void {
  if (cell.asleep === undefined) registry.unregister(cell);
  else cell.asleep.net?.shared(cell.handle);
}
