/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "ffd43a96b696dbb4d6e5cb30ac2d841840f9464fbaff7086a6290ab7a113a776";
