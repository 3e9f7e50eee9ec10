/**
 * What a benchmark run writes: one file per runtime, and one for the peers.
 *
 * @module
 */
import process from "node:process";
import { cpus, totalmem, version } from "node:os";
import { capabilities } from "../mod.ts";
import { Deno } from "./deno.ts";

/** One operation, measured. */
export interface Row {
  /** What was done, such as `cold window`. */
  readonly name: string;
  /** Length of the secret. */
  readonly bytes: number;
  readonly unit: "ns" | "ms" | "bytes" | "mappings";
  /** Median over the samples; a sample is the mean of `rounds` calls in a row. */
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
  readonly rounds: number;
  /** Median of what this took over what something else took beside it, in the same sample. */
  readonly ratios: { readonly [reference: string]: number };
}

/** Where it was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly pageBytes: number;
  readonly os: string;
  readonly arch: string;
  readonly kernel: string;
  /** Other work that disturbed it: the load average of the minute before. */
  readonly load: number;
}

/** One file of `bench/results`. */
export interface Report {
  /** `bun`, `deno`, `node` or `peers`. */
  readonly subject: string;
  readonly version: string;
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  /** What could not be measured, and why. */
  readonly skipped: readonly Skipped[];
}

/** Something that is not there. */
export interface Skipped {
  readonly what: string;
  readonly why: string;
}

/** This machine. */
export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryBytes: totalmem(),
    pageBytes: capabilities().pageSize,
    os: Deno.build.os,
    arch: Deno.build.arch,
    kernel: `${Deno.osRelease()} ${version()}`,
    load: Deno.loadavg()[0] ?? 0,
  };
}

/** The runtime that runs this. */
export function runtime(): { readonly name: "bun" | "deno" | "node"; readonly version: string } {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return { name: "bun", version: bun };
  if (deno !== undefined) return { name: "deno", version: deno };
  return { name: "node", version: node };
}
