/**
 * Secrets of text that stands for bytes: decoded in WebAssembly, in constant time.
 *
 * @module
 */
import { CODES } from "../native/abi.ts";
import type { SecretOptions } from "../option_types.ts";
import { emptyText, type Format, FORMATS, undecodable } from "../sources/formats.ts";
import { utf8Length } from "../utf8.ts";
import { Cell } from "./cell.ts";
import { bytesAt, type Core, core } from "./core.ts";
import { failure } from "./failure.ts";
import { resolve } from "./options.ts";

const ACTION = "Cannot create the secret";

/** A secret of the bytes that a text stands for, or a string's UTF-8 does. The text is not wiped. */
export function decode(
  text: Uint8Array | string,
  format: Format,
  options: SecretOptions | undefined,
): Cell {
  const { alignment, label } = resolve(options);
  const length = typeof text === "string" ? utf8Length(text) : text.byteLength;
  if (length === 0) throw emptyText();
  const calls = core();
  const address = calls.securememory_scratch(length + POSITION_BYTES);
  if (address < 0) throw failure(address, ACTION);
  try {
    const room = bytesAt(calls, address + POSITION_BYTES, length);
    if (typeof text === "string") new TextEncoder().encodeInto(text, room);
    else room.set(text);
    const made = decoded(calls, format, address, length, alignment);
    return new Cell(made.handle, made.length, label);
  } finally {
    calls.securememory_scratch_end();
  }
}

/** The first bytes of the room: where the text is wrong, as a number of 32 bits; then the text. */
const POSITION_BYTES = 4;

function decoded(
  calls: Core,
  format: Format,
  address: number,
  length: number,
  alignment: number,
): { handle: number; length: number } {
  const handle = calls.securememory_create_decoded(
    FORMATS.indexOf(format),
    address + POSITION_BYTES,
    length,
    alignment,
    address,
  );
  if (handle > 0) return { handle, length: calls.securememory_length(handle) };
  // It has white space alone.
  if (CODES[-handle & 0x7f] === "SourceEmpty") throw emptyText();
  if (handle < 0) throw failure(handle, ACTION);
  const position = new DataView(calls.memory.buffer, address, POSITION_BYTES).getUint32(0, true);
  throw undecodable(format, position, length);
}
