/**
 * What one thread knows of one secret.
 *
 * @module
 */
import type { Asleep } from "./asleep.ts";
import type { Library } from "./native/library.ts";
import { LocalWord, type Word } from "./word.ts";

/** The fields of a cell that do not change. */
export interface CellOptions {
  readonly handle: number;
  readonly length: number;
  readonly revokeViews: boolean;
  readonly perThread: boolean;
  readonly label: string | undefined;
  /** Of a secret that a pool of this thread has made: what it turns into when it falls asleep. */
  readonly asleep?: Asleep;
  /** Of a pool's secret: number of the pool, and what a purge and the pool's end change. */
  readonly pool?: number;
  readonly purgeCount?: Uint32Array;
}

/** One secret as one thread has it. Plain data: `gate.ts` and `view.ts` work on it. */
export class Cell {
  /** Tells it from {@linkcode Asleep}. */
  readonly awake = true;
  readonly library: Library;
  readonly handle: number;
  readonly length: number;
  readonly label: string | undefined;
  /** Every window gets a view of its own, which dies with it. */
  readonly revokeViews: boolean;
  /** Each thread has to open the pages for itself: the gate is `pkey`. */
  readonly perThread: boolean;
  /** The purges there had been when the secret was made; one more, and it is gone. */
  readonly purges: number;
  /** Where the library counts them. */
  readonly purgeCount: Uint32Array;
  /** What it turns into when it falls asleep; `undefined` if it never does. */
  readonly asleep: Asleep | undefined;
  /** Number of the pool that it is of; 0 if its pages are its own. */
  readonly pool: number;

  /** Windows open in this thread. */
  depth = 0;
  /**
   * Of these, windows that may outlive the call that opened them, and are for every thread.
   * Counted apart only where others are not: if `perThread`.
   */
  lasting = 0;
  /** The window that is open in this thread is a read-write one. */
  writable = false;
  /** `close` was called in this thread. */
  closing = false;
  /** Where the state word is; all threads that share the secret have the same. */
  word: Word = new LocalWord();
  /** The memory of a shared state word. */
  shared: SharedArrayBuffer | undefined = undefined;
  /** The one view of the pages that this thread keeps. */
  view: Uint8Array<ArrayBuffer> | undefined = undefined;
  /** When its last first window was opened: see `pool/clock.ts`. */
  used = 0;
  /** A view got away: the address must never be used again. */
  escaped = false;
  /** Called once the bytes are gone. */
  readonly onGone: (() => void)[] = [];

  constructor(library: Library, options: CellOptions) {
    this.library = library;
    this.handle = options.handle;
    this.length = options.length;
    this.label = options.label;
    this.revokeViews = options.revokeViews;
    this.perThread = options.perThread;
    this.asleep = options.asleep;
    this.pool = options.pool ?? 0;
    this.purgeCount = options.purgeCount ?? library.purges;
    this.purges = this.purgeCount[0] as number;
  }
}
