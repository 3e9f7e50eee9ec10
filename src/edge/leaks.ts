/**
 * The safety net for secrets that nobody closed: when one is collected, it is wiped, counted and
 * reported. Collection may come late or never; it is never the contract.
 *
 * @module
 */
import { reportOf } from "../leak_report.ts";
import type { Cell } from "./cell.ts";
import { core } from "./core.ts";
import { leakListener } from "./options.ts";

interface Held {
  readonly handle: number;
  readonly length: number;
  readonly label: string | undefined;
  readonly origin: Error | undefined;
}

let leaked = 0;

/** Secrets that were collected without having been closed. */
export function leakCount(): number {
  return leaked;
}

/** Cloudflare Workers have none where their compatibility date is before 2025-05-05. */
const registry = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<Held>(({ handle, length, label, origin }) => {
    // A purge was faster.
    if (core().securememory_address(handle) === 0) return;
    core().securememory_destroy(handle);
    leaked += 1;
    leakListener()?.(reportOf(length, label, origin));
  });

/** Watches a secret that was just made. */
export function watch(secret: WeakKey, cell: Cell): void {
  const { handle, length, label } = cell;
  const origin = leakListener() === undefined ? undefined : new Error("The secret was made here");
  registry?.register(secret, { handle, length, label, origin }, cell);
}

/** It was closed. */
export function unwatch(cell: Cell): void {
  registry?.unregister(cell);
}
