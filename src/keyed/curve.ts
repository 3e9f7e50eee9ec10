/**
 * Ed25519 (RFC 8032) and X25519 (RFC 7748).
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { cryptoCalls } from "../native/crypto.ts";
import type { SecretOptions } from "../options.ts";
import { begin, end, endMaking } from "./borrow.ts";
import { Input } from "./input.ts";
import {
  AGREEING,
  checkPublicKey,
  GIVING,
  KEY_BYTES,
  type KeyKind,
  kindNumber,
  SIGNATURE_BYTES,
  SIGNING,
} from "./curve_arguments.ts";
import { requireKeyLength } from "./key.ts";
import { Output } from "./output.ts";

const input = new Input();
const output = new Output();

/** The signature of a message. */
export function sign(cell: Cell, message: unknown): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_sign } = cryptoCalls();
  requireKeyLength(cell, KEY_BYTES, "Ed25519", SIGNING);
  const signature = output.place(SIGNATURE_BYTES);
  try {
    input.take(message, SIGNING, "message");
    const open = begin(cell);
    // deno-fmt-ignore
    const result = securememory_crypto_sign(
      cell.handle, open, input.bytes, input.length, signature, SIGNATURE_BYTES,
    );
    end(cell, open, result, SIGNING);
    return output.take(signature, SIGNATURE_BYTES);
  } finally {
    input.drop();
  }
}

/** The public key that belongs to a secret. */
export function publicKey(cell: Cell, kind: unknown): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_public_key } = cryptoCalls();
  const number = kindNumber(kind);
  requireKeyLength(cell, KEY_BYTES, kind as KeyKind, GIVING);
  const key = output.place(KEY_BYTES);
  const open = begin(cell);
  const result = securememory_crypto_public_key(cell.handle, open, number, key, KEY_BYTES);
  end(cell, open, result, GIVING);
  return output.take(key, KEY_BYTES);
}

/** The cell of a new secret that the owner of the other key has as well. */
export function agree(cell: Cell, theirs: unknown, options: SecretOptions | undefined): Cell {
  const { securememory_crypto_agree } = cryptoCalls();
  requireKeyLength(cell, KEY_BYTES, "X25519", AGREEING);
  checkPublicKey(theirs);
  return create(KEY_BYTES, options, (_core, { alignment, flags }) => {
    try {
      input.takeBytes(theirs, AGREEING, "public key");
      const open = begin(cell);
      // deno-fmt-ignore
      const result = securememory_crypto_agree(
        cell.handle, open, input.bytes, input.length, alignment, flags,
      );
      return endMaking(cell, open, result, AGREEING);
    } finally {
      input.drop();
    }
  });
}
