/**
 * Bytes on their way into a call and out of it: a room in the memory, which is wiped with the call.
 *
 * @module
 */
import type { Bytes } from "../running.ts";
import { bytesAt, type Core, core } from "./core.ts";
import { failure } from "./failure.ts";

/** What goes into a call: the first `length` bytes are meant. */
interface In {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Where things are in the room. */
export interface Room {
  /** Addresses of what went in, in order. */
  readonly at: readonly number[];
  /** Address of the bytes that come out. */
  readonly outAt: number;
  /** A copy of these. */
  copy(): Bytes;
}

/**
 * Calls `use` with copies of some bytes in the memory, and with room for others.
 *
 * @throws {AllocationError} If there is no memory, or it would have to grow inside a window.
 */
export function withRoom<T>(
  action: string,
  given: readonly In[],
  outLength: number,
  use: (calls: Core, room: Room) => T,
): T {
  const calls = core();
  const inLength = given.reduce((sum, { length }) => sum + length, 0);
  // An empty one would be refused.
  const address = calls.securememory_scratch(inLength + outLength + 1);
  if (address < 0) throw failure(address, action);
  try {
    let end = address;
    const at = given.map(({ bytes, length }) => {
      const start = end;
      end += length;
      if (length > 0) {
        // Not a part of what is meant as a whole: to ask for a buffer can move its bytes.
        const whole = bytes.byteLength === length ? bytes : bytes.subarray(0, length);
        bytesAt(calls, start, length).set(whole);
      }
      return start;
    });
    return use(calls, { at, outAt: end, copy: () => bytesAt(calls, end, outLength).slice() });
  } finally {
    calls.securememory_scratch_end();
  }
}
