/**
 * The forms in which a copy of a token could stand in memory or in a file. Each is cut into
 * pieces, of eight bytes of the token or so: a copy that is not whole is found as well, and
 * so is one of which a processor keeps the halves in two places.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The forms that are looked for. */
export const FORMS = ["raw", "reversed", "hex", "base64", "UTF-16"] as const;

/** One of {@linkcode FORMS}. */
export type Form = typeof FORMS[number];

/** Bytes to look for. */
export interface Pattern {
  readonly form: Form;
  readonly bytes: Uint8Array;
}

/** Everything to look for, for one token. */
export function patternsOf(token: Uint8Array): Pattern[] {
  const bytes = Buffer.from(token);
  const texts = [...pieces(bytes).flatMap(hex), ...base64(bytes)];
  const forms: Record<Form, Buffer[]> = {
    "raw": pieces(bytes),
    "reversed": pieces(Buffer.from(token).reverse()),
    "hex": pieces(bytes).flatMap(hex),
    "base64": base64(bytes),
    "UTF-16": [...pieces(bytes), ...texts].map(wide),
  };
  return FORMS.flatMap((form) => forms[form].map((piece) => ({ form, bytes: piece })));
}

/** Each byte as a character of two bytes, as engines keep strings that are not Latin-1. */
export function wide(bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(bytes).toString("latin1"), "utf16le");
}

function pieces(bytes: Buffer): Buffer[] {
  return [0, 8, 16, 24].map((at) => bytes.subarray(at, at + 8));
}

function hex(bytes: Buffer): Buffer[] {
  const text = bytes.toString("hex");
  return [Buffer.from(text), Buffer.from(text.toUpperCase())];
}

/** Base64 depends on where a byte stands in its group of three: all three cases, both alphabets. */
function base64(bytes: Buffer): Buffer[] {
  return [0, 9, 18].flatMap((at) => [at, at + 1, at + 2]).flatMap((at) => {
    const piece = bytes.subarray(at, at + 9);
    return [Buffer.from(piece.toString("base64")), Buffer.from(piece.toString("base64url"))];
  });
}
