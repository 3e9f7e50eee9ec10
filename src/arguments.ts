/**
 * Checks of what callers pass. Nothing reaches native code unchecked. Messages give
 * what was wanted and what came, never content.
 *
 * @module
 */
import { isKept } from "./kept_bytes.ts";

/** The largest length of a secret, in bytes. */
export const LENGTH_MAX = 2 ** 32 - 1;

/** A name for a value that is safe to print: its type, and a number itself. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number") return `${value}`;
  if (typeof value === "object") return Object.prototype.toString.call(value);
  return typeof value;
}

/**
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not a whole number from 1 to 2^32 - 1.
 */
export function checkLength(length: unknown): number {
  if (typeof length !== "number") {
    throw new TypeError(
      `Cannot create a secret: the length must be a number, current value is ${describe(length)}`,
    );
  }
  if (!Number.isInteger(length) || length < 1 || length > LENGTH_MAX) {
    throw new RangeError(
      `Cannot create a secret: the length must be a whole number from 1 to ${LENGTH_MAX}, ` +
        `current value is ${length}`,
    );
  }
  return length;
}

/**
 * The bytes of a source, and whether the engine keeps them: see `kept_bytes.ts`.
 *
 * @throws {TypeError} If it is neither a Uint8Array nor an ArrayBuffer, or its memory is shared.
 * @throws {RangeError} If it is empty or too long.
 */
export function checkSource(source: unknown): { bytes: Uint8Array<ArrayBuffer>; kept: boolean } {
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot create a secret: the source must be a Uint8Array or an ArrayBuffer, current value is ${
        describe(source)
      }`,
    );
  }
  const kept = isKept(bytes);
  if (!kept && !(bytes.buffer instanceof ArrayBuffer)) {
    throw new TypeError(
      "Cannot create a secret: the source must not be in shared memory, which other threads could read or change meanwhile",
    );
  }
  if (bytes.byteLength === 0) {
    throw new RangeError("Cannot create a secret: the source must not be empty");
  }
  checkLength(bytes.byteLength);
  return { bytes: bytes as Uint8Array<ArrayBuffer>, kept };
}

/**
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is empty.
 */
export function checkString(text: unknown): asserts text is string {
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot create a secret: the text must be a string, current value is ${describe(text)}`,
    );
  }
  if (text === "") throw new RangeError("Cannot create a secret: the text must not be empty");
}

/** What to throw for an argument of `equals` that is neither. */
export function notComparable(other: unknown): TypeError {
  return new TypeError(
    `Cannot compare the secret: the other must be a Secret or a Uint8Array, current value is ${
      describe(other)
    }`,
  );
}

/**
 * The bytes of a text to decode: as a source, but no ArrayBuffer.
 *
 * @throws {TypeError} If it is not a Uint8Array, or its memory is shared.
 * @throws {RangeError} If it is empty.
 */
export function checkText(text: unknown): { bytes: Uint8Array<ArrayBuffer>; kept: boolean } {
  if (text instanceof Uint8Array) return checkSource(text);
  throw new TypeError(
    `Cannot create a secret: the text must be a string or a Uint8Array, current value is ${
      describe(text)
    }`,
  );
}

/** @throws {TypeError} If it is not a function. */
export function checkFunction(fn: unknown, name: string): void {
  if (typeof fn !== "function") {
    throw new TypeError(
      `Cannot call ${name}: the callback must be a function, current value is ${describe(fn)}`,
    );
  }
}

/** @throws {TypeError} If it is not a Uint8Array. */
export function checkTarget(target: unknown): asserts target is Uint8Array {
  if (!(target instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot read into the target: it must be a Uint8Array, current value is ${describe(target)}`,
    );
  }
}

/**
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not a whole number from `min` to 2^53 - 1.
 */
export function checkWhole(value: unknown, what: string, min: number): number {
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot use ${what}: it must be a number, current value is ${describe(value)}`,
    );
  }
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(
      `Cannot use ${what}: it must be a whole number of at least ${min}, current value is ${value}`,
    );
  }
  return value;
}
