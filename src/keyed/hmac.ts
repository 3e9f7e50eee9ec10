/**
 * HMAC: RFC 2104, with the vectors of RFC 4231.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { cryptoCalls } from "../native/crypto.ts";
import { begin, end } from "./borrow.ts";
import { HASH_BYTES, hashNumber } from "./hash.ts";
import { checkMac, MAKING, VERIFYING } from "./hmac_arguments.ts";
import { Input } from "./input.ts";
import { Output } from "./output.ts";

const input = new Input();
const output = new Output();

/** The MAC of data under a secret. */
export function hmac(cell: Cell, hash: unknown, data: unknown): Uint8Array<ArrayBuffer> {
  const { securememory_crypto_hmac } = cryptoCalls();
  const number = hashNumber(hash, MAKING);
  const length = HASH_BYTES[number];
  const mac = output.place(length);
  input.take(data, MAKING, "data");
  const open = begin(cell);
  const { bytes, length: count } = input;
  const result = securememory_crypto_hmac(cell.handle, open, number, bytes, count, mac, length);
  input.drop();
  end(cell, open, result, MAKING);
  return output.take(mac, length);
}

/** Whether a MAC is that of data under a secret. */
export function verifyHmac(cell: Cell, hash: unknown, data: unknown, mac: unknown): boolean {
  const { securememory_crypto_verify_hmac } = cryptoCalls();
  const number = hashNumber(hash, VERIFYING);
  checkMac(mac);
  const length = HASH_BYTES[number];
  // No MAC has another length; a closed secret is an error for such a one as well.
  const wrong = mac.byteLength !== length;
  input.take(data, VERIFYING, "data");
  const open = begin(cell);
  const { bytes, length: count } = input;
  const given = wrong ? new Uint8Array(length) : mac;
  const { handle } = cell;
  const result = securememory_crypto_verify_hmac(handle, open, number, bytes, count, given, length);
  input.drop();
  return end(cell, open, result, VERIFYING) === 1 && !wrong;
}
