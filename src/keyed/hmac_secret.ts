/**
 * HMAC whose result is a secret: in a chain of MACs each is the key of the next.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { cryptoCalls } from "../native/crypto.ts";
import { begin, endMaking } from "./borrow.ts";
import { HASH_BYTES, hashNumber } from "./hash.ts";
import { MAKING } from "./hmac_arguments.ts";
import { Input } from "./input.ts";
import type { HmacSecretOptions } from "./options.ts";

const input = new Input();

/** The cell of a new secret that is the MAC of data under another one. */
export function hmacSecret(
  cell: Cell,
  hash: unknown,
  data: unknown,
  options: HmacSecretOptions,
): Cell {
  const { securememory_crypto_hmac_secret } = cryptoCalls();
  const number = hashNumber(hash, MAKING);
  const { as: _as, ...rest } = options;
  return create(HASH_BYTES[number], rest, (_core, { alignment, flags }) => {
    try {
      input.take(data, MAKING, "data");
      const open = begin(cell);
      const { bytes, length } = input;
      // deno-fmt-ignore
      const result = securememory_crypto_hmac_secret(
        cell.handle, open, number, bytes, length, alignment, flags,
      );
      return endMaking(cell, open, result, MAKING);
    } finally {
      input.drop();
    }
  });
}
