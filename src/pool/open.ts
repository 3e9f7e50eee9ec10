/**
 * Making pools, and their end.
 *
 * @module
 */
import { startDiagnostics } from "../diagnostics.ts";
import { sealing } from "../native/crypto.ts";
import { codeOf } from "../native/detail.ts";
import { failure } from "../native/failure.ts";
import { library } from "../native/library.ts";
import { resolve } from "../options.ts";
import { requireRungs } from "../rungs.ts";
import type { Nets } from "./net.ts";
import { checkPoolOptions, type PoolOptions } from "./options.ts";
import { PoolState, poolWord, whenUnwatched } from "./state.ts";
import { putToSleep } from "./wake.ts";

/** More than the library keeps, in UTF-8, of any label. */
const LABEL_UNITS = 64;

/** Makes a pool. It has no page before it has a secret. */
export function makePool(options: PoolOptions): PoolState {
  const { flags, label, revokeViews } = resolve(checkPoolOptions(options));
  requireRungs(flags);
  const seals = options.onPressure === "seal";
  if (seals) sealing();
  const loaded = library();
  startDiagnostics(loaded);
  const name = new TextEncoder().encode((label ?? "").slice(0, LABEL_UNITS));
  const { calls } = loaded;
  const hotBytes = options.hotBytes ?? 0;
  const handle = calls.securememory_pool_create(name, name.length, flags, hotBytes, Number(seals));
  if (handle < 0) throw failure(loaded, handle, "Cannot create the pool");
  const word = poolWord(loaded, handle) as Uint32Array;
  const state = new PoolState(loaded, { handle, label, revokeViews, seals }, word);
  forgotten.register(state, state.nets, state);
  return state;
}

/** Another thread may have the pool: from now on somebody must close it. */
export function outlive(state: PoolState): void {
  forgotten.unregister(state);
}

/** Wipes all secrets of a pool, in every thread, and ends it. */
export function closePool(state: PoolState): void {
  if (state.closed) return;
  state.closed = true;
  // Pages that a view may show are never used again: as few as can be.
  putToSleep(state, (awake) => awake);
  const { library, handle, nets } = state;
  forgotten.unregister(state);
  whenUnwatched(nets);
  const result = library.calls.securememory_pool_close(handle);
  // Another thread may have closed it.
  if (result >= 0 || codeOf(result) === "Closed") return;
  throw failure(library, result, "Cannot close the pool in good order");
}

/** Nobody has the pool any more, nor any of its secrets. */
const forgotten = new FinalizationRegistry<Nets>((nets) => {
  // Those that were collected with it are counted before.
  whenUnwatched(nets, () => void nets.library.calls.securememory_pool_close(nets.pool));
});
