/**
 * Windows on several threads at once. All Workers are started first; then the groups
 * take turns, batch by batch, so that what disturbs the machine disturbs all alike.
 *
 * @module
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Secret } from "../mod.ts";
import type { Row } from "./report.ts";
import { quantile } from "./sample.ts";
import type { Task } from "./worker.ts";

const GROUPS = [
  { name: "1 Worker, floor", kind: "floor", size: 1 },
  { name: "4 Workers, floor each", kind: "floor", size: 4 },
  { name: "1 Worker, own secret", kind: "own", size: 1 },
  { name: "4 Workers, own secret each", kind: "own", size: 4 },
  { name: "1 Worker, shared secret", kind: "shared", size: 1 },
  { name: "4 Workers, one shared secret", kind: "shared", size: 4 },
] as const;

/** How much to do. */
export interface Amount {
  /** Windows that each Worker opens in a batch. */
  readonly rounds: number;
  readonly batches: number;
}

/**
 * Measures all groups.
 *
 * @returns Nanoseconds per window: the time of a batch over the windows of all its Workers.
 */
export async function workerRows(amount: Amount): Promise<Row[]> {
  using secret = Secret.random(32);
  const ticket = secret.share();
  const groups: Group[] = [];
  for (const { kind, size } of GROUPS) {
    const task = { ...amount, kind, ticket: kind === "shared" ? ticket : undefined };
    groups.push(await startGroup(size, task));
  }
  for (let batch = 1; batch <= amount.batches; batch++) {
    for (const group of groups) await group.runBatch(batch);
  }
  for (const group of groups) await group.end();
  return GROUPS.map(({ name, kind, size }, index): Row => {
    const { times } = groups[index] as Group;
    const floor = GROUPS.findIndex((other) => other.kind === "floor" && other.size === size);
    return {
      name,
      bytes: 32,
      unit: "ns",
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      samples: times.length,
      rounds: amount.rounds * size,
      ratios: kind === "floor" ? {} : { floor: ratio(times, (groups[floor] as Group).times) },
    };
  });
}

interface Group {
  /** Nanoseconds per window, of each batch. */
  readonly times: number[];
  runBatch(batch: number): Promise<void>;
  end(): Promise<void>;
}

async function startGroup(size: number, task: Omit<Task, "turn">): Promise<Group> {
  const turn = new SharedArrayBuffer(4);
  const turns = new Int32Array(turn);
  const workers = Array.from({ length: size }, () => {
    return new Worker(new URL("./worker.ts", import.meta.url), { workerData: { ...task, turn } });
  });
  await Promise.all(workers.map(message)); // "ready"
  const times: number[] = [];
  return {
    times,
    async runBatch(batch) {
      const reports = workers.map(message);
      Atomics.store(turns, 0, batch);
      Atomics.notify(turns, 0);
      const took = await Promise.all(reports) as number[];
      times.push(Math.max(...took) / (task.rounds * size));
    },
    async end() {
      for (const worker of workers) await worker.terminate();
    },
  };
}

/** What a Worker posts next; its failure, if it fails first. */
async function message(worker: Worker): Promise<unknown> {
  const [posted] = await once(worker, "message");
  return posted;
}

/** Median of the ratios of batches that ran one after the other. */
function ratio(times: readonly number[], floors: readonly number[]): number {
  return quantile(times.map((time, index) => time / (floors[index] as number)), 0.5);
}
