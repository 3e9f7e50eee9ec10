/**
 * Hash functions of keyed operations: FIPS 180-4.
 *
 * @module
 */
import { describe } from "../arguments.ts";

/** Hash functions, by the names that WebCrypto has for them. */
export type Hash = "SHA-256" | "SHA-512";

/** Bytes of a hash, by the number that native code has for it. */
export const HASH_BYTES: readonly [number, number] = [32, 64];

/**
 * The number of a hash function.
 *
 * @throws {TypeError} If it is none that there is.
 */
export function hashNumber(hash: unknown, action: string): 0 | 1 {
  if (hash === "SHA-256") return 0;
  if (hash === "SHA-512") return 1;
  const current = typeof hash === "string" ? `"${hash}"` : describe(hash);
  throw new TypeError(
    `${action}: the hash must be "SHA-256" or "SHA-512", current value is ${current}`,
  );
}
