/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "4347cca750bdcdbcddb3267d742b92d32f468214f92f0b09c07c20c05e106396";
