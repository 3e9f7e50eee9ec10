/**
 * What processes that are looked at have in common.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";

/** All garbage is collected, as far as the engine's own collector does that. */
export async function collect(): Promise<void> {
  const { Bun, gc } = globalThis as {
    Bun?: { gc(synchronously: boolean): void };
    gc?: () => void;
  };
  for (let turn = 0; turn < 5; turn++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Reads a file's beginning into an array, as long as that is: no other copy of it is made. */
export function readInto(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "r");
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
}
