/**
 * The state word of a secret: who may do what to its pages, and when.
 *
 * All threads that share a secret move one word, by compare-and-swap only. These
 * functions say where it moves; `gate.ts` moves it and changes the pages.
 *
 *                        enter, count 0                    opened
 *      ┌────────────┐  ───────────────▶  ┌──────────┐  ───────────▶  ┌────────────────┐
 *      │ IDLE       │                    │ CHANGING │                │ OPEN, count 1… │◀─┐ enter: +1
 *      │ page: none │  ◀───────────────  │          │  ◀───────────  │ page: read     │──┘ leave: -1
 *      └────────────┘   closed           └──────────┘  leave, last   └────────────────┘
 *            │                                │
 *            │ close                          │ closed, but CLOSING was set meanwhile
 *            ▼                                ▼
 *      ┌──────────────────────────────────────────┐   destroyed    ┌────────┐
 *      │ CLOSING + CHANGING: this thread wipes    │  ───────────▶  │ CLOSED │
 *      └──────────────────────────────────────────┘                └────────┘
 *
 * The count is of threads, not of windows: a thread that is inside nests its further
 * windows by itself (`Cell.depth`). A thread that meets CHANGING waits. WRITER stands
 * while the one window is a read-write one. CLOSING refuses every new window; whoever
 * makes the last change wipes. CLOSED is final.
 *
 * A bare counter is not enough: a second thread that sees 1 may touch the page before
 * the first has opened it, and one that saw 1 to 0 may close it after another went
 * 0 to 1. `tests/model_test.ts` runs the real gate over every interleaving.
 *
 * @module
 */

/** Threads with a window open. */
export const COUNT = 0xffff;
/** A thread is changing the protection of the pages, or wiping them. */
export const CHANGING = 1 << 16;
/** The open window is a read-write one. */
export const WRITER = 1 << 17;
/** `close` was called: no new window. */
export const CLOSING = 1 << 18;
/** The bytes are gone. */
export const CLOSED = 1 << 19;

/** Answers that are not a word: words are never negative. */
export const REFUSED = -1;
/** A change is in progress; try again when the word has moved. */
export const WAIT = -2;
/** A window stands against it. */
export const BUSY = -3;

/** A thread without a window asks for one. If the answer has CHANGING, it must open the pages. */
export function enter(word: number): number {
  if ((word & (CLOSING | CLOSED)) !== 0) return REFUSED;
  if ((word & (CHANGING | WRITER)) !== 0) return WAIT;
  if ((word & COUNT) === COUNT) return BUSY;
  return (word & COUNT) === 0 ? (word | CHANGING) + 1 : word + 1;
}

/** The same for a read-write window, which is alone. It always has to open the pages. */
export function enterWriter(word: number): number {
  if ((word & (CLOSING | CLOSED)) !== 0) return REFUSED;
  if ((word & CHANGING) !== 0) return WAIT;
  if ((word & COUNT) !== 0) return BUSY;
  return (word | CHANGING | WRITER) + 1;
}

/** The pages are open. */
export function opened(word: number): number {
  return word & ~CHANGING;
}

/** A thread gives up its last window. If the answer has CHANGING, it must close the pages. */
export function leave(word: number): number {
  return (word & COUNT) === 1 ? word | CHANGING : word - 1;
}

/** The pages are closed (or were never opened). If the answer still has CHANGING, wipe them. */
export function closed(word: number): number {
  if ((word & CLOSING) !== 0) return word;
  return (word & ~(CHANGING | WRITER)) - 1;
}

/** Somebody closes the secret. If the answer has CHANGING and the word had not, wipe the pages. */
export function close(word: number): number {
  if ((word & (CLOSING | CLOSED)) !== 0) return word;
  const inUse = (word & (COUNT | CHANGING)) !== 0;
  return inUse ? word | CLOSING : word | CLOSING | CHANGING;
}

/** The pages are wiped. */
export function destroyed(_word: number): number {
  return CLOSING | CLOSED;
}
