/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "af0f7deb7c44d188912305b1f5a98cfd8be0d9e975f2b900a81dea48387fae7b";
