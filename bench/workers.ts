/**
 * Windows on several threads at once. All Workers are started first; then groups of them
 * take turns, batch by batch, so that what disturbs the machine disturbs all alike.
 *
 * The floor is the native loop of bare mprotect calls (bench/floor.zig), in as many threads: what
 * the kernel's own lock on the process's mappings leaves to anybody.
 *
 * @module
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Secret } from "../mod.ts";
import type { Row } from "./report.ts";
import { quantile } from "./sample.ts";
import type { Task } from "./worker.ts";
import { END, type Kind, KINDS } from "./worker_kinds.ts";

/** Workers that run at once. */
export const SIZES = [1, 2, 4, 8] as const;
type Size = (typeof SIZES)[number];

interface Group {
  readonly name: string;
  readonly kind: Kind;
  readonly size: Size;
}

function groupsOf(kinds: readonly Kind[]): Group[] {
  return kinds.flatMap((kind) => SIZES.map((size) => ({ name: nameOf(kind, size), kind, size })));
}

/** The name of a group's row. */
export function nameOf(kind: Kind, size: Size): string {
  if (size === 1) {
    return `1 Worker, ${{ floor: "floor", own: "own secret", shared: "shared secret" }[kind]}`;
  }
  const what = { floor: "floor each", own: "own secret each", shared: "one shared secret" }[kind];
  return `${size} Workers, ${what}`;
}

/** How much to do. */
export interface Amount {
  /** Windows that each Worker opens in a batch. */
  readonly rounds: number;
  readonly batches: number;
  /** All of them unless told. */
  readonly kinds?: readonly Kind[];
}

/**
 * Measures all groups.
 *
 * @returns Nanoseconds per window: the time of a batch over the windows of all its Workers. The
 * ratio to `one` is that to what one Worker takes: 0.5 is twice its throughput.
 */
export async function workerRows(amount: Amount): Promise<Row[]> {
  using secret = Secret.random(32);
  const groups = groupsOf(amount.kinds ?? KINDS);
  const crew = await startCrew({ rounds: amount.rounds, ticket: secret.share() }, groups.length);
  for (let round = 0; round < amount.batches; round++) {
    for (const [index, group] of groups.entries()) await crew.runBatch(index, group);
  }
  await crew.end();
  const timesOf = (kind: Kind, size: Size) =>
    crew.times[groups.findIndex((group) => group.kind === kind && group.size === size)] as number[];
  return groups.map(({ name, kind, size }): Row => {
    const times = timesOf(kind, size);
    return {
      name,
      bytes: 32,
      unit: "ns",
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      samples: times.length,
      rounds: amount.rounds * size,
      ratios: {
        ...(kind === "floor" || !groups.some((group) => group.kind === "floor")
          ? {}
          : { floor: ratio(times, timesOf("floor", size)) }),
        ...(size === 1 ? {} : { [ONE]: ratio(times, timesOf(kind, 1)) }),
      },
    };
  });
}

/** A reference: the same with one Worker. */
export const ONE = "one Worker";

interface Crew {
  /** Nanoseconds per window, of each group and batch. */
  readonly times: readonly number[][];
  runBatch(index: number, group: Group): Promise<void>;
  end(): Promise<void>;
}

async function startCrew(
  { rounds, ticket }: Pick<Task, "rounds" | "ticket">,
  groups: number,
): Promise<Crew> {
  const most = Math.max(...SIZES);
  const turn = new SharedArrayBuffer(most * Int32Array.BYTES_PER_ELEMENT);
  const turns = new Int32Array(turn);
  const workers = Array.from({ length: most }, (_, index) => {
    const task: Task = { turn, index, rounds, ticket };
    return new Worker(new URL("./worker.ts", import.meta.url), { workerData: task });
  });
  await Promise.all(workers.map(message)); // "ready"
  const times = Array.from({ length: groups }, (): number[] => []);
  return {
    times,
    async runBatch(index, { kind, size }) {
      const reports = workers.slice(0, size).map(message);
      for (let worker = 0; worker < size; worker++) {
        Atomics.store(turns, worker, 1 + KINDS.indexOf(kind));
        Atomics.notify(turns, worker);
      }
      const took = await Promise.all(reports) as number[];
      times[index]?.push(Math.max(...took) / (rounds * size));
    },
    async end() {
      for (const index of workers.keys()) {
        Atomics.store(turns, index, END);
        Atomics.notify(turns, index);
      }
      await Promise.all(workers.map((worker) => once(worker, "exit")));
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
