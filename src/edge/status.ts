/**
 * What holds for a secret at the edge.
 *
 * @module
 */
import type { Cell } from "./cell.ts";

/** What holds for a secret: by the names of the main entry, most of it not. */
export interface SecretStatus {
  /** WebAssembly memory. */
  readonly store: "wasm";
  /** The secret is encrypted while no window is open. */
  readonly gate: "cipher";
  /** There is none. */
  readonly pkey: undefined;
  /** The memory can be swapped out. */
  readonly locked: false;
  /** The memory is in core dumps and heap snapshots; a closed secret is ciphertext there. */
  readonly excludedFromDumps: false;
  /** A forked child has the memory. */
  readonly fork: "copied";
  /** A stray access finds whatever is beside a secret. */
  readonly guarded: false;
  /** There are no guards. */
  readonly guardsSealed: false;
  /** The kernel may merge pages. */
  readonly unmergeable: false;
  /** The kernel may use huge pages. */
  readonly noHugePages: false;
  /** The window that is open. `"none"`: what a view shows is ciphertext. */
  readonly protection: "none" | "read" | "write";
}

/** As of now. */
export function statusOf({ depth, writable }: Cell): SecretStatus {
  return {
    store: "wasm",
    gate: "cipher",
    pkey: undefined,
    locked: false,
    excludedFromDumps: false,
    fork: "copied",
    guarded: false,
    guardsSealed: false,
    unmergeable: false,
    noHugePages: false,
    protection: depth === 0 ? "none" : writable ? "write" : "read",
  };
}
