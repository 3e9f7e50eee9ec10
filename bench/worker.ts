/**
 * A Worker that opens windows in a loop and reports how long that took. It waits for its
 * turn on a number in shared memory: batches of several Workers start together.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Secret, type SharedSecret } from "../mod.ts";
import { floor } from "./floor.ts";

/** What a Worker is told. */
export interface Task {
  /** Number of the batch that may run; see {@linkcode file://./workers.ts}. */
  readonly turn: SharedArrayBuffer;
  readonly rounds: number;
  readonly batches: number;
  readonly kind: "shared" | "own" | "floor";
  /** The secret of all Workers, for `shared`. */
  readonly ticket: SharedSecret | undefined;
}

const { turn, rounds, batches, kind, ticket } = workerData as Task;

const touch = (bytes: Uint8Array): number => bytes[0] as number;

function loopOverSecret(secret: Secret): () => number {
  let sink = 0;
  return () => {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) sink += secret.withBytes(touch);
    const took = performance.now() - start;
    return sink < 0 ? 0 : took * 1e6;
  };
}

function prepare(): () => number {
  if (kind === "floor") return () => floor(rounds, 32) * rounds;
  return loopOverSecret(ticket === undefined ? Secret.random(32) : Secret.attach(ticket));
}

const run = prepare();
run();
parentPort?.postMessage("ready");
const turns = new Int32Array(turn);
for (let batch = 1; batch <= batches; batch++) {
  Atomics.wait(turns, 0, batch - 1);
  parentPort?.postMessage(run());
}
