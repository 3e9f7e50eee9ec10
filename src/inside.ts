/**
 * The way into secrets for other parts of the library: pools and enclaves. Nothing else sees more of
 * a secret than its user does.
 *
 * @module
 */
import type { Asleep } from "./asleep.ts";
import type { Cell } from "./cell.ts";
import type { Bytes } from "./running.ts";
import type { Secret } from "./secret.ts";

/** What other parts of the library do with secrets, and users must not. */
export interface Inside {
  /** The secret of a cell that was just made. It is watched. */
  watched(cell: Cell): Secret;
  /** A secret of a pool that was just made, and is watched there. */
  pooled(state: Asleep | Cell, handle: number): Secret;
  /** Number of the pool that it is of, 0 if of none; `undefined` if it is closed, and nobody knows any more. */
  poolOf(secret: Secret): number | undefined;
  /** The cell of a secret, which is woken for it; `spare` does not fall asleep for that. */
  cell(secret: Secret, spare?: Cell): Cell;
  /** A view for the window that was just opened; closes the window if there is none. */
  view(secret: Secret, cell: Cell): Bytes;
  /** Makes a secret of a source by `make`, and wipes the source. */
  from(
    source: Uint8Array | ArrayBuffer,
    make: (bytes: Bytes, length: number) => Secret,
  ): Secret;
  /** Throws if bytes are those of a secret, and cannot be written to: that would stop the process. */
  checkWritable(bytes: Uint8Array, action: string): void;
}

/** See {@linkcode Inside}. */
export let inside: Inside;

/** Called once, by `secret.ts`. */
export function setInside(given: Inside): void {
  inside = given;
}
