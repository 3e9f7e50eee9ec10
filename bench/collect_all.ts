/**
 * A collection after which the heap is as small as it can be, so that what is resident can be
 * compared: V8 otherwise keeps room for new objects as large as the last rush of them needed.
 *
 * @module
 */

/** What engines offer; V8 with `--expose-gc`. */
interface Engine {
  readonly Bun?: { gc(force: boolean): void };
  readonly gc?: (options: object) => void;
}

const ROUNDS = 5;

/** Collects, finalizers included. */
export async function collectAll(): Promise<void> {
  const { Bun, gc } = globalThis as Engine;
  for (let round = 0; round < ROUNDS; round++) {
    if (Bun === undefined) gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    else Bun.gc(true);
    // Finalizers run in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
