/**
 * What a window costs, beside what it cannot be cheaper than.
 *
 * @module
 */
import { floor, hasFloor } from "../bench/floor.ts";
import { capabilities, type Secret } from "../mod.ts";
import { IN_ONE_FILE } from "./runtime.ts";

/** Nanoseconds. */
export interface Cost {
  /** `withBytes` with a callback that reads one byte. */
  readonly window: number;
  /** PROT_READ, one load, PROT_NONE, in a native loop; `undefined` where it is not built. */
  readonly floor: number | undefined;
}

export const BATCHES = 25;
export const ROUNDS = 2000;

/** Takes the two in turn, so that both meet the same noise; gives the best batch of each. */
export function measureCost(key: Secret): Cost {
  const { pageSize } = capabilities();
  const windows: number[] = [];
  const floors: number[] = [];
  const measured = hasFloor() && !IN_ONE_FILE;
  for (let batch = 0; batch < BATCHES; batch++) {
    windows.push(timeWindows(key));
    if (measured) floors.push(floor(ROUNDS, pageSize));
  }
  return { window: Math.min(...windows), floor: measured ? Math.min(...floors) : undefined };
}

const touch = (bytes: Uint8Array) => bytes[0] as number;

function timeWindows(key: Secret): number {
  let sum = 0;
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) sum += key.withBytes(touch);
  const nanoseconds = (performance.now() - start) * 1e6 / ROUNDS;
  // Used, so that no compiler may leave the reads out.
  return sum >= 0 ? nanoseconds : Number.NaN;
}
