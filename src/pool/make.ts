/**
 * Making secrets in a pool: from an argument to a handle.
 *
 * @module
 */
import { type Asleep, asleepIn } from "../asleep.ts";
import type { Cell } from "../cell.ts";
import { rejectAsync } from "../escape.ts";
import { close, enterAlone } from "../gate.ts";
import type { NativeCalls } from "../native/extra_symbols.ts";
import { viewFor } from "../view.ts";
import { runInside } from "../window.ts";
import { poolFailure } from "./failure.ts";
import type { Net } from "./net.ts";
import type { PoolState } from "./state.ts";
import { cellOf, withRoom } from "./wake.ts";

/** A secret that was just made in a pool. */
export interface Made<State extends Asleep | Cell> {
  readonly state: State;
  readonly handle: number;
  readonly net: Net;
}

/** Makes a sleeping secret by one native call. */
export function makeAsleep(
  pool: PoolState,
  length: number,
  make: (calls: NativeCalls, epoch: number) => number,
): Made<Asleep> {
  const { library } = pool;
  const net = pool.nets.current();
  const handle = withRoom(pool, () => make(library.calls, net.epoch));
  if (handle < 0) throw poolFailure(pool, handle, "Cannot create the secret", length);
  net.made(handle);
  return { state: asleepIn(pool, net, length), handle, net };
}

/** Makes a secret that `write` fills, awake. If it fails, nothing is left. */
export function makeFilled(
  pool: PoolState,
  length: number,
  write: (bytes: Uint8Array<ArrayBuffer>) => unknown,
): Made<Cell> {
  rejectAsync(write);
  const { state, handle, net } = makeAsleep(
    pool,
    length,
    (calls, epoch) => calls.securememory_pool_zeros(pool.handle, length, epoch),
  );
  const cell = cellOf(state, pool, handle);
  try {
    enterAlone(cell);
    runInside(cell, viewFor(cell), write);
  } catch (error) {
    close(cell);
    throw error;
  }
  return { state: cell, handle, net };
}
