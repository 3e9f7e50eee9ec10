/**
 * Keyed operations: the arguments of the main entry's, and one call of WebAssembly each.
 *
 * @module
 */
import { SecretClosedError } from "../errors.ts";
import {
  ALGORITHM,
  DECRYPTING,
  ENCRYPTING,
  KEY_BYTES,
  OVERHEAD_BYTES,
  plaintextLength,
  secretLength,
} from "../keyed/box_arguments.ts";
import {
  AGREEING,
  checkPublicKey,
  GIVING,
  type KeyKind,
  kindNumber,
  SIGNATURE_BYTES,
  SIGNING,
} from "../keyed/curve_arguments.ts";
import { ACTION as DERIVING, checkDerive } from "../keyed/derive_arguments.ts";
import { HASH_BYTES, hashNumber } from "../keyed/hash.ts";
import { checkMac, MAKING, VERIFYING } from "../keyed/hmac_arguments.ts";
import { Input } from "../keyed/input.ts";
import { requireKeyLength } from "../keyed/key.ts";
import {
  additionalOf,
  type DecryptOptions,
  type DecryptSecretOptions,
  type DeriveOptions,
  type EncryptOptions,
  type HmacSecretOptions,
  type PasswordParams,
} from "../keyed/options.ts";
import { ACTION as STRETCHING, checkParams } from "../keyed/password_params.ts";
import { lowOrder, notAuthentic } from "../keyed/refusals.ts";
import type { SecretOptions } from "../option_types.ts";
import type { Bytes } from "../running.ts";
import type { Cell } from "./cell.ts";
import type { Core } from "./core.ts";
import { create } from "./create.ts";
import { failure } from "./failure.ts";
import { isClosing } from "./gate.ts";
import { type Room, withRoom } from "./room.ts";

/** What a call works on beside the key; texts are encoded for the time of the call. */
const first = new Input();
const second = new Input();

/** The MAC of data under a secret. */
export function hmac(cell: Cell, hash: unknown, data: unknown): Bytes {
  const number = hashNumber(hash, MAKING);
  return withInputs(() => {
    first.take(data, MAKING, "data");
    return call(
      cell,
      MAKING,
      HASH_BYTES[number],
      (calls, { at: [start], outAt }) =>
        calls.securememory_hmac(cell.handle, number, start as number, first.length, outAt),
    );
  });
}

/** The cell of a secret that is the MAC of data under another one. */
export function hmacSecret(
  cell: Cell,
  hash: unknown,
  data: unknown,
  options: HmacSecretOptions,
): Cell {
  const number = hashNumber(hash, MAKING);
  const { as: _as, ...rest } = options;
  return make(cell, HASH_BYTES[number], rest, MAKING, () => {
    first.take(data, MAKING, "data");
  }, (calls, { at: [start] }, alignment) =>
    calls.securememory_hmac_secret(
      cell.handle,
      number,
      start as number,
      first.length,
      alignment,
    ));
}

/** Whether a MAC is that of data under a secret. */
export function verifyHmac(cell: Cell, hash: unknown, data: unknown, mac: unknown): boolean {
  const number = hashNumber(hash, VERIFYING);
  checkMac(mac);
  const length = HASH_BYTES[number];
  // No MAC has another length; a closed secret is an error for such a one as well.
  const wrong = mac.byteLength !== length;
  return withInputs(() => {
    first.take(data, VERIFYING, "data");
    second.takeBytes(wrong ? new Uint8Array(length) : mac, VERIFYING, "MAC");
    requireOpen(cell);
    const result = withRoom(
      VERIFYING,
      [first, second],
      0,
      (calls, { at: [start, macAt] }) =>
        calls.securememory_verify_hmac(
          cell.handle,
          number,
          start as number,
          first.length,
          macAt as number,
        ),
    );
    return checked(result, VERIFYING) === 1 && !wrong;
  });
}

/** The cell of a secret that is derived from another one. */
export function derive(
  cell: Cell,
  about: unknown,
  length: number,
  options: DeriveOptions = {},
): Cell {
  const { givenSalt, number, rest } = checkDerive(length, options);
  return make(cell, length, rest, DERIVING, () => {
    first.takeBytes(givenSalt, DERIVING, "salt");
    second.take(about, DERIVING, "info");
  }, (calls, { at: [saltAt, infoAt] }, alignment) =>
    calls.securememory_derive(
      cell.handle,
      number,
      saltAt as number,
      first.length,
      infoAt as number,
      second.length,
      length,
      alignment,
    ));
}

/** The box of a plaintext. */
export function encrypt(
  cell: Cell,
  plaintext: unknown,
  options: EncryptOptions | undefined,
): Bytes {
  const additional = additionalOf(options, ENCRYPTING);
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, ENCRYPTING);
  return withInputs(() => {
    first.takeOptional(additional, ENCRYPTING, "additional data");
    second.take(plaintext, ENCRYPTING, "plaintext");
    const length = second.length + OVERHEAD_BYTES;
    return call(
      cell,
      ENCRYPTING,
      length,
      (calls, { at: [aadAt, textAt], outAt }) =>
        calls.securememory_encrypt(
          cell.handle,
          aadAt as number,
          first.length,
          textAt as number,
          second.length,
          outAt,
        ),
    );
  });
}

/** The box of another secret's bytes. */
export function encryptSecret(
  cell: Cell,
  other: Cell,
  options: EncryptOptions | undefined,
): Bytes {
  const additional = additionalOf(options, ENCRYPTING);
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, ENCRYPTING);
  requireOpen(other);
  const length = other.length + OVERHEAD_BYTES;
  return withInputs(() => {
    first.takeOptional(additional, ENCRYPTING, "additional data");
    return call(
      cell,
      ENCRYPTING,
      length,
      (calls, { at: [aadAt], outAt }) =>
        calls.securememory_encrypt_secret(
          cell.handle,
          other.handle,
          aadAt as number,
          first.length,
          outAt,
          length,
        ),
    );
  });
}

/** The plaintext of a box. */
export function decrypt(cell: Cell, box: unknown, options: DecryptOptions | undefined): Bytes {
  const additional = additionalOf(options, DECRYPTING);
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, DECRYPTING);
  const count = plaintextLength(box);
  return withInputs(() => {
    first.takeOptional(additional, DECRYPTING, "additional data");
    second.take(box, DECRYPTING, "box");
    return call(cell, DECRYPTING, count, (calls, { at: [aadAt, boxAt], outAt }) => {
      const result = calls.securememory_decrypt(
        cell.handle,
        aadAt as number,
        first.length,
        boxAt as number,
        second.length,
        outAt,
      );
      if (result === 0) throw notAuthentic(DECRYPTING);
      return result;
    });
  });
}

/** The cell of a secret that holds the plaintext of a box. */
export function decryptSecret(cell: Cell, box: unknown, options: DecryptSecretOptions): Cell {
  const { aad: additional, as: _as, ...rest } = options;
  requireKeyLength(cell, KEY_BYTES, ALGORITHM, DECRYPTING);
  const count = secretLength(box);
  return make(cell, count, rest, DECRYPTING, () => {
    first.takeOptional(additional, DECRYPTING, "additional data");
    second.take(box, DECRYPTING, "box");
  }, (calls, { at: [aadAt, boxAt] }, alignment) => {
    const result = calls.securememory_decrypt_secret(
      cell.handle,
      aadAt as number,
      first.length,
      boxAt as number,
      second.length,
      alignment,
    );
    if (result === 0) throw notAuthentic(DECRYPTING);
    return result;
  });
}

/** The signature of a message. */
export function sign(cell: Cell, message: unknown): Bytes {
  requireKeyLength(cell, KEY_BYTES, "Ed25519", SIGNING);
  return withInputs(() => {
    first.take(message, SIGNING, "message");
    return call(
      cell,
      SIGNING,
      SIGNATURE_BYTES,
      (calls, { at: [start], outAt }) =>
        calls.securememory_sign(cell.handle, start as number, first.length, outAt),
    );
  });
}

/** The public key that belongs to a secret. */
export function publicKey(cell: Cell, kind: unknown): Bytes {
  const number = kindNumber(kind);
  requireKeyLength(cell, KEY_BYTES, kind as KeyKind, GIVING);
  return withInputs(() =>
    call(
      cell,
      GIVING,
      KEY_BYTES,
      (calls, { outAt }) => calls.securememory_public_key(cell.handle, number, outAt),
    )
  );
}

/** The cell of a secret that the owner of the other key has as well. */
export function agree(cell: Cell, theirs: unknown, options: SecretOptions | undefined): Cell {
  requireKeyLength(cell, KEY_BYTES, "X25519", AGREEING);
  checkPublicKey(theirs);
  return make(cell, KEY_BYTES, options, AGREEING, () => {
    first.takeBytes(theirs, AGREEING, "public key");
  }, (calls, { at: [start] }, alignment) => {
    const result = calls.securememory_agree(cell.handle, start as number, alignment);
    if (result === 0) throw lowOrder(AGREEING);
    return result;
  });
}

/** The cell of a secret that a password is stretched to. */
export function fromPassword(
  cell: Cell,
  params: PasswordParams,
  options: SecretOptions | undefined,
): Cell {
  const { nonce, memory, passes, parallelism, length } = checkParams(params);
  return make(cell, length, options, STRETCHING, () => {
    first.takeBytes(nonce, STRETCHING, "nonce");
  }, (calls, { at: [start] }, alignment) =>
    calls.securememory_from_password(
      cell.handle,
      start as number,
      first.length,
      memory,
      passes,
      parallelism,
      length,
      alignment,
    ));
}

/** An operation whose result is bytes. */
function call(
  cell: Cell,
  action: string,
  outLength: number,
  use: (calls: Core, room: Room) => number,
): Bytes {
  requireOpen(cell);
  return withRoom(action, [first, second], outLength, (calls, room) => {
    checked(use(calls, room), action);
    return room.copy();
  });
}

/** An operation whose result is a secret. */
function make(
  cell: Cell,
  length: number,
  options: SecretOptions | undefined,
  action: string,
  take: () => void,
  use: (calls: Core, room: Room, alignment: number) => number,
): Cell {
  return create(length, options, (_, alignment) =>
    withInputs(() => {
      take();
      requireOpen(cell);
      return withRoom(
        action,
        [first, second],
        0,
        (calls, room) => checked(use(calls, room, alignment), action),
      );
    }));
}

function withInputs<T>(use: () => T): T {
  try {
    return use();
  } finally {
    first.drop();
    second.drop();
  }
}

function requireOpen(cell: Cell): void {
  if (isClosing(cell)) throw new SecretClosedError();
}

function checked(result: number, action: string): number {
  if (result < 0) throw failure(result, action);
  return result;
}
