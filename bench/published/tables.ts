/**
 * The tables of figures in README.md and docs/benchmarks.md, between marks of their own.
 *
 * @module
 */
import { ALONE, nameOf as nameOfMany } from "../many.ts";
import { OWN_PAGE, WINDOW } from "../references.ts";
import { nameOf as nameOfWorkers, ONE } from "../workers.ts";
import { type Figures, MAPPINGS, RESIDENT, RUNTIMES, type Subject } from "./figures.ts";
import { ratio, ratioOf, rowOf, time, titleOf, whereOf } from "./format.ts";

/** Where a table begins and ends. */
export const BEGIN = "<!-- Written by `npm run plot` from docs/benchmarks.json: -->";
export const END = "<!-- Up to here, by `npm run plot`. -->";

type Cell = (subject: Subject) => string;

const taking = (name: string): Cell => (subject) => time(rowOf(subject, name).p50);
const to = (name: string, reference: string): Cell => (subject) =>
  ratio(ratioOf(subject, name, reference));

const FLOOR: [string, Cell] = ["floor", taking("floor")];
const SHORT: [string, Cell][] = [
  FLOOR,
  ["window on a closed secret", taking("cold window")],
  ["... to the floor", to("cold window", "floor")],
  ["... to Asherah (Go)", to("cold window", "Asherah")],
  ["... to sodium-native", to("cold window", "sodium-native")],
  ["window inside an open one", taking("nested window")],
  ["create and close", taking("create and close")],
  ["... to Asherah", to("create and close", "Asherah")],
  ["... to memguard (Go)", to("create and close", "memguard")],
  ["... to sodium-native", to("create and close", "sodium-native")],
  ["import and first secret, processor time", milliseconds],
];

const LONG: [string, Cell][] = [
  ...SHORT,
  ["`open()` and dispose, to the floor", to("open and dispose", "floor")],
  ["`readInto`, to the floor", to("readInto", "floor")],
  ["`equals` with bytes, to the floor", to("equals bytes", "floor")],
  ["window on `secretmem`, to `locked`", to("cold window on secretmem", "locked")],
  ["create and close on `secretmem`, to `locked`", to("create and close on secretmem", "locked")],
  [
    "create, view and close, with the quarantine of views to without",
    to("create, view, close into quarantine", "without a view"),
  ],
  ["sodium-native's own window, to the floor", to("sodium-native cold window", "floor")],
  ["sodium-native's own create and close", taking("sodium-native create and close")],
];

const PKEY = "cold window under pkey";
const INSTRUCTIONS: [string, Cell][] = [
  ["floor", counting("floor")],
  ["window under `pkey`", counting(PKEY)],
  ["... to the floor", to(PKEY, "floor")],
  ["nested window under `pkey`", counting("nested window under pkey")],
  [
    "windows in turn on twice as many secrets as keys, to the floor",
    to(`${PKEY}, twice as many secrets as keys`, "floor"),
  ],
];

function milliseconds(subject: Subject): string {
  return `${rowOf(subject, "first secret").p50.toFixed(1)} ms`;
}

function counting(name: string): Cell {
  return (subject) => rowOf(subject, name).p50.toLocaleString("en-US");
}

function markdown(
  heading: string,
  subjects: Figures["runtimes"],
  rows: readonly [string, Cell][],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line([heading, ...RUNTIMES.map((name) => titleOf(name, subjects[name]))]),
    line(["---", ...RUNTIMES.map(() => "---:")]),
    ...rows.map(([title, cell]) => line([title, ...RUNTIMES.map((name) => cell(subjects[name]))])),
  ].join("\n");
}

/** README's part. */
export function shortTable(figures: Figures): string {
  return [
    BEGIN,
    `${whereOf(figures)}. Medians; a ratio is the median over samples in which both ran.`,
    "",
    markdown("32-byte secret", figures.runtimes, SHORT),
    END,
  ].join("\n");
}

/** Where the table of scale begins; it ends as the others do. */
export const SCALE_BEGIN = "<!-- Written by `npm run plot` from docs/benchmarks.json, scale: -->";

const [SEALING, PLAIN] = ["create and close in a sealing pool", "create and close in a pool"];

const SCALE: [string, Cell][] = [
  ["resident memory of each of 1,000,000 secrets, JavaScript's included", bytes(RESIDENT)],
  ["mappings of a process with 1,000,000, the engine's included", count(MAPPINGS)],
  ["window with 1,000,000 alive, to that with one", to(nameOfMany(1_000_000), ALONE)],
  [
    "window on a secret of a pool, to one with its own page",
    to("window on a pool's secret", OWN_PAGE),
  ],
  [
    "`pool.withBytes` of three on one page, to one window",
    to("pool.withBytes of three secrets", WINDOW),
  ],
  ["create and close in a pool", taking(PLAIN)],
  ["create and close in a pool that seals", taking(SEALING)],
  ["... to Asherah", to(SEALING, "Asherah")],
  ["... to memguard", to(SEALING, "memguard")],
  ["... to sodium-native", to(SEALING, "sodium-native")],
  ["`enclave.withBytes`, cold", taking("enclave, cold")],
  ["... to memguard's `Enclave.Open` and `Destroy`", to("enclave, cold", "memguard")],
  ["... beyond a window, to the floor", beyondWindow],
  ["`enclave.withBytes`, hot, to a window", to("enclave, hot", WINDOW)],
  ...([2, 4, 8] as const).map((size): [string, Cell] => [
    `throughput of ${size} Workers to one; bare calls in as many threads; all on one secret`,
    (subject) =>
      (["own", "floor", "shared"] as const)
        .map((kind) => ratio(1 / ratioOf(subject, nameOfWorkers(kind, size), ONE)))
        .join("; "),
  ]),
];

function bytes(name: string): Cell {
  return (subject) => `${Math.round(rowOf(subject, name).p50)} B`;
}

function count(name: string): Cell {
  return (subject) => rowOf(subject, name).p50.toLocaleString("en-US");
}

/** What a cold enclave costs beyond a window, in floors. */
function beyondWindow(subject: Subject): string {
  const [toFloor, toWindow] = ["floor", WINDOW].map((of) => ratioOf(subject, "enclave, cold", of));
  return ratio((toFloor as number) * (1 - 1 / (toWindow as number)));
}

/** README's part about scale. */
export function scaleTable(figures: Figures): string {
  return [
    SCALE_BEGIN,
    markdown("32-byte secrets", figures.runtimes, SCALE),
    END,
  ].join("\n");
}

/** The part of docs/benchmarks.md. */
export function longTables(figures: Figures): string {
  const { peers, runtimes, instructions } = figures;
  const peer = (name: string) => time(rowOf(peers, name).p50);
  const stripping = rowOf(runtimes.node, "first secret, from sources").p50;
  return [
    BEGIN,
    `${whereOf(figures)}.`,
    "",
    markdown("32-byte secret", runtimes, LONG),
    "",
    "The peers by themselves:",
    "",
    "| peer | operation | median |",
    "| --- | --- | ---: |",
    `| Go | floor | ${peer("floor")} |`,
    `| Asherah | window on a closed secret | ${peer("Asherah cold window")} |`,
    `| Asherah | ... to its own floor | ${ratio(ratioOf(peers, "Asherah cold window", "floor"))} |`,
    `| Asherah | window inside an open one | ${peer("Asherah nested window")} |`,
    `| Asherah | create and close | ${peer("Asherah create and close")} |`,
    `| memguard | create and destroy | ${peer("memguard create and close")} |`,
    "",
    `Their versions: ${peers.version}.`,
    "",
    `The first secret is measured on what users have: the bundle from npm on Bun and Node, the sources ` +
    `from JSR on Deno. Node, which strips the types of sources at each start, takes ` +
    `${stripping.toFixed(0)} ms with those.`,
    "",
    markdown("instructions, 32-byte secret", instructions, INSTRUCTIONS),
    END,
  ].join("\n");
}

/** A document with the part between the marks written anew; throws where it has none. */
export function withPart(document: string, part: string): string {
  const from = document.indexOf(part.split("\n", 1)[0] as string);
  const end = from === -1 ? -1 : document.indexOf(END, from);
  if (end === -1) throw new Error("The document has no marks for the figures");
  return document.slice(0, from) + part + document.slice(end + END.length);
}

/** Which documents have which parts. */
export const PARTS: readonly (readonly [file: string, part: (figures: Figures) => string])[] = [
  ["README.md", shortTable],
  ["README.md", scaleTable],
  ["docs/benchmarks.md", longTables],
];
