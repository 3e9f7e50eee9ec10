/**
 * What the first secret costs a process that starts: processor time (user and system) of
 * a script that imports the library and makes one secret, less that of an empty script.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Row, runtime } from "./report.ts";
import { quantile } from "./sample.ts";

const FLAGS = { bun: [], deno: ["run", "-A", "--quiet"], node: ["--no-warnings"] } as const;

/** Starts both scripts in turn, `pairs` times. */
export function firstSecretRows(pairs: number): Row[] {
  // Once before it counts: Deno keeps what it compiled.
  start("empty.ts");
  start("first.ts");
  const empty: number[] = [];
  const added: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [before, first, after] = [start("empty.ts"), start("first.ts"), start("empty.ts")];
    empty.push(before, after);
    added.push(first - (before + after) / 2);
  }
  return [row("runtime's own start", empty), row("first secret, beyond the start", added)];
}

function row(name: string, values: number[]): Row {
  return {
    name,
    bytes: 32,
    unit: "ms",
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    samples: values.length,
    rounds: 1,
    ratios: {},
  };
}

/** Milliseconds of processor time that a child reports. */
function start(script: string): number {
  const path = fileURLToPath(new URL(`./children/${script}`, import.meta.url));
  const child = spawnSync(process.execPath, [...FLAGS[runtime().name], path], { encoding: "utf8" });
  const spent = Number.parseFloat(child.stdout);
  if (child.status === 0 && spent > 0) return spent;
  throw new Error(`Cannot measure ${script}: it ended with ${child.status}: ${child.stderr}`);
}
