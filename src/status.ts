/**
 * What holds for a secret, as the kernel has it.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { SecretClosedError } from "./errors.ts";
import { GATES, STATUS_BITS, STORES } from "./native/abi.ts";
import { failure } from "./native/failure.ts";

/** What the system says of a secret's pages: read back from it, not remembered. */
export interface SecretStatus {
  /** The rung of the store ladder. */
  readonly store: "secretmem" | "locked" | "unlocked";
  /** The rung of the gate ladder. */
  readonly gate: "pkey" | "mprotect";
  /** Number of the protection key that the pages carry now; none outside the gate `pkey`, and at rest. */
  readonly pkey: number | undefined;
  /** The pages are locked: they are never swapped out. */
  readonly locked: boolean;
  /** The pages are left out of core dumps. */
  readonly excludedFromDumps: boolean;
  /** What a forked child finds in place of the pages. `"copied"` would be a leak. */
  readonly fork: "wiped" | "absent" | "copied";
  /** Inaccessible pages stand on both sides. */
  readonly guarded: boolean;
  /** These are sealed: no code of the process can open, move or unmap them (mseal(2), Linux 6.10). */
  readonly guardsSealed: boolean;
  /** The kernel does not merge the pages with equal ones of other processes. */
  readonly unmergeable: boolean;
  /** The kernel does not make them part of a huge page. */
  readonly noHugePages: boolean;
  /** What this thread may do with the pages right now. */
  readonly protection: "none" | "read" | "write";
  /** It shares its page with other secrets of a {@linkcode SecretPool}, and all of this holds for that page. */
  readonly pooled: boolean;
  /** A canary beside it was found damaged when its neighbour was closed: it may be damaged as well. */
  readonly suspect: boolean;
}

const PROTECTIONS = ["none", "read", "write"] as const;

/** Asks the kernel. */
export function statusOf(cell: Cell): SecretStatus {
  const bits = cell.library.calls.securememory_status(cell.handle);
  if (bits < 0) throw failure(cell.library, bits, "Cannot read the status of the secret");
  const field = ([first, width]: readonly [number, number]) => (bits >> first) & ((1 << width) - 1);
  const flag = (place: readonly [number, number]) => field(place) === 1;
  const protection = PROTECTIONS[field(STATUS_BITS.protection)];
  const store = STORES[field(STATUS_BITS.store)];
  const gate = GATES[field(STATUS_BITS.gate)];
  if (protection === undefined || store === undefined || gate === undefined) {
    throw new SecretClosedError();
  }
  const pkey = field(STATUS_BITS.pkey);
  return {
    store,
    gate,
    pkey: pkey === 0 ? undefined : pkey,
    locked: flag(STATUS_BITS.locked),
    excludedFromDumps: flag(STATUS_BITS.no_dump),
    fork: flag(STATUS_BITS.wipe_on_fork)
      ? "wiped"
      : flag(STATUS_BITS.absent_on_fork)
      ? "absent"
      : "copied",
    guarded: flag(STATUS_BITS.guarded),
    guardsSealed: flag(STATUS_BITS.guards_sealed),
    unmergeable: flag(STATUS_BITS.no_merge),
    noHugePages: flag(STATUS_BITS.no_huge_pages),
    protection,
    pooled: cell.pool !== 0,
    suspect: cell.pool !== 0 && cell.library.calls.securememory_pool_suspect(cell.handle) === 1,
  };
}
