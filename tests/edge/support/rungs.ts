/**
 * In place of `tests/support/rungs.ts`: at the edge there is nothing to choose, and every rung is
 * missing.
 *
 * @module
 */
import { type Case, test } from "./collector.ts";

/** What a secret gets. */
export const AUTO = { store: "wasm", gate: "cipher" } as const;

/** A rung that can be required and is missing. */
export const MISSING = { store: "secretmem" } as const;

/** What can be required. */
export const RUNGS: readonly never[] = [];

/** Never skipped. */
export function withNothingMissing(): false {
  return false;
}

/** Options that require it. */
export function missing(): typeof MISSING {
  return MISSING;
}

/** Once: there is one gate. */
export function testOnGates(name: string, run: Case["run"]): void {
  test(name, run);
}
