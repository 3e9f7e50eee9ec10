/**
 * Whether the engine keeps the bytes of an array in its own heap, without an ArrayBuffer. Only Bun
 * says so. Loads nothing of a runtime's FFI: the edge asks, too.
 *
 * @module
 */
import { hostProcess } from "./process.ts";

interface BunJsc {
  estimateShallowMemoryUsageOf(value: unknown): number;
}

let known: ((bytes: Uint8Array) => boolean) | undefined;

/**
 * Once `buffer` of such an array is read, or native code gets it, the engine moves its bytes, and
 * leaves the old place as it was.
 */
export function keepsBytes(bytes: Uint8Array): boolean {
  known ??= find();
  return known(bytes);
}

function find(): (bytes: Uint8Array) => boolean {
  // Not by `process`: what Deno takes to make it is more than all the rest.
  if (!("Bun" in globalThis)) return () => false;
  const jsc = hostProcess()?.getBuiltinModule("bun:jsc") as BunJsc | undefined;
  if (jsc === undefined) return () => false;
  const estimate = jsc.estimateShallowMemoryUsageOf;
  /** Of an array whose bytes are elsewhere; those of any other count. */
  const withBuffer = estimate(new Uint8Array(new ArrayBuffer(1)));
  return (bytes) => estimate(bytes) - withBuffer === bytes.byteLength && bytes.byteLength > 0;
}
