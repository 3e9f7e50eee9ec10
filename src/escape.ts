/**
 * What must not leave a window: the view, and a promise, which would go on after it.
 *
 * @module
 */

/** What to tell someone whose callback let the view out. */
const ESCAPE_ADVICE =
  "the bytes are readable only inside the callback. Return what was computed from them, " +
  "or a copy (bytes.slice()) if they must leave";

/** Throws if `result` would carry the view out of its window. */
export function rejectEscape(result: unknown, view: Uint8Array<ArrayBuffer>): void {
  if (typeof result !== "object" || result === null) return;
  if (result === view.buffer || (ArrayBuffer.isView(result) && result.buffer === view.buffer)) {
    throw new TypeError(`Cannot return the view from the callback: ${ESCAPE_ADVICE}`);
  }
}

/** Throws if `result` is a promise: it would go on after the window has closed. */
export function rejectPromise(result: unknown): void {
  if (typeof result !== "object" || result === null || !("then" in result)) return;
  if (typeof result.then !== "function") return;
  // Its own failure, if it fails, is the consequence of this one.
  Promise.resolve(result as PromiseLike<unknown>).catch(() => {});
  throw new TypeError(
    "Cannot return a promise from the callback, since the window closes before it settles: " +
      "use withBytesAsync",
  );
}

/** The kinds of functions that run on after they have returned. */
const LATER: ReadonlySet<unknown> = new Set([
  (async () => {}).constructor,
  (function* () {}).constructor,
  (async function* () {}).constructor,
]);

/** Throws if the callback is asynchronous or a generator, before it could touch bytes too late. */
export function rejectAsync(fn: (...args: never[]) => unknown): void {
  if (fn.constructor !== Function && LATER.has(fn.constructor)) {
    throw new TypeError(
      "Cannot use an async function or a generator here, since the window closes before it has " +
        "run: use withBytesAsync",
    );
  }
}
