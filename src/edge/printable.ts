/**
 * Bytes from text of printable characters, as scripts/printable.mjs writes it: gzip and Brotli, which
 * servers and registries pack modules with, make a quarter less of it than of base64.
 *
 * @module
 */

/** As scripts/printable.mjs has them. */
const UNUSED = `"'\\<`;
const ROWS = 2;

/**
 * The bytes of a text.
 *
 * @param order Which byte each code stands for, in hexadecimal.
 */
export function bytesOf(text: string, order: string): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(128);
  let count = 0;
  for (let code = 32; code < 127; code++) {
    if (!UNUSED.includes(String.fromCharCode(code))) places[code] = count++;
  }
  const single = count - ROWS;
  const table = Uint8Array.from(
    { length: order.length / 2 },
    (_, index) => Number.parseInt(order.slice(2 * index, 2 * index + 2), 16),
  );
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let index = places[text.charCodeAt(at)] as number;
    if (index >= single) {
      const row = index - single;
      index = single + row * count + (places[text.charCodeAt(++at)] as number);
    }
    bytes[length++] = table[index] as number;
  }
  return bytes.slice(0, length);
}
