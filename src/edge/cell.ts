/**
 * What is known of one secret at the edge.
 *
 * @module
 */
import type { Bytes } from "../running.ts";
import { purgeCount } from "./purges.ts";

/** One secret. Plain data: `gate.ts` works on it. */
export class Cell {
  readonly handle: number;
  readonly length: number;
  readonly label: string | undefined;
  /** The purges there had been when the secret was made; one more, and it is gone. */
  readonly purges: number = purgeCount();

  /** Windows that are open. */
  depth = 0;
  /** The window that is open is a read-write one. */
  writable = false;
  /** `close` was called. */
  closing = false;
  /** The bytes are wiped. */
  gone = false;
  /** The one view; of no length once the memory has grown. */
  view: Bytes | undefined = undefined;
  /** Called once the bytes are gone. */
  readonly onGone: (() => void)[] = [];

  constructor(handle: number, length: number, label: string | undefined) {
    this.handle = handle;
    this.length = length;
    this.label = label;
  }
}
