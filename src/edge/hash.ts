/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "c53c1f13e4f1f71b794eafdb20ea2e5d12f8beccc03b458257429ccccc8878ae";
