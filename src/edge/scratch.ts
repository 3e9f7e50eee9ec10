/**
 * Bytes on their way into a call and out of it: a room in the memory, which is wiped with the call.
 *
 * @module
 */
import type { Bytes } from "../running.ts";
import { bytesAt, type Core, core } from "./core.ts";
import { failure } from "./failure.ts";

/**
 * Calls `use` with a room of `length` bytes, and where it is. What is taken out of it has to be
 * copied.
 *
 * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
 */
export function withScratch<T>(
  length: number,
  action: string,
  use: (calls: Core, address: number, room: Bytes) => T,
): T {
  const calls = core();
  const address = calls.securememory_scratch(Math.max(length, 1));
  if (address < 0) throw failure(address, action);
  try {
    return use(calls, address, bytesAt(calls, address, length));
  } finally {
    calls.securememory_scratch_end();
  }
}
