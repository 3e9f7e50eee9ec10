/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "1f1d52f97a9b08c0a8b96e9bc7e8606afd523f76e914df45ffecae34d69e5139";
