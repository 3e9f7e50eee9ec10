/**
 * The native library's epoch: see zig/entries.zig. A handle means one secret within one epoch, however
 * late somebody asks.
 *
 * @module
 */
import type { Library } from "../native/library.ts";

let count: Uint32Array | undefined;

/** The epoch as of now. */
export function epoch({ calls, runtime }: Library): number {
  count ??= new Uint32Array(runtime.arrayBuffer(calls.securememory_epoch(), 4));
  return count[0] as number;
}
