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

/** Options of `Secret.fromEnv`. */
export interface EnvironmentOptions extends SecretOptions {
  /** Overwrite the variable where it stands, and take it out of the environment. Default `false`. */
  scrub?: boolean;
}

/** Options of `Secret.prompt`. */
export interface PromptOptions extends SecretOptions {
  /** Bytes that the answer may have; a longer one is an error. Default 1,024. */
  maxBytes?: number;
}

/** Options of {@linkcode SecretWriter}. */
export interface SecretWriterOptions extends SecretOptions {
  /** Bytes that may be written at most; more are an error. Default 1,048,576. */
  maxBytes?: number;
}

/** What nobody types, and some may paste. */
const MAX_TYPED_BYTES = 1024;

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
  checkBoolean(trimNewline, "trimNewline");
  return { maxBytes: checkMaxBytes(maxBytes), trims: Number(trimNewline === true), rest };
}

/** The same for an environment variable. */
export function splitEnvironmentOptions(options: EnvironmentOptions | undefined): {
  readonly scrubs: boolean;
  readonly rest: SecretOptions | undefined;
} {
  if (typeof options !== "object" || options === null) return { scrubs: false, rest: options };
  const { scrub, ...rest } = options;
  checkBoolean(scrub, "scrub");
  return { scrubs: scrub === true, rest };
}

/** The same for the terminal. */
export function splitPromptOptions(options: PromptOptions | undefined): {
  readonly maxBytes: number;
  readonly rest: SecretOptions | undefined;
} {
  if (typeof options !== "object" || options === null) {
    return { maxBytes: MAX_TYPED_BYTES, rest: options };
  }
  const { maxBytes, ...rest } = options;
  return { maxBytes: checkMaxBytes(maxBytes ?? MAX_TYPED_BYTES), rest };
}

function checkBoolean(value: unknown, name: string): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(
    `Cannot use the option ${name}: it must be a boolean, current value is ${describe(value)}`,
  );
}
