/**
 * In place of modules of Node's: what the suite uses of `node:buffer`, `node:process`,
 * `node:fs` and `node:url`, and of `tests/support/child.ts` and `host.ts`.
 *
 * @module
 */
// @ts-expect-error: the bundler makes this module, of the files of tests/vectors.
import vectors from "vectors";

type Text = "hex" | "latin1" | "base64" | "base64url" | "utf8";

const base64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

const ENCODERS: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  hex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  latin1: (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
  base64,
  base64url: (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
  utf8: (bytes) => new TextDecoder().decode(bytes),
};

/** A Uint8Array with what the suite needs of Node's. */
export class Buffer extends Uint8Array {
  static override from(source: unknown, encoding?: unknown): Buffer {
    return new Buffer(sourceOf(source, encoding) as never);
  }

  static alloc(length: number): Buffer {
    return new Buffer(length as never);
  }

  static compare(a: Uint8Array, b: Uint8Array): number {
    const index = a.findIndex((byte, at) => byte !== b[at]);
    return index < 0 ? a.length - b.length : (a[index] as number) - (b[index] ?? -1);
  }

  override toString(encoding: Text = "utf8"): string {
    return (ENCODERS[encoding] as (bytes: Uint8Array) => string)(this);
  }
}

function sourceOf(source: unknown, encoding: unknown): unknown {
  if (typeof source !== "string") return source;
  switch (encoding) {
    case "hex":
      return (source.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    case "latin1":
      return Array.from(source, (one) => one.charCodeAt(0));
    default:
      return new TextEncoder().encode(source);
  }
}

/** Files that the suite reads are part of the bundle. */
export function readFileSync(url: unknown): string {
  const name = String(url).split("/").at(-1) as string;
  const text = (vectors as Record<string, string>)[name];
  if (text === undefined) throw new Error(`No such file in the bundle: ${name}`);
  return text;
}

/** No variable is set. */
export default { env: {}, versions: {} };

/** Nothing can be locked, and nothing has to be. */
export function lockableBytes(): number {
  return Infinity;
}

/** What runs the test. */
export const RUNTIME = "edge";

/** There are no children: tests that need one are left out by name. */
export function runCode(): never {
  throw new Error("There are no processes at the edge");
}

/** Nothing is slower here. */
export function patience(limit: number): number {
  return limit;
}
