/**
 * Arrays whose bytes the engine keeps in its own heap: JavaScriptCore does so with small ones.
 * It moves them when their `buffer` is asked for, or when native code gets them, and does not
 * wipe where they were. So neither happens while there is something in them.
 *
 * @module
 */
import { keepsBytes } from "./native/keeps_bytes.ts";

/** More than any engine keeps: JavaScriptCore's `fastSizeLimit` is 1,000. */
const KEPT_MAX = 1024;

/** Where kept bytes are for the time of a call. Made when it is needed; wiped after each. */
let place: Uint8Array<ArrayBuffer> | undefined;
/** Options have getters, which may make secrets in the middle of making one. */
let taken = false;

/** Whether the bytes are the engine's. Then they are in no shared memory, and no secret's. */
export function isKept(bytes: Uint8Array): boolean {
  return bytes.byteLength <= KEPT_MAX && keepsBytes(bytes);
}

const newPlace = () => new Uint8Array(new ArrayBuffer(KEPT_MAX));

/**
 * Calls `use` with a copy of kept bytes that does not move, and is wiped: the first bytes of what
 * it gets. Cutting a view of them off each time would cost more than all the rest.
 */
export function withStill<T>(kept: Uint8Array, use: (still: Uint8Array<ArrayBuffer>) => T): T {
  const nested = taken;
  const still = nested ? newPlace() : place ??= newPlace();
  taken = true;
  still.set(kept);
  try {
    return use(still);
  } finally {
    still.fill(0, 0, kept.byteLength);
    taken = nested;
  }
}
