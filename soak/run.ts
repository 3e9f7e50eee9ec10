/**
 * A soak, from its start to what it found.
 *
 * @module
 */
import { performance } from "node:perf_hooks";
import { Enclave, purge, Secret, SecretPool, stats } from "../mod.ts";
import { type Outcome, sum } from "./counts.ts";
import { Crew } from "./crew.ts";
import { loadFaults, NO_FAULTS } from "./faults.ts";
import { makePool } from "./operations.ts";
import type { Options } from "./options.ts";
import { growing, type Usage, usage } from "./usage.ts";

/** All that is known after a run. */
export interface Result {
  readonly outcome: Outcome;
  /** Calls that were made to fail, by name. */
  readonly faults: Readonly<Record<string, number>>;
  readonly samples: readonly Usage[];
  readonly seconds: number;
  /** Secrets that nobody closed, and that were left after a collection. */
  readonly uncollected: number;
  /** Why the run has failed; nothing if it has not. */
  readonly problems: readonly string[];
}

/** At most so many samples of what the process uses; and no more often than this. */
const SAMPLES_MAX = 240;
const SAMPLE_MS_LEAST = 100;
/** In a shorter run, code is still being compiled: its lines cannot be flat. */
const JUDGED_SECONDS = 10;
/** Rounds of collecting at the end. */
const COLLECT_ROUNDS = 20;
/** Engines may keep some things that nothing refers to: those that look alive on a stack. */
const UNCOLLECTED_PART = 0.02;
const UNCOLLECTED_LEAST = 3;

/** Soaks. */
export async function soak(options: Options): Promise<Result> {
  warmUp();
  const faults = options.faults ? loadFaults() : NO_FAULTS;
  const pools = (["pool", "sealing pool"] as const).map((name) => ({ name, pool: makePool(name) }));
  const start = {
    seed: options.seed,
    workers: options.workers,
    faults: options.faults,
    pools: pools.map(({ name, pool }) => ({ name, shared: pool.share() })),
  };
  const crew = await Crew.start(
    Array.from({ length: options.workers }, (_, index) => ({ ...start, index })),
  );
  const { samples, seconds } = await working(crew, options);
  faults.stop();
  const outcome = await crew.finish();
  for (const { pool } of pools) pool.close();
  const uncollected = await crew.collect(COLLECT_ROUNDS);
  const grown = seconds < JUDGED_SECONDS ? [] : growing(samples);
  const problems = [...outcome.wrong, ...grown, ...leftOver(outcome, uncollected)];
  const failed = faults.failed();
  if (options.faults && sum(failed) === 0) problems.push("Not a single fault was injected");
  await crew.end();
  return { outcome, faults: failed, samples, seconds, uncollected, problems };
}

/** What every process that uses the library has is there before the first sample. */
function warmUp(): void {
  using secret = Secret.random(32);
  secret.withBytes((bytes) => bytes[0]);
  using pool = new SecretPool();
  pool.random(32).close();
  Enclave.seal(new Uint8Array(32)).close();
}

async function working(
  crew: Crew,
  { minutes, operations }: Options,
): Promise<{ samples: Usage[]; seconds: number }> {
  const begin = performance.now();
  const since = () => (performance.now() - begin) / 1000;
  const samples: Usage[] = [];
  const every = Math.max(minutes * 60_000 / SAMPLES_MAX, SAMPLE_MS_LEAST);
  const timer = setInterval(() => samples.push(usage(since())), every);
  try {
    await crew.work(operations, () => since() < minutes * 60);
  } finally {
    clearInterval(timer);
  }
  return { samples, seconds: since() };
}

/** Everything was closed, or lost and collected: nothing may be left. */
function leftOver({ operations }: Outcome, uncollected: number): string[] {
  const found: string[] = [];
  const lost = Object.entries(operations)
    .reduce((total, [name, number]) => total + (name.startsWith("forget") ? number : 0), 0);
  if (uncollected > Math.max(UNCOLLECTED_LEAST, lost * UNCOLLECTED_PART)) {
    found.push(`${uncollected} secrets are in use after all were closed, and ${lost} collected`);
  }
  if (uncollected > 0) purge();
  const { inUse, openWindows } = stats();
  if (inUse !== 0) found.push(`${inUse} secrets are in use at the end`);
  if (openWindows !== 0) found.push(`${openWindows} windows are open at the end`);
  return found;
}
