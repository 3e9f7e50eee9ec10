/**
 * What the process holds of the system, as the kernel counts it. Linux only.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { stats } from "../mod.ts";

/** At one time. */
export interface Usage {
  /** Since the start of the run. */
  readonly seconds: number;
  readonly residentBytes: number;
  readonly mappings: number;
  /** Bytes that the library has locked. */
  readonly lockedBytes: number;
  readonly descriptors: number;
}

/** Now. */
export function usage(seconds: number): Usage {
  const resident = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return {
    seconds: Number(seconds.toFixed(2)),
    residentBytes: Number(resident) * 1024,
    mappings: readFileSync("/proc/self/maps", "utf8").trimEnd().split("\n").length,
    lockedBytes: stats().lockedBytes,
    descriptors: readdirSync("/proc/self/fd").length,
  };
}

/** The lines that a run has to keep flat, with what may come and go on each. */
export const LINES = [
  // Collectors let garbage grow, and give memory back late.
  { name: "residentBytes", title: "Resident memory", slack: 32 << 20, part: 0.15 },
  { name: "mappings", title: "Mappings", slack: 400, part: 0.15 },
  { name: "lockedBytes", title: "Locked memory", slack: 1 << 20, part: 0.15 },
  { name: "descriptors", title: "Open descriptors", slack: 6, part: 0 },
] as const;

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Lines that grew in the second half: in words; none if all were flat. */
export function growing(samples: readonly Usage[]): string[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const third = half.slice(0, Math.ceil(half.length / 2));
  const fourth = half.slice(third.length);
  if (third.length === 0 || fourth.length === 0) return ["There are too few samples to judge"];
  return LINES.flatMap(({ name, title, slack, part }) => {
    const [before, after] = [third, fourth].map((of) => median(of.map((sample) => sample[name])));
    if (before === undefined || after === undefined) return [];
    if (after <= before * (1 + part) + slack) return [];
    return [`${title} grew in the last quarter, from ${before} to ${after}`];
  });
}
