/**
 * Texts that stand for bytes: hexadecimal and base64 (RFC 4648).
 *
 * @module
 */

/** In the order of the native library's numbers. */
export const FORMATS = ["hexadecimal", "base64", "base64url"] as const;

/** What a text may be. */
export type Format = (typeof FORMATS)[number];

/** The position is not secret; the character there is not shown. */
export function undecodable(format: Format, position: number, length: number): SyntaxError {
  return new SyntaxError(
    position < length
      ? `Cannot decode the text: the character at position ${position} is not valid ${format}`
      : `Cannot decode the text: it ends too early for ${format}, at position ${position}`,
  );
}

/** There is nothing to decode. */
export function emptyText(): RangeError {
  return new RangeError("Cannot create a secret: the text must not be empty");
}
