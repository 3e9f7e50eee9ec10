/**
 * What a soak says at its end: for people, and as data.
 *
 * @module
 */
import { cpus, release } from "node:os";
import process from "node:process";
import { type Counts, sorted, sum } from "./counts.ts";
import type { Options } from "./options.ts";
import type { Result } from "./run.ts";
import type { Usage } from "./usage.ts";

/** What soak.json holds. */
export interface Report {
  readonly date: string;
  /** Processor, cores and kernel, in words. */
  readonly machine: string;
  /** Such as `bun 1.4.5`. */
  readonly runtime: string;
  readonly seed: number;
  readonly workers: number;
  readonly seconds: number;
  readonly operations: Counts;
  readonly faults: Counts;
  readonly errors: Counts;
  readonly gone: Counts;
  readonly uncollected: number;
  readonly problems: readonly string[];
  readonly samples: readonly Usage[];
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun ${bun}`;
  return deno !== undefined ? `deno ${deno}` : `node ${node}`;
}

/** Largest first. */
function ordered(counts: Counts): Counts {
  return Object.fromEntries(sorted(counts));
}

/** Puts a result and what it was asked for into one. */
export function reportOf({ seed, workers }: Options, result: Result): Report {
  const { operations, errors, gone } = result.outcome;
  const all = cpus();
  // The kernel's own number: what a build adds to it says nothing to a reader.
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? "";
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${all[0]?.model ?? "unknown"}, ${all.length} cores, ${process.platform} ${kernel}`,
    runtime: runtime(),
    seed,
    workers,
    seconds: Math.round(result.seconds),
    operations: ordered(operations),
    faults: ordered(result.faults),
    errors: ordered(errors),
    gone: ordered(gone),
    uncollected: result.uncollected,
    problems: result.problems,
    samples: result.samples,
  };
}

function list(title: string, counts: Counts): string[] {
  const lines = sorted(counts).map(([name, number]) =>
    `${number.toLocaleString("en-US").padStart(12)}  ${name}`
  );
  return ["", `${title}: ${sum(counts).toLocaleString("en-US")}`, ...lines];
}

/** For a terminal. */
export function textOf(report: Report): string {
  const { problems, samples } = report;
  const last = samples[samples.length - 1];
  return [
    `${report.runtime}, ${report.workers} Workers, seed ${report.seed}, ${report.seconds} s`,
    ...list("Operations", report.operations),
    ...list("System calls made to fail", report.faults),
    ...list("Errors thrown, all typed", report.errors),
    ...list("Gone after an error, or closed by another Worker", report.gone),
    "",
    `Lost without closing, and not collected at the end: ${report.uncollected}`,
    ...(last === undefined ? [] : [
      `Last: ${last.residentBytes >> 20} MiB resident, ${last.mappings} mappings, ` +
      `${last.lockedBytes >> 10} KiB locked, ${last.descriptors} descriptors`,
    ]),
    "",
    ...(problems.length === 0 ? ["No problem was found"] : ["PROBLEMS:", ...problems]),
  ].join("\n");
}
