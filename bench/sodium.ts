/**
 * The nearest peer on npm, in the same process: sodium-native's guarded memory.
 *
 * @module
 */
import { createRequire } from "node:module";
import { floor } from "./floor.ts";
import { type Subject, type Timed, timed, timedWithTurn } from "./sample.ts";

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

/** sodium-native, or why it cannot be loaded here. */
export function loadSodium(): Sodium | { readonly why: string } {
  let sodium: SodiumNative;
  try {
    sodium = createRequire(import.meta.url)("sodium-native") as SodiumNative;
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
  const buffer = sodium.sodium_malloc(LENGTH);
  sodium.sodium_mprotect_noaccess(buffer);
  return {
    window: timed((rounds) => {
      for (let round = 0; round < rounds; round++) {
        sodium.sodium_mprotect_readonly(buffer);
        sink = buffer[0] as number;
        sodium.sodium_mprotect_noaccess(buffer);
      }
    }),
    life: timedWithTurn((rounds) => {
      for (let round = 0; round < rounds; round++) sodium.sodium_free(sodium.sodium_malloc(LENGTH));
    }),
  };
}

/** The rows of sodium-native itself. */
export function sodiumSubjects({ window, life }: Sodium): Subject[] {
  const references = { floor: (rounds: number) => floor(rounds, LENGTH) };
  return [
    { name: "sodium-native cold window", bytes: LENGTH, run: window, references },
    { name: "sodium-native create and close", bytes: LENGTH, run: life, references },
  ];
}

/** What the loops computed last; printed nowhere. */
export function lastResult(): number {
  return sink;
}
