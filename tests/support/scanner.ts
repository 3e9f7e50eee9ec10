/**
 * Finds content of a secret in text, in whatever form it may have got there.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** So many bytes in a row are no accident. */
const RUN = 4;

const SEPARATORS = ["", " ", ":", "-", ",", ", ", "\\x", " 0x", ", 0x", ",0x"];

/** Texts that a run of bytes turns into; decimal numbers are looked for in another way. */
function forms(run: Uint8Array): string[] {
  const pairs = Array.from(run, (byte) => byte.toString(16).padStart(2, "0"));
  const short = Array.from(run, (byte) => byte.toString(16));
  const hex = [pairs, short].flatMap((digits) => SEPARATORS.map((between) => digits.join(between)));
  return [...hex, Buffer.from(run).toString("latin1")];
}

/** Base64 of a run depends on where it begins in its group of three: the certain characters. */
function base64Forms(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let start = 0; start + 6 <= bytes.length; start++) {
    const text = Buffer.from(bytes.subarray(start, start + 6)).toString("base64");
    found.push(text, text.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return found;
}

/** Whether the numbers in a text hold a run of bytes, whatever stands between them. */
function hasDecimals(text: string, bytes: Uint8Array): boolean {
  const numbers = ` ${(text.match(/\d+/g) ?? []).join(" ")} `;
  return runs(bytes).some((run) => numbers.includes(` ${run.join(" ")} `));
}

function runs(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, bytes.length - RUN + 1);
  return Array.from({ length: count }, (_, start) => bytes.subarray(start, start + RUN));
}

/**
 * The first form in which four or more neighbouring bytes of a secret are in a text (six
 * in base64), or undefined. `text` is what was printed, as latin1 if that was bytes.
 */
export function contentIn(text: string, bytes: Uint8Array): string | undefined {
  const lower = text.toLowerCase();
  for (const run of runs(bytes)) {
    const [raw, ...hex] = forms(run).reverse() as [string, ...string[]];
    if (text.includes(raw)) return "raw bytes";
    if (hex.some((form) => lower.includes(form))) return "hex";
  }
  if (base64Forms(bytes).some((form) => text.includes(form))) return "base64";
  if (hasDecimals(text, bytes)) return "decimal numbers";
  // What a terminal shows of bytes that are text.
  const utf8 = Buffer.from(bytes).toString("utf8");
  return !utf8.includes("\ufffd") && text.includes(utf8.slice(0, RUN)) ? "text" : undefined;
}
