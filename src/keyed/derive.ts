/**
 * HKDF, extract and expand: RFC 5869.
 *
 * @module
 */
import { checkLength } from "../arguments.ts";
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { cryptoCalls } from "../native/crypto.ts";
import { begin, endMaking } from "./borrow.ts";
import { HASH_BYTES, hashNumber } from "./hash.ts";
import { Input } from "./input.ts";
import { checkObject, type DeriveOptions } from "./options.ts";

const ACTION = "Cannot derive the secret";

const salt = new Input();
const info = new Input();

/** The cell of a new secret. */
export function derive(
  cell: Cell,
  about: unknown,
  length: number,
  options: DeriveOptions = {},
): Cell {
  const { securememory_crypto_derive } = cryptoCalls();
  checkObject(options, ACTION);
  const { salt: givenSalt, hash = "SHA-256", ...rest } = options;
  const number = hashNumber(hash, ACTION);
  checkLength(length);
  const most = 255 * HASH_BYTES[number];
  if (length > most) {
    throw new RangeError(
      `${ACTION}: HKDF with ${hash} gives at most ${most} bytes, current value is ${length}`,
    );
  }
  return create(length, rest, (_core, { alignment, flags }) => {
    try {
      salt.takeBytes(givenSalt, ACTION, "salt");
      info.take(about, ACTION, "info");
      const open = begin(cell);
      // deno-fmt-ignore
      const result = securememory_crypto_derive(
        cell.handle, open, number,
        salt.bytes, salt.length, info.bytes, info.length,
        length, alignment, flags,
      );
      return endMaking(cell, open, result, ACTION);
    } finally {
      salt.drop();
      info.drop();
    }
  });
}
