/**
 * Secrets of pools wake for their first window, and fall asleep when many others were used since.
 *
 * One that is awake has its place on a page for as long as it is, since a view of it may be alive;
 * and a cell and a view in JavaScript, which take more memory than the secret. One that sleeps has none
 * of these, and a pool that seals may seal it. Its view is detached before: a view that a callback has
 * kept must not show what takes its place. A secret with an open window never sleeps, nor one that is
 * shared, or whose view cannot be detached.
 *
 * @module
 */
import { type Asleep, isAsleepClosed } from "../asleep.ts";
import { Cell } from "../cell.ts";
import { SecretClosedError } from "../errors.ts";
import { isClosing } from "../gate.ts";
import { startTicking } from "../idle.ts";
import { isShortage } from "../native/failure.ts";
import { detach, endAllRest } from "../rest.ts";
import { advance, now } from "./clock.ts";
import { poolFailure } from "./failure.ts";
import { AWAKE_MAX, type PoolState } from "./state.ts";

/** What this needs of secrets, which nothing but `secret.ts` sees into. */
export interface Sleepers {
  /** The cell of a secret that is awake. */
  cellOf(secret: WeakKey): Cell | undefined;
  /** From now on it is asleep. */
  lay(secret: WeakKey, asleep: Asleep): void;
}

let sleepers: Sleepers;

/** Called once, by `secret.ts`. */
export function useSleepers(given: Sleepers): void {
  sleepers = given;
}

/**
 * Wakes a secret, which its caller lets have the cell, and keeps awake by `keepAwake`.
 *
 * @param spare Another one that must not fall asleep for it.
 * @throws {SecretClosedError} If it was closed.
 * @throws {LockLimitError} If there is no room for it, even with all that are idle here asleep.
 * @throws {CorruptionError} If it was sealed, and the box was changed.
 */
export function wake(asleep: Asleep, handle: number, spare?: Cell): Cell {
  const { pool } = asleep;
  if (pool === undefined || isAsleepClosed(asleep)) throw new SecretClosedError();
  const { library } = pool;
  const wake = () => library.calls.securememory_pool_wake(handle);
  const result = withRoom(pool, wake, spare);
  if (result < 0) {
    throw poolFailure(pool, result, "Cannot open a window on the secret", asleep.length);
  }
  return cellOf(asleep, pool, handle);
}

/** Calls what takes a place on a page, and makes room for it if there is none. */
export function withRoom(pool: PoolState, call: () => number, spare?: Cell): number {
  let result = call();
  // What it has opened or sealed leaves the key's pages open, or its page.
  if (pool.seals) startTicking(pool.library);
  if (result >= 0 || !isShortage(result)) return result;
  // A part of them first: those that were used last would be wanted again at once.
  for (const share of [1 / 4, 1]) {
    const slept = putToSleep(pool, (awake) => awake * share, spare);
    const ended = endAllRest();
    if (!slept && !ended) break;
    result = call();
    if (result >= 0 || !isShortage(result)) return result;
  }
  return result;
}

/** The cell of a secret that has just woken, or was made awake. */
export function cellOf(asleep: Asleep, pool: PoolState, handle: number): Cell {
  const { library, label, revokeViews, word } = pool;
  const { length } = asleep;
  const perThread = library.calls.securememory_gate(handle) === 1;
  const cell = new Cell(library, {
    ...{ handle, length, label, revokeViews, perThread, asleep },
    ...{ pool: pool.handle, purgeCount: word },
  });
  advance();
  cell.used = now;
  return cell;
}

/** Remembers that a secret is awake; others may fall asleep for it. */
export function keepAwake(secret: WeakKey, cell: Cell, spare?: Cell): void {
  const pool = cell.asleep?.pool;
  if (pool === undefined) return;
  pool.awake.push(new WeakRef(secret));
  if (pool.awake.length <= pool.awakeMax) return;
  // Most of them may be closed.
  putToSleep(pool, (awake) => awake >= AWAKE_MAX ? AWAKE_MAX / 4 : 0, cell, spare);
  // Those that cannot sleep are not looked at again with every secret that wakes.
  pool.awakeMax = pool.awake.length < AWAKE_MAX ? AWAKE_MAX : pool.awake.length * 2;
}

/**
 * Puts idle secrets to sleep, those first that were used least recently.
 *
 * @param share How many of those that are awake, at most.
 * @param spared Cells of those that stay awake.
 * @returns Whether there was any.
 */
export function putToSleep(
  pool: PoolState,
  share: (awake: number) => number,
  ...spared: (Cell | undefined)[]
): boolean {
  const idle: { reference: WeakRef<WeakKey>; secret: WeakKey; cell: Cell }[] = [];
  const stay: WeakRef<WeakKey>[] = [];
  for (const reference of pool.awake) {
    const secret = reference.deref();
    const cell = secret && sleepers.cellOf(secret);
    if (secret === undefined || cell === undefined || !mayEverSleep(cell)) continue;
    if (cell.depth > 0 || spared.includes(cell)) stay.push(reference);
    else idle.push({ reference, secret, cell });
  }
  idle.sort((one, other) => one.cell.used - other.cell.used);
  const most = share(idle.length + stay.length);
  let slept = 0;
  for (const { reference, secret, cell } of idle) {
    if (slept >= most) stay.push(reference);
    else if (sleep(secret, cell)) slept += 1;
  }
  pool.awake = stay;
  return slept > 0;
}

function mayEverSleep(cell: Cell): boolean {
  return cell.shared === undefined && !cell.escaped && !isClosing(cell);
}

/** False if it stays awake for good. */
function sleep(secret: WeakKey, cell: Cell): boolean {
  const { library, asleep, handle, view } = cell;
  if (view !== undefined && !detach(view.buffer)) {
    cell.escaped = true;
    return false;
  }
  cell.view = undefined;
  if (library.calls.securememory_pool_sleep(handle) < 0) return false;
  // Whoever still has the cell, in the middle of a call, must not open a window by it.
  cell.closing = true;
  sleepers.lay(secret, asleep as Asleep);
  return true;
}
