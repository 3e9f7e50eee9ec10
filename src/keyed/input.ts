/**
 * What a keyed operation works on, in the form that native code takes.
 *
 * @module
 */
import { describe } from "../arguments.ts";

/** In place of an array of no bytes, which may be a detached one: Node's FFI refuses those. */
const NOTHING = new Uint8Array(new ArrayBuffer(1));

/** Longer texts get an array each. */
const PLACE_BYTES = 4096;

const encoder = new TextEncoder();

/**
 * One argument of an operation, used over and over: making objects for each call would cost as much
 * as hashing. Between `take` and `drop` runs no code of the caller's.
 */
export class Input {
  /** The first `length` bytes of it are meant. */
  bytes: Uint8Array = NOTHING;
  length = 0;
  /** Where short texts are encoded. */
  #place: Uint8Array | undefined;
  /** Where the last text was encoded. */
  #encoded: Uint8Array | undefined;

  /**
   * Takes bytes, or a text as UTF-8.
   *
   * @throws {TypeError} If it is neither.
   */
  take(value: unknown, action: string, what: string): void {
    if (typeof value === "string") return this.#takeText(value);
    if (!(value instanceof Uint8Array)) throw wrongType(value, action, what, " or a string");
    this.#takeBytes(value);
  }

  /** The same, or nothing if there is no value. */
  takeOptional(value: unknown, action: string, what: string): void {
    if (value === undefined) this.drop();
    else this.take(value, action, what);
  }

  /**
   * Takes bytes, or nothing if there is no value.
   *
   * @throws {TypeError} If it is anything else.
   */
  takeBytes(value: unknown, action: string, what: string): void {
    if (value === undefined) return this.drop();
    if (!(value instanceof Uint8Array)) throw wrongType(value, action, what, "");
    this.#takeBytes(value);
  }

  /** Forgets what was taken, and wipes what was encoded for it. */
  drop(): void {
    if (this.#encoded === this.bytes) this.#encoded.fill(0, 0, this.length);
    this.bytes = NOTHING;
    this.length = 0;
  }

  #takeBytes(value: Uint8Array): void {
    const length = value.byteLength;
    this.length = length;
    this.bytes = length === 0 ? NOTHING : value;
  }

  #takeText(text: string): void {
    // A unit of UTF-16 takes at most three bytes.
    if (text.length * 3 <= PLACE_BYTES) {
      this.bytes = this.#place ??= new Uint8Array(new ArrayBuffer(PLACE_BYTES));
      this.length = encoder.encodeInto(text, this.bytes).written;
    } else {
      this.bytes = encoder.encode(text);
      this.length = this.bytes.length;
    }
    this.#encoded = this.bytes;
  }
}

function wrongType(value: unknown, action: string, what: string, other: string): TypeError {
  return new TypeError(
    `${action}: the ${what} must be a Uint8Array${other}, current value is ${describe(value)}`,
  );
}
