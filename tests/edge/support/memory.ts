/**
 * In place of `tests/support/memory.ts`: addresses are those of WebAssembly memory.
 *
 * @module
 */

/** Where the bytes of a view are. */
export function addressOf(view: Uint8Array): bigint {
  return BigInt(view.byteOffset);
}
