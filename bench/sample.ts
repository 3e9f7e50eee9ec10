/**
 * Measuring one thing beside another. On a shared machine the same loop takes 1.2 or 2.4
 * microseconds from one second to the next, so nothing here compares two numbers that
 * were taken apart: each sample runs the reference, the subject and the reference again,
 * within a millisecond, and what counts is the median of the samples' ratios.
 *
 * mitata drives it and makes the statistics.
 *
 * @module
 */
import { measure } from "mitata";
import type { Row } from "./report.ts";

/** Runs a loop of so many rounds and says what one took, in nanoseconds. */
export type Timed = (rounds: number) => number | Promise<number>;

/** What to measure. */
export interface Subject {
  readonly name: string;
  readonly bytes: number;
  readonly run: Timed;
  /** What to compare it with. */
  readonly references?: { readonly [name: string]: Timed };
}

/** One sample of the subject takes about so long. */
const SAMPLE_NS = 200_000;
const ROUNDS_MAX = 1 << 14;

/** So much of the time a subject runs before it counts, in which its code is compiled. */
const WARM_UP_PART = 0.25;

/** Times a loop. */
export function timed(loop: (rounds: number) => void): Timed {
  return (rounds) => {
    const start = performance.now();
    loop(rounds);
    return (performance.now() - start) * 1e6 / rounds;
  };
}

/**
 * The same, with one turn of the event loop, where runtimes run finalizers: Node gives
 * sodium-native's memory back there and nowhere else.
 */
export function timedWithTurn(loop: (rounds: number) => void): Timed {
  return async (rounds) => {
    const start = performance.now();
    loop(rounds);
    await new Promise((resolve) => setImmediate(resolve));
    return (performance.now() - start) * 1e6 / rounds;
  };
}

/** Samples `subject` for so long, its references included. */
export async function sample(subject: Subject, budgetMs: number): Promise<Row> {
  const references = Object.entries(subject.references ?? {});
  const ratios = references.map((): number[] => []);
  const rounds = await calibrate(subject.run, budgetMs * WARM_UP_PART);
  const half = Math.ceil(rounds / 2);

  const once = async (): Promise<number> => {
    const before: number[] = [];
    for (const [, run] of references) before.push(await run(half));
    // What ran before has taken the caches; the peers in Go warm up likewise.
    if (references.length > 0) await subject.run(rounds);
    const took = await subject.run(rounds);
    for (const [index, [, run]] of references.entries()) {
      const beside = ((before[index] as number) + await run(half)) / 2;
      ratios[index]?.push(took / beside);
    }
    return took;
  };

  // The form in which mitata takes the time from the function instead of its own clock;
  // its types lack it.
  const manual = function* () {
    yield { manual: once } as unknown as () => void;
  };
  const stats = await measure(manual, { min_cpu_time: budgetMs * 1e6, gc: collector() });
  return {
    name: subject.name,
    bytes: subject.bytes,
    unit: "ns",
    p50: stats.p50,
    p99: stats.p99,
    samples: stats.samples.length,
    rounds,
    ratios: Object.fromEntries(
      references.map(([name], index) => [name, quantile(ratios[index] as number[], 0.5)]),
    ),
  };
}

/** Warms the code up; then so many rounds that a sample is long enough for the clock. */
async function calibrate(run: Timed, warmUpMs: number): Promise<number> {
  const end = performance.now() + warmUpMs;
  const took: number[] = [];
  for (let rounds = 1; took.length < 5 || performance.now() < end;) {
    const mean = await run(rounds);
    took.push(mean);
    if (mean * rounds < SAMPLE_NS && rounds < ROUNDS_MAX) rounds *= 2;
  }
  const wanted = SAMPLE_NS / quantile(took.slice(-5), 0.5);
  return Math.min(Math.max(Math.round(wanted), 1), ROUNDS_MAX);
}

/** The value below which the given part of `values` is. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

/** Garbage is collected before each measurement, where that can be asked for. */
function collector(): false | (() => void) {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  return gc ?? false;
}
