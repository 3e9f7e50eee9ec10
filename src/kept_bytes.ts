/**
 * Arrays whose bytes the engine keeps in its own heap: JavaScriptCore does so with small ones.
 * It moves them when their `buffer` is asked for, or when native code gets them, and does not
 * wipe where they were. So neither happens while there is something in them.
 *
 * @module
 */
import { currentRuntime } from "./native/current.ts";

/** Whether the bytes are the engine's. Then they are in no shared memory, and no secret's. */
export function isKept(bytes: Uint8Array): boolean {
  return currentRuntime()?.keepsBytes(bytes) ?? false;
}

/** Calls `use` with bytes that do not move: a copy, which is wiped, if the engine keeps them. */
export function withStill<T>(bytes: Uint8Array, use: (still: Uint8Array<ArrayBuffer>) => T): T {
  if (!isKept(bytes)) return use(bytes as Uint8Array<ArrayBuffer>);
  const copy = new Uint8Array(new ArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  try {
    return use(copy);
  } finally {
    copy.fill(0);
  }
}
