/**
 * Bytes as text for a module, of printable characters: a byte that is frequent is one character,
 * one that is not is two. Unlike base64 it leaves repetitions where they are, so that gzip makes of
 * it what it makes of the bytes (src/edge/printable.ts reads it).
 */

/** What needs no escape in a string, nor in a page. */
const CHARACTERS = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
  .filter((character) => !`"'\\<`.includes(character));

/** The last characters stand for nothing: each says which row of bytes the next one is of. */
const ROWS = 2;

/** The text, and the bytes by frequency, which reading it takes. */
export function printable(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte] += 1;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
  const single = CHARACTERS.length - ROWS;
  const codes = new Array(256);
  for (const [index, byte] of order.entries()) {
    const row = Math.ceil((index + 1 - single) / CHARACTERS.length);
    codes[byte] = row <= 0
      ? CHARACTERS[index]
      : CHARACTERS[single + row - 1] + CHARACTERS[(index - single) % CHARACTERS.length];
  }
  return { text: Array.from(bytes, (byte) => codes[byte]).join(""), order };
}
