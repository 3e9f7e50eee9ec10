/**
 * HKDF, extract and expand: RFC 5869.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { cryptoCalls } from "../native/crypto.ts";
import { begin, endMaking } from "./borrow.ts";
import { ACTION, checkDerive } from "./derive_arguments.ts";
import { Input } from "./input.ts";
import type { DeriveOptions } from "./options.ts";

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
  const { givenSalt, number, rest } = checkDerive(length, options);
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
