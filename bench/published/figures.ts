/**
 * The figures that README.md, docs/benchmarks.md and the plot show: taken from a run's reports
 * in bench/results, which git ignores, and kept in docs/benchmarks.json, which it does not.
 *
 * @module
 */
import { COUNTS, nameOf as nameOfMany } from "../many.ts";
import type { Report, Row } from "../report.ts";
import { KINDS } from "../worker_kinds.ts";
import { nameOf as nameOfWorkers, SIZES } from "../workers.ts";

/** One operation: its median in nanoseconds (milliseconds for starts), and what it is to others. */
export interface Figure {
  readonly p50: number;
  /** Median of what this took over what the other took beside it, in the same sample. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** What one process measured. */
export interface Subject {
  readonly version: string;
  readonly rows: Readonly<Record<string, Figure>>;
}

/** The runtimes, in the order in which they are shown. */
export const RUNTIMES = ["bun", "deno", "node"] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** What docs/benchmarks.json holds. */
export interface Figures {
  /** The day of the run. */
  readonly date: string;
  /** Processor, cores and kernel, in words. */
  readonly machine: string;
  readonly runtimes: Readonly<Record<RuntimeName, Subject>>;
  readonly peers: Subject;
  /** Instructions in an emulated machine: see bench/instructions.ts. */
  readonly instructions: Readonly<Record<RuntimeName, Subject>>;
}

/** Of these rows the last one is for as many secrets as there are. */
const MOST = (COUNTS[COUNTS.length - 1] as number).toLocaleString("en-US");
export const RESIDENT = `resident memory per secret of ${MOST}`;
export const MAPPINGS = `mappings with ${MOST} secrets`;

/** Rows on 32 bytes that are shown somewhere. */
const SHOWN: readonly string[] = [
  "locked memory per secret",
  "memguard locked memory per secret",
  "memguard Enclave open and destroy",
  "create and close in a pool",
  "create and close in a sealing pool",
  "window on a pool's secret",
  "pool.withBytes of three secrets",
  "enclave, cold",
  "enclave, hot",
  ...COUNTS.map(nameOfMany),
  RESIDENT,
  MAPPINGS,
  ...SIZES.flatMap((size) => KINDS.map((kind) => nameOfWorkers(kind, size))),
  "floor",
  "cold window",
  "nested window",
  "open and dispose",
  "readInto",
  "equals bytes",
  "create and close",
  "create, view, close into quarantine",
  "cold window on secretmem",
  "create and close on secretmem",
  "sodium-native cold window",
  "sodium-native create and close",
  "first secret",
  "first secret, from sources",
  "Asherah cold window",
  "Asherah nested window",
  "Asherah create and close",
  "memguard create and close",
];

/** The figures of a run. */
export function figuresOf(
  reports: Readonly<Record<RuntimeName, Report>>,
  peers: Report,
  instructions: Figures["instructions"],
  isGuest: boolean,
): Figures {
  const { cpu, cores, arch, kernel } = reports.bun.machine;
  // The kernel's own number: what a build adds to it says nothing to a reader.
  const release = /^\d+\.\d+/.exec(kernel)?.[0] ?? kernel;
  const quick = [...Object.values(reports), peers].find((report) => report.quick);
  if (quick !== undefined) {
    throw new RangeError(`Cannot show a quick run: run npm run bench, ${quick.subject} was quick`);
  }
  return {
    date: peers.date.slice(0, 10),
    machine: `${cpu}, ${cores} cores, Linux ${release} ${arch}${
      isGuest ? ", a virtual machine" : ""
    }`,
    runtimes: {
      bun: subject(reports.bun),
      deno: subject(reports.deno),
      node: subject(reports.node),
    },
    peers: subject(peers),
    instructions,
  };
}

function subject({ version, rows }: Report): Subject {
  const shown = rows.filter(({ name, bytes }) => bytes === 32 && SHOWN.includes(name));
  return { version, rows: Object.fromEntries(shown.map((row) => [row.name, figure(row)])) };
}

function figure({ p50, ratios }: Row): Figure {
  const rounded = Object.entries(ratios).map(([name, ratio]) => [name, digits(ratio)]);
  return { p50: digits(p50), ratios: Object.fromEntries(rounded) };
}

/** Two more digits than are shown, so that rounding twice is rounding once. */
function digits(value: number): number {
  return Number(value.toPrecision(5));
}

/** Reads what bench/instructions.ts printed, on all three runtimes, one after the other. */
export function instructionsOf(text: string): Figures["instructions"] {
  const found = new Map<string, Subject>();
  for (const part of text.split(/^(?=\w+ [\d.]+: instructions)/m)) {
    const heading = /^(\w+) ([\d.]+): instructions/.exec(part);
    if (heading === null) continue;
    const rows = part.split("\n").slice(1).map(instructionRow).filter((row) => row !== undefined);
    found.set(heading[1] as string, {
      version: heading[2] as string,
      rows: Object.fromEntries(rows),
    });
  }
  const of = (name: RuntimeName): Subject => {
    const subject = found.get(name);
    if (subject !== undefined) return subject;
    throw new RangeError(`Cannot read the instructions: there are none of ${name}`);
  };
  return { bun: of("bun"), deno: of("deno"), node: of("node") };
}

/** `cold window under pkey, 859, 0.157 x floor, 0.129 x mprotect`; the name may have commas. */
function instructionRow(line: string): [string, Figure] | undefined {
  const parts = /^(.+?), (\d+)((?:, [\d.]+ x [\w-]+)*)$/.exec(line);
  if (parts === null) return undefined;
  const [, name, p50, beside] = parts as unknown as [string, string, string, string];
  const ratios = [...beside.matchAll(/([\d.]+) x ([\w-]+)/g)].map((
    [, ratio, of],
  ) => [of, Number(ratio)]);
  return [name, { p50: Number(p50), ratios: Object.fromEntries(ratios) }];
}
