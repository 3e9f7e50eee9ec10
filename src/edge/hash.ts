/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "bc82deba23b9d3e170edffe7b37813d25ddab1a8acc3ef167fa7a0c23f9be8cb";
