/**
 * Authenticated encryption: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 on RFC 8439). A box is
 * the nonce, the ciphertext and the tag, in this order.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { create } from "../create.ts";
import { isKept, withStill } from "../kept_bytes.ts";
import { cryptoCalls } from "../native/crypto.ts";
import { begin, end, endMaking, endWindow, giveUp } from "./borrow.ts";
import {
  ALGORITHM,
  DECRYPTING,
  ENCRYPTING,
  KEY_BYTES,
  OVERHEAD_BYTES,
  plaintextLength,
  secretLength,
} from "./box_arguments.ts";
import { Input } from "./input.ts";
import { requireKeyLength } from "./key.ts";
import { Output } from "./output.ts";
import {
  additionalOf,
  type DecryptOptions,
  type DecryptSecretOptions,
  type EncryptOptions,
} from "./options.ts";

const aad = new Input();
const input = new Input();
const output = new Output();

/** The box of a plaintext. */
export function encrypt(
  cell: Cell,
  plaintext: unknown,
  options: EncryptOptions | undefined,
): Uint8Array<ArrayBuffer> {
  const additional = additionalOf(options, ENCRYPTING);
  if (plaintext instanceof Uint8Array && isKept(plaintext)) {
    const { byteLength } = plaintext;
    return withStill(plaintext, (still) => encryptFirst(cell, still, byteLength, additional));
  }
  return encryptFirst(cell, plaintext, undefined, additional);
}

/** Encrypts the first `length` bytes, or everything. */
function encryptFirst(
  cell: Cell,
  plaintext: unknown,
  length: number | undefined,
  additional: unknown,
): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_encrypt } = cryptoCalls();
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, ENCRYPTING);
  try {
    aad.takeOptional(additional, ENCRYPTING, "additional data");
    input.take(plaintext, ENCRYPTING, "plaintext");
    const count = length ?? input.length;
    const size = count + OVERHEAD_BYTES;
    const box = output.place(size);
    const open = begin(cell);
    // deno-fmt-ignore
    const result = securememory_crypto_encrypt(
      cell.handle, open, aad.bytes, aad.length, input.bytes, count, box, size,
    );
    end(cell, open, result, ENCRYPTING);
    return output.take(box, size);
  } finally {
    aad.drop();
    input.drop();
  }
}

/** The box of another secret's bytes. */
export function encryptSecret(
  cell: Cell,
  other: Cell,
  options: EncryptOptions | undefined,
): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_encrypt_secret } = cryptoCalls();
  const additional = additionalOf(options, ENCRYPTING);
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, ENCRYPTING);
  const size = other.length + OVERHEAD_BYTES;
  const box = output.place(size);
  try {
    aad.takeOptional(additional, ENCRYPTING, "additional data");
    const open = begin(cell);
    const otherOpen = beginOther(cell, open, other);
    // deno-fmt-ignore
    const result = securememory_crypto_encrypt_secret(
      cell.handle, open, other.handle, otherOpen, aad.bytes, aad.length, box, size,
    );
    endOther(cell, open, other, otherOpen, result);
    end(cell, open, result, ENCRYPTING);
    return output.take(box, size);
  } finally {
    aad.drop();
  }
}

function beginOther(cell: Cell, open: number, other: Cell): number {
  try {
    return begin(other);
  } catch (error) {
    throw giveUp(cell, open, error);
  }
}

function endOther(
  cell: Cell,
  open: number,
  other: Cell,
  otherOpen: number,
  result: number,
): void {
  try {
    endWindow(other, otherOpen, result, ENCRYPTING);
  } catch (error) {
    throw giveUp(cell, open, error);
  }
}

/** The plaintext of a box. */
export function decrypt(
  cell: Cell,
  box: unknown,
  options: DecryptOptions | undefined,
): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_decrypt } = cryptoCalls();
  const additional = additionalOf(options, DECRYPTING);
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, DECRYPTING);
  const count = plaintextLength(box);
  try {
    aad.takeOptional(additional, DECRYPTING, "additional data");
    input.take(box, DECRYPTING, "box");
    const plaintext = output.place(count);
    const open = begin(cell);
    // deno-fmt-ignore
    const result = securememory_crypto_decrypt(
      cell.handle, open, aad.bytes, aad.length, input.bytes, input.length, plaintext, count,
    );
    end(cell, open, result, DECRYPTING);
    return output.take(plaintext, count);
  } finally {
    aad.drop();
    input.drop();
  }
}

/** The cell of a new secret that holds the plaintext of a box. */
export function decryptSecret(cell: Cell, box: unknown, options: DecryptSecretOptions): Cell {
  const { securememory_crypto_decrypt_secret } = cryptoCalls();
  const { aad: additional, as: _as, ...rest } = options;
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, DECRYPTING);
  const count = secretLength(box);
  return create(count, rest, (_core, { alignment, flags }) => {
    try {
      aad.takeOptional(additional, DECRYPTING, "additional data");
      input.take(box, DECRYPTING, "box");
      const open = begin(cell);
      // deno-fmt-ignore
      const result = securememory_crypto_decrypt_secret(
        cell.handle, open, aad.bytes, aad.length, input.bytes, input.length, alignment, flags,
      );
      return endMaking(cell, open, result, DECRYPTING);
    } finally {
      aad.drop();
      input.drop();
    }
  });
}
