/**
 * Strings on their way into a secret.
 *
 * @module
 */

/** Bytes that a string takes as UTF-8, counted without encoding it anywhere. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (isPair(unit, text.charCodeAt(index + 1))) {
      length += 4;
      index += 1;
    } else length += 3; // A lone surrogate becomes U+FFFD, as TextEncoder has it.
  }
  return length;
}

function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}
