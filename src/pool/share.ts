/**
 * One pool in several Workers: what is posted, and what is made of it there.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { startDiagnostics } from "../diagnostics.ts";
import { SecretClosedError, UnsupportedError } from "../errors.ts";
import { library } from "../native/library.ts";
import { revokesViews } from "../options.ts";
import { PoolState, poolWord } from "./state.ts";

/**
 * A ticket to a pool, for `postMessage` to a Worker of this process: numbers and the label. It is
 * worthless in any other process.
 */
export interface SharedPool {
  /** Tells the loaded copy of the native library. */
  readonly instance: number;
  /** Number of the pool in the native library. */
  readonly pool: number;
  /** Whether it seals its secrets under pressure. */
  readonly seals: boolean;
  /** The label it was given, if any. */
  readonly label: string | undefined;
}

/** The ticket to a pool. */
export function sharePool(state: PoolState): SharedPool {
  const { library, handle, seals, label } = state;
  return { instance: library.instance, pool: handle, seals, label };
}

/** A pool that another thread, or this one, has shared. */
export function attachPool(shared: SharedPool): PoolState {
  checkShared(shared);
  const loaded = library();
  if (shared.instance !== loaded.instance) {
    throw new UnsupportedError(
      "Cannot attach the pool: it is of another process, or of another copy of the native library",
    );
  }
  const { pool: handle, seals, label } = shared;
  const word = poolWord(loaded, handle);
  if (word === undefined) throw new SecretClosedError("Cannot attach the pool: it is closed");
  startDiagnostics(loaded);
  const state = new PoolState(loaded, { handle, label, seals, revokeViews: revokesViews() }, word);
  return state;
}

function checkShared(value: unknown): asserts value is SharedPool {
  const shared = value as Partial<SharedPool> | null;
  if (
    typeof shared === "object" && shared !== null &&
    isU32(shared.instance) && isU32(shared.pool) && typeof shared.seals === "boolean" &&
    (shared.label === undefined || typeof shared.label === "string")
  ) return;
  throw new TypeError(
    "Cannot attach the pool: the argument must come from pool.share(), current value is " +
      describe(value),
  );
}

function isU32(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}
