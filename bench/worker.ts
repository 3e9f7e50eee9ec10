/**
 * A Worker that opens windows in a loop and reports how long that took. It waits for its
 * turn on a number in shared memory: batches of several Workers start together.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Secret, type SharedSecret } from "../mod.ts";
import { floor } from "./floor.ts";
import { END, type Kind, KINDS } from "./worker_kinds.ts";

/** What a Worker is told. */
export interface Task {
  /** A number for each Worker: 0 to wait, else that of the kind it may run, from 1. */
  readonly turn: SharedArrayBuffer;
  readonly index: number;
  readonly rounds: number;
  /** The secret of all Workers. */
  readonly ticket: SharedSecret;
}

const { turn, index, rounds, ticket } = workerData as Task;

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

/** Each takes nanoseconds for all of its rounds. */
const loops: Readonly<Record<Kind, () => number>> = {
  floor: () => floor(rounds, 32) * rounds,
  own: loopOverSecret(Secret.random(32)),
  shared: loopOverSecret(Secret.attach(ticket)),
};

for (const kind of KINDS) loops[kind]();
parentPort?.postMessage("ready");
const turns = new Int32Array(turn);
for (;;) {
  Atomics.wait(turns, index, 0);
  const kind = Atomics.exchange(turns, index, 0);
  // Node may not be stopped while a Worker waits here.
  if (kind === END) break;
  const run = loops[KINDS[kind - 1] as Kind];
  parentPort?.postMessage(run());
}
