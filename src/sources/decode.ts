/**
 * Secrets of text that stands for bytes: decoded natively, in constant time, straight into the
 * page.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { createFilled, createOfSource } from "../create.ts";
import { close } from "../gate.ts";
import { CODES } from "../native/abi.ts";
import { failure, isShortage } from "../native/failure.ts";
import type { SecretOptions } from "../option_types.ts";
import { endAllRest } from "../rest.ts";
import { utf8Length } from "../utf8.ts";
import { emptyText, type Format, FORMATS, undecodable } from "./formats.ts";

/** A secret of the bytes that a text stands for. The text is wiped, once all has succeeded. */
export function decodeBytes(
  text: Uint8Array,
  length: number,
  format: Format,
  options: SecretOptions | undefined,
): Cell {
  const position = new Float64Array(1);
  return createOfSource(
    options,
    (calls, { alignment, flags }) => {
      const decode = () =>
        calls.securememory_create_decoded(
          text,
          length,
          FORMATS.indexOf(format),
          alignment,
          flags,
          position,
        );
      const handle = decode();
      return handle < 0 && isShortage(handle) && endAllRest() ? decode() : handle;
    },
    (of, result) => {
      const code = CODES[-result & 0x7f];
      if (code === "NotDecodable") return undecodable(format, position[0] as number, length);
      if (code === "SourceEmpty") return emptyText();
      return failure(of, result, "Cannot create the secret");
    },
  );
}

/** The same of a string, which itself is left behind. It is encoded on a secret's page, not in the heap. */
export function decodeString(
  text: string,
  format: Format,
  options: SecretOptions | undefined,
): Cell {
  if (text === "") throw emptyText();
  let made: Cell | undefined;
  // Without a view that lives on, its page is free again at once.
  const ofEncoded = options === undefined
    ? { revokeViews: true }
    : { ...options, revokeViews: true };
  try {
    close(createFilled(utf8Length(text), ofEncoded, (bytes) => {
      new TextEncoder().encodeInto(text, bytes);
      made = decodeBytes(bytes, bytes.byteLength, format, options);
    }));
  } catch (error) {
    // It may be there, and the page of the text failed to close.
    if (made !== undefined) close(made);
    throw error;
  }
  return made as unknown as Cell;
}
