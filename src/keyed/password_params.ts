/**
 * Parameters of Argon2id: RFC 9106.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { checkObject, type PasswordParams } from "./options.ts";

/** What fails, for messages. */
export const ACTION = "Cannot make a secret of the password";

// RFC 9106, 3.1.
const NONCE_BYTES_MIN = 8;
const LENGTH_MIN = 4;
const PARALLELISM_MAX = 2 ** 24 - 1;
const U32_MAX = 2 ** 32 - 1;
/** KiB of memory for each lane. */
const LANE_KIB_MIN = 8;

const NAMES: readonly string[] = ["nonce", "memory", "passes", "parallelism", "length"];

/**
 * The parameters, all of them.
 *
 * @throws {TypeError} If one is of the wrong type, or there is none of its name.
 * @throws {RangeError} If one is out of its range.
 */
export function checkParams(params: PasswordParams): Required<PasswordParams> {
  checkObject(params, ACTION);
  for (const name of Object.keys(params)) {
    if (!NAMES.includes(name)) throw new TypeError(`${ACTION}: there is no parameter ${name}`);
  }
  const { nonce, memory = 65_536, passes = 3, parallelism = 4, length = 32 } = params;
  if (!(nonce instanceof Uint8Array)) {
    throw new TypeError(
      `${ACTION}: the nonce must be a Uint8Array, current value is ${describe(nonce)}`,
    );
  }
  checkRange(nonce.byteLength, "length of the nonce", NONCE_BYTES_MIN, U32_MAX);
  checkRange(parallelism, "parallelism", 1, PARALLELISM_MAX);
  checkRange(memory, "memory in KiB", LANE_KIB_MIN * parallelism, U32_MAX);
  checkRange(passes, "passes", 1, U32_MAX);
  checkRange(length, "length", LENGTH_MIN, U32_MAX);
  return { nonce, memory, passes, parallelism, length };
}

function checkRange(value: unknown, what: string, min: number, max: number): void {
  if (typeof value !== "number") {
    throw new TypeError(
      `${ACTION}: the ${what} must be a number, current value is ${describe(value)}`,
    );
  }
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `${ACTION}: the ${what} must be a whole number from ${min} to ${max}, current value is ${value}`,
  );
}
