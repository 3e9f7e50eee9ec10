/**
 * What becomes of the pages of a closed secret.
 *
 * They are wiped and inaccessible already. Their address is not used again while a
 * view of it could be alive: such a view has to keep faulting, not to show the next
 * secret. So closed pages rest. When too many do, the oldest one's view is detached,
 * and its pages are free again. A view that cannot be detached, because it is in
 * another thread or in use by the runtime, costs its address for good.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import type { Library } from "./native/library.ts";

/** Closed secrets of this thread that rest at most. */
export const RESTING_MAX = 64;

interface Resting {
  readonly library: Library;
  readonly handle: number;
  /** All that this thread has over the pages. */
  readonly buffers: readonly ArrayBuffer[];
}

const resting: Resting[] = [];

/**
 * The secret was destroyed: lets its pages rest, or gives them back if no view can exist.
 * Returns what the native calls did: 0, or a failure, after which only address space is lost.
 */
export function rest(cell: Cell): number {
  const { library, handle, view } = cell;
  cell.view = undefined;
  if (cell.shared !== undefined || cell.escaped) {
    return library.calls.securememory_retire(handle);
  }
  return restUnder(library, handle, view === undefined ? [] : [view.buffer]);
}

/** The same for pages under buffers that no other thread has. */
export function restUnder(
  library: Library,
  handle: number,
  buffers: readonly ArrayBuffer[],
): number {
  if (buffers.length === 0) return library.calls.securememory_release(handle);
  resting.push({ library, handle, buffers });
  return resting.length > RESTING_MAX ? wakeOldest() : 0;
}

/** Ends the rest of all pages, for a creation that found no room. Says whether there were any. */
export function endAllRest(): boolean {
  const any = resting.length > 0;
  while (resting.length > 0) wakeOldest();
  return any;
}

/**
 * Detaches a buffer, so that no view of it reaches memory any more. Copies nothing.
 * False if the runtime has it in use: then it only looked as if (oven-sh/bun#33349).
 */
export function detach(buffer: ArrayBuffer): boolean {
  if (!buffer.detached) buffer.transfer(0);
  return buffer.detached;
}

function wakeOldest(): number {
  const { library, handle, buffers } = resting.shift() as Resting;
  const { securememory_release, securememory_retire } = library.calls;
  const attached = buffers.filter((buffer) => !detach(buffer));
  return attached.length === 0 ? securememory_release(handle) : securememory_retire(handle);
}
