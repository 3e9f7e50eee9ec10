/**
 * Options of secrets that are read from somewhere.
 *
 * @module
 */
import { checkWhole, describe, LENGTH_MAX } from "../arguments.ts";
import type { SecretOptions } from "../option_types.ts";

/** Options of `Secret.fromFile` and `Secret.fromFd`. */
export interface FileOptions extends SecretOptions {
  /** Bytes that are read at most, a line's end included; more are an error. Default 1,048,576. */
  maxBytes?: number;
  /** Leave out one `\n` or `\r\n` at the end. Default `false`. */
  trimNewline?: boolean;
}

/** Options of {@linkcode SecretWriter}. */
export interface SecretWriterOptions extends SecretOptions {
  /** Bytes that may be written at most; more are an error. Default 1,048,576. */
  maxBytes?: number;
}

/** What most secrets are far from, and a wrong path may not be. */
export const MAX_BYTES = 2 ** 20;

/**
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not a whole number from 1 to 2^32 - 2.
 */
export function checkMaxBytes(value: unknown): number {
  if (value === undefined) return MAX_BYTES;
  const checked = checkWhole(value, "the option maxBytes", 1);
  // One more is read, to see whether there is more.
  if (checked < LENGTH_MAX) return checked;
  throw new RangeError(
    `Cannot use the option maxBytes: it must be at most ${
      LENGTH_MAX - 1
    }, current value is ${checked}`,
  );
}

/** The options of reading, checked, and those of the secret, which are checked where it is made. */
export function splitFileOptions(options: FileOptions | undefined): {
  readonly maxBytes: number;
  readonly trims: number;
  readonly rest: SecretOptions | undefined;
} {
  // What is no object is refused with the options of the secret.
  if (typeof options !== "object" || options === null) {
    return { maxBytes: MAX_BYTES, trims: 0, rest: options };
  }
  const { maxBytes, trimNewline, ...rest } = options;
  if (trimNewline !== undefined && typeof trimNewline !== "boolean") {
    throw new TypeError(
      `Cannot use the option trimNewline: it must be a boolean, current value is ${
        describe(trimNewline)
      }`,
    );
  }
  return { maxBytes: checkMaxBytes(maxBytes), trims: Number(trimNewline === true), rest };
}
