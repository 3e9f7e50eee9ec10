/**
 * Argon2id: RFC 9106.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { cryptoCalls } from "../native/crypto.ts";
import type { SecretOptions } from "../options.ts";
import { begin, endMaking } from "./borrow.ts";
import { Input } from "./input.ts";
import type { PasswordParams } from "./options.ts";
import { ACTION, checkParams } from "./password_params.ts";

const input = new Input();

/** The cell of a new secret. */
export function fromPassword(
  cell: Cell,
  params: PasswordParams,
  options: SecretOptions | undefined,
): Cell {
  const { securememory_crypto_from_password } = cryptoCalls();
  const { nonce, memory, passes, parallelism, length } = checkParams(params);
  return create(length, options, (_core, { alignment, flags }) => {
    try {
      input.takeBytes(nonce, ACTION, "nonce");
      const open = begin(cell);
      // deno-fmt-ignore
      const result = securememory_crypto_from_password(
        cell.handle, open, input.bytes, input.length,
        memory, passes, parallelism, length, alignment, flags,
      );
      return endMaking(cell, open, result, ACTION);
    } finally {
      input.drop();
    }
  });
}
