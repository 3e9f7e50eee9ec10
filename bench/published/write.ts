/**
 * Writes docs/benchmarks.svg, docs/scale.svg and the tables of figures from docs/benchmarks.json; with
 * `--take`, that file from bench/results before.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Report } from "../report.ts";
import { type Figures, figuresOf, instructionsOf } from "./figures.ts";
import { plot } from "./plot.ts";
import { scalePlot } from "./scale.ts";
import { PARTS, withPart } from "./tables.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const read = (relative: string) => readFileSync(path(relative), "utf8");

const FIGURES = "docs/benchmarks.json";
const INSTRUCTIONS = "bench/results/instructions.txt";

function take(): void {
  const report = (name: string) => JSON.parse(read(`bench/results/${name}.json`)) as Report;
  // They come from another machine, and may be of another day: those that were there stay.
  const instructions = existsSync(path(INSTRUCTIONS))
    ? instructionsOf(read(INSTRUCTIONS))
    : (JSON.parse(read(FIGURES)) as Figures).instructions;
  const reports = { bun: report("bun"), deno: report("deno"), node: report("node") };
  const figures = figuresOf(reports, report("peers"), instructions, isGuest());
  writeFileSync(path(FIGURES), `${JSON.stringify(figures, null, 2)}\n`);
}

/** A processor says so where a hypervisor stands under it: times there are ratios at best. */
function isGuest(): boolean {
  return existsSync("/proc/cpuinfo") && / hypervisor\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
}

if (process.argv.includes("--take")) take();
const figures = JSON.parse(read(FIGURES)) as Figures;
writeFileSync(path("docs/benchmarks.svg"), plot(figures));
writeFileSync(path("docs/scale.svg"), scalePlot(figures));
for (const [file, part] of PARTS) {
  writeFileSync(path(file), withPart(read(file), part(figures)));
}
