/**
 * Options of keyed operations.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import type { SecretOptions } from "../option_types.ts";
import type { Hash } from "./hash.ts";

/** Options for deriving a secret from another one. */
export interface DeriveOptions extends SecretOptions {
  /** Not secret; random at best (RFC 5869, 3.1). Default: none, which is zeros of the hash's length. */
  salt?: Uint8Array;
  /** Default `"SHA-256"`. */
  hash?: Hash;
}

/** Options for a MAC that is a secret. */
export interface HmacSecretOptions extends SecretOptions {
  /** What `hmac` gives. */
  as: "secret";
}

/** Options for encrypting. */
export interface EncryptOptions {
  /** Additional data: authenticated with the box, and not in it. Default: none. */
  aad?: Uint8Array | string;
}

/** Options for decrypting into an array. */
export interface DecryptOptions {
  /** The additional data that the box was made with. Default: none. */
  aad?: Uint8Array | string;
}

/** Options for decrypting into a secret. */
export interface DecryptSecretOptions extends DecryptOptions, SecretOptions {
  /** What `decrypt` gives. */
  as: "secret";
}

/** Parameters of Argon2id, by the names that node:crypto's `argon2` has for them. */
export interface PasswordParams {
  /** At least 8 bytes; 16 random ones are the recommendation of RFC 9106. Not secret: keep it with the result. */
  nonce: Uint8Array;
  /** Memory to use, in KiB: at least 8 for each lane. Default 65,536, as RFC 9106 recommends where memory is scarce. */
  memory?: number;
  /** How often the memory is gone through, at least once. Default 3. */
  passes?: number;
  /** Lanes, from 1 to 2^24 - 1. They are part of the result; the work is done by one thread. Default 4. */
  parallelism?: number;
  /** Bytes of the result, from 4. Default 32. */
  length?: number;
}

/** @throws {TypeError} If it is not an object. */
export function checkObject(options: unknown, action: string): void {
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(
    `${action}: the options must be an object, current value is ${describe(options)}`,
  );
}

/**
 * Whether an operation's result is to be a secret.
 *
 * @throws {TypeError} If it is to be anything else but an array.
 */
export function isForSecret<T extends { as: "secret" }>(
  options: object | undefined,
  action: string,
): options is T {
  if (options === undefined) return false;
  checkObject(options, action);
  const { as } = options as { as?: unknown };
  if (as === undefined || as === "secret") return as !== undefined;
  throw new TypeError(
    `${action}: the option as must be "secret", current value is ${describe(as)}`,
  );
}

/**
 * Checks the options of an operation that has none but `as`, where that is not asked for.
 *
 * @throws {TypeError} If there is another one.
 */
export function requireNoOptions(options: object | undefined, action: string): void {
  if (options !== undefined) requireNone(options, action);
}

/**
 * The additional data of options that have nothing else.
 *
 * @throws {TypeError} If they have.
 */
export function additionalOf(options: EncryptOptions | undefined, action: string): unknown {
  if (options === undefined) return undefined;
  checkObject(options, action);
  const { aad, ...others } = options as { aad?: unknown };
  requireNone(others, action);
  return aad;
}

function requireNone(others: { as?: unknown }, action: string): void {
  for (const name of Object.keys(others)) {
    if (name === "as" && others.as === undefined) continue;
    throw new TypeError(`${action}: there is no option ${name} here`);
  }
}
