/**
 * Brotli's format as small as Node makes it: for the libraries' bytes inside modules.
 */
import { brotliCompressSync, constants } from "node:zlib";

/** The bytes, packed. The same bytes give the same ones. */
export function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}
