/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "6ac90d81eb1a0b52250ac976eace2038795264c927efd83bbb496fcba832d1f2";
