/**
 * Turns the reports in bench/results into one page of tables, printed and written to
 * bench/results/table.md.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Deno } from "./deno.ts";
import { AES_GCM, COLD_HMAC, CREATE_HMAC } from "./keyed.ts";
import { ALONE } from "./many.ts";
import { OWN_PAGE, WINDOW } from "./references.ts";
import { WITHOUT_VIEW } from "./quarantine.ts";
import type { Report, Row } from "./report.ts";
import { LOCKED, MPROTECT } from "./rungs.ts";
import { type Verdict, verdicts } from "./targets.ts";
import { ONE } from "./workers.ts";

const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));
const RUNTIMES = ["bun", "deno", "node"];

/** The report of one subject, if it was measured. */
function read(subject: string): Report | undefined {
  const path = `${RESULTS}${subject}.json`;
  return existsSync(path) ? JSON.parse(Deno.readTextFileSync(path)) as Report : undefined;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => index === 0 ? "---" : "---:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Three digits and a unit that keeps them readable. */
function amount(value: number, unit: Row["unit"] | string): string {
  if (unit === "ns" && value >= 1e6) return `${digits(value / 1e6)} ms`;
  if (unit === "ns" && value >= 1e3) return `${digits(value / 1e3)} µs`;
  return unit === "×" ? `${value.toFixed(2)}×` : `${digits(value)} ${unit}`;
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function cell(row: Row | undefined): string {
  if (row === undefined) return "";
  const times = row.p50 === row.p99
    ? amount(row.p50, row.unit)
    : `${amount(row.p50, row.unit)} / ${amount(row.p99, row.unit)}`;
  const ratios = Object.entries(row.ratios).filter(([name]) => OURS.has(name)).map(
    ([name, ratio]) => `${ratio.toFixed(2)}×${name === "floor" ? "" : ` ${name}`}`,
  );
  return ratios.length === 0 ? times : `${times} (${ratios.join(", ")})`;
}

/** References that are no peers. */
const OURS: ReadonlySet<string> = new Set([
  ...["floor", WITHOUT_VIEW, LOCKED, MPROTECT],
  ...[CREATE_HMAC, COLD_HMAC, AES_GCM, ONE, OWN_PAGE, WINDOW, ALONE],
]);

/** The peer that comes out best against this row, and by how much. */
function bestPeer(row: Row | undefined): string {
  const peers = Object.entries(row?.ratios ?? {}).filter(([name]) => !OURS.has(name));
  const [best] = peers.toSorted(([, a], [, b]) => b - a);
  return best === undefined ? "" : `${best[1].toFixed(2)}× ${best[0]}`;
}

function size(bytes: number): string {
  if (bytes >= 1 << 20) return `${bytes >> 20} MiB`;
  return bytes >= 1 << 10 ? `${bytes >> 10} KiB` : `${bytes} B`;
}

/** Operations by runtime. */
function operations(reports: readonly Report[]): string {
  const keys = new Map<string, { name: string; bytes: number }>();
  for (const { rows } of reports) {
    for (const { name, bytes } of rows) keys.set(`${name}, ${size(bytes)}`, { name, bytes });
  }
  const lines = [...keys].map(([key, { name, bytes }]) => {
    const rows = reports.map(({ rows }) =>
      rows.find((row) => row.name === name && row.bytes === bytes)
    );
    return [key, ...rows.flatMap((row) => [cell(row), bestPeer(row)])];
  });
  const head = reports.flatMap(({ subject, version }) => [`${subject} ${version}`, "to best peer"]);
  return table(["p50 / p99 (to the floor)", ...head], lines);
}

function targets(all: readonly Verdict[]): string {
  return table(
    ["target", "runtime", "measured", "at most", ""],
    all.map(({ target, runtime, measured, limit, unit, reached }) => [
      target,
      runtime,
      amount(measured, unit),
      amount(limit, unit),
      reached ? "reached" : "**missed**",
    ]),
  );
}

function page(reports: readonly Report[], peers: Report | undefined): string {
  const all = peers === undefined ? reports : [...reports, peers];
  const first = all[0];
  if (first === undefined) return "Nothing was measured yet: run `npm run bench`\n";
  const { machine } = first;
  const skipped = all.flatMap((report) =>
    report.skipped.map(({ what, why }) => `- skipped on ${report.subject}: ${what}: ${why}`)
  );
  const verdict = reports.flatMap(verdicts);
  const missed = verdict.filter(({ reached }) => !reached).length;
  const loads = all.map(({ subject, machine }) => `${subject} ${machine.load.toFixed(1)}`);
  return [
    "# Benchmarks",
    "",
    `${machine.cpu}, ${machine.cores} cores, ${machine.os} ${machine.arch}, ${machine.kernel}; ` +
    `${first.date}; load before: ${loads.join(", ")}${first.quick ? "; a quick run" : ""}.`,
    "",
    "The floor is two bare mprotect calls around one read, in a native loop in the same " +
    "process. A ratio is the median over samples in which both ran, moments apart; p50 and p99 " +
    "are over samples that are each the mean of many calls. `to best peer`: below 1 is faster.",
    "",
    operations(reports),
    "",
    ...(peers === undefined ? [] : [
      `Peers by themselves (${peers.version}):`,
      "",
      table(["p50 / p99 (to the floor)", "peers"], peers.rows.map((row) => [row.name, cell(row)])),
      "",
    ]),
    `Targets: ${verdict.length - missed} reached, ${missed} missed, ${skipped.length} skipped`,
    "",
    targets(verdict),
    "",
    ...skipped,
    "",
  ].join("\n");
}

const text = page(RUNTIMES.map(read).filter((report) => report !== undefined), read("peers"));
Deno.mkdirSync(RESULTS, { recursive: true });
Deno.writeTextFileSync(`${RESULTS}table.md`, text);
console.log(text);
