/**
 * Garbage collection on demand, in children.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { RUNTIME } from "./child.ts";

/** Flags for a child that calls `collect`. */
export const COLLECT_FLAGS: readonly string[] = {
  bun: [],
  deno: ["-A", "--v8-flags=--expose-gc"],
  node: ["--expose-gc"],
}[RUNTIME];

/** Collects until `enough` says so, a hundred times at most; says whether it did. */
export async function collect(enough: () => boolean): Promise<boolean> {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  for (let round = 0; round < 100 && !enough(); round++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    // Finalizers run in a turn of their own.
    await setTimeout(1);
  }
  return enough();
}
