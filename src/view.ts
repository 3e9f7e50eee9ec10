/**
 * Views: the `Uint8Array` that a window hands to its callback. It stands over the
 * page itself; nothing is copied. One per secret is kept, since making one costs as
 * much as a whole window.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { SecretClosedError } from "./errors.ts";
import { detach } from "./rest.ts";

/** The view for a window that was just opened. */
export function viewFor(cell: Cell): Uint8Array<ArrayBuffer> {
  if (cell.revokeViews) return newView(cell);
  return cell.view ?? (cell.view = newView(cell));
}

/** A window ends: takes its view away where that was asked for. */
export function endView(cell: Cell, view: Uint8Array<ArrayBuffer>): void {
  if (!detach(view.buffer)) cell.escaped = true;
}

/**
 * True if the callback moved the memory under the view away, by transferring its
 * buffer: then there is another view of the page, out of reach.
 */
export function wasTransferred(cell: Cell, view: Uint8Array<ArrayBuffer>): boolean {
  if (view.length === cell.length) return false;
  cell.view = undefined;
  cell.escaped = true;
  return true;
}

function newView(cell: Cell): Uint8Array<ArrayBuffer> {
  const { calls, runtime } = cell.library;
  const pointer = calls.securememory_address(cell.handle);
  if (pointer === null || pointer === 0 || pointer === 0n) throw new SecretClosedError();
  return new Uint8Array(runtime.arrayBuffer(pointer, cell.length));
}
