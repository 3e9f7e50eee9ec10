/**
 * From the text of a library to its bytes, at once: by Node's module, which all three runtimes
 * have. It is loaded when it is needed, since Deno takes milliseconds for it.
 *
 * @module
 */
import { hostProcess } from "./process.ts";

interface Zlib {
  brotliDecompressSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** From base64 of Brotli's format (RFC 7932): an eighth smaller than zlib's. */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const { brotliDecompressSync } = hostProcess()?.getBuiltinModule("node:zlib") as Zlib;
  return brotliDecompressSync(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
}
