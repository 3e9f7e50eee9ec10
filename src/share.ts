/**
 * One secret in several Workers: what is posted, and what is made of it there.
 *
 * @module
 */
import { describe } from "./arguments.ts";
import { Cell } from "./cell.ts";
import { startDiagnostics } from "./diagnostics.ts";
import { SecretClosedError, UnsupportedError } from "./errors.ts";
import { isClosing } from "./gate.ts";
import { unwatchShared } from "./leaks.ts";
import { library } from "./native/library.ts";
import { revokesViews } from "./options.ts";
import { poolWord } from "./pool/state.ts";
import { SharedWord } from "./word.ts";

/**
 * A ticket to a secret, for `postMessage` to a Worker of this process: numbers and a
 * state word, no bytes. It is worthless in any other process.
 */
export interface SharedSecret {
  /** Tells the loaded copy of the native library. */
  readonly instance: number;
  /** Number of the secret in the native library. */
  readonly handle: number;
  /** Length of the secret in bytes. */
  readonly length: number;
  /** The label it was given, if any. */
  readonly label: string | undefined;
  /** Number of the pool that it is of; 0 if its pages are its own. */
  readonly pool: number;
  /** The state word that all holders move. */
  readonly state: SharedArrayBuffer;
}

/** Bytes of a shared state word. */
const STATE_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** The shared secrets of this thread, so that attaching twice gives two faces of one cell. */
const cells = new Map<number, WeakRef<Cell>>();
let sweepAt = 64;

/** Makes the state word shared, if it is not yet. */
export function shareCell(cell: Cell): SharedSecret {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.shared === undefined) {
    const state = new SharedArrayBuffer(STATE_BYTES);
    const word = new SharedWord(state);
    word.swap(0, cell.word.load());
    cell.word = word;
    cell.shared = state;
    // Collected here does not mean that nobody has it: from now on somebody must close it.
    unwatchShared(cell);
    remember(cell);
  }
  const { library, handle, length, label, pool } = cell;
  return { instance: library.instance, handle, length, label, pool, state: cell.shared };
}

/** The cell of a secret that another thread, or this one, has shared. */
export function attachCell(shared: SharedSecret): Cell {
  checkShared(shared);
  const loaded = library();
  if (shared.instance !== loaded.instance) {
    throw new UnsupportedError(
      "Cannot attach the secret: it is of another process, or of another copy of the native library",
    );
  }
  const { handle, length, label, pool } = shared;
  const known = loaded.calls.securememory_length(handle);
  if (known === 0) throw new SecretClosedError("Cannot attach the secret: it is closed");
  if (known !== length) throw notATicket(shared);
  startDiagnostics(loaded);
  const here = cells.get(handle)?.deref();
  if (here !== undefined && here.shared !== undefined && !isClosing(here)) return here;
  const revokeViews = revokesViews();
  const perThread = loaded.calls.securememory_gate(handle) === 1;
  const purgeCount = pool === 0 ? loaded.purges : poolWord(loaded, pool);
  if (purgeCount === undefined) throw notATicket(shared);
  const cell = new Cell(loaded, {
    ...{ handle, length, revokeViews, perThread, label, pool, purgeCount },
  });
  cell.word = new SharedWord(shared.state);
  cell.shared = shared.state;
  if (isClosing(cell)) throw new SecretClosedError("Cannot attach the secret: it is closed");
  remember(cell);
  return cell;
}

function remember(cell: Cell): void {
  cells.set(cell.handle, new WeakRef(cell));
  if (cells.size < sweepAt) return;
  for (const [handle, reference] of cells) {
    if (reference.deref() === undefined) cells.delete(handle);
  }
  sweepAt = Math.max(64, cells.size * 2);
}

function checkShared(value: unknown): asserts value is SharedSecret {
  const shared = value as Partial<SharedSecret> | null;
  if (
    typeof shared === "object" && shared !== null &&
    shared.state instanceof SharedArrayBuffer && shared.state.byteLength === STATE_BYTES &&
    isU32(shared.instance) && isU32(shared.handle) && isU32(shared.length) &&
    isU32(shared.pool) &&
    (shared.label === undefined || typeof shared.label === "string")
  ) return;
  throw notATicket(value);
}

function notATicket(value: unknown): TypeError {
  return new TypeError(
    "Cannot attach the secret: the argument must come from secret.share(), current value is " +
      describe(value),
  );
}

function isU32(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}
