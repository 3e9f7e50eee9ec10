/**
 * The nearest peer on npm, in the same process: sodium-native's guarded memory.
 *
 * @module
 */
import { createRequire } from "node:module";
import { type Timed, timed, timedWithTurn } from "./sample.ts";

interface SodiumNative {
  sodium_malloc(size: number): Uint8Array;
  sodium_free(buffer: Uint8Array): void;
  sodium_mprotect_noaccess(buffer: Uint8Array): void;
  sodium_mprotect_readonly(buffer: Uint8Array): void;
}

/** The same things as the library's rows, done with sodium-native. */
export interface Sodium {
  readonly window: Timed;
  readonly life: Timed;
}

const LENGTH = 32;

/** What the window loop read last. */
let sink = 0;

/**
 * sodium-native's window and life of a buffer.
 *
 * @throws If it cannot be loaded here.
 */
export function sodium(): Sodium {
  const native = createRequire(import.meta.url)("sodium-native") as SodiumNative;
  const buffer = native.sodium_malloc(LENGTH);
  native.sodium_mprotect_noaccess(buffer);
  return {
    window: timed((rounds) => {
      for (let round = 0; round < rounds; round++) {
        native.sodium_mprotect_readonly(buffer);
        sink = buffer[0] as number;
        native.sodium_mprotect_noaccess(buffer);
      }
    }),
    life: timedWithTurn((rounds) => {
      for (let round = 0; round < rounds; round++) native.sodium_free(native.sodium_malloc(LENGTH));
    }),
  };
}

/** What the loops computed last; printed nowhere. */
export function lastResult(): number {
  return sink;
}
