/**
 * The SHA-256 of the WebAssembly module. Written by scripts/embed.mjs; building the module again,
 * anywhere, has to give the same.
 *
 * @module
 */

/** In hexadecimal. */
export const WASM_HASH = "29aea634360f4bcac35a56421cac7e8061f9a489f0215cc9db866aa38a815869";
