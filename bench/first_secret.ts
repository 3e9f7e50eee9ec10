/**
 * What the first secret costs a process that starts: processor time (user and system) of
 * a script that imports the library and makes one secret, less that of an empty script. The
 * library is what users have: on Bun and Node the package's bundle, on Deno the sources, as
 * from JSR. On Bun and Node the sources are measured, too.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Row, runtime } from "./report.ts";
import { quantile } from "./sample.ts";

const FLAGS = {
  bun: [],
  // What README says, and what the children need to tell their time.
  deno: ["run", "--allow-ffi", "--allow-sys", "--quiet"],
  node: ["--no-warnings"],
} as const;

/** Starts the scripts in turn, `pairs` times each. */
export async function firstSecretRows(pairs: number): Promise<Row[]> {
  if (runtime().name === "deno") return measure("empty.ts", "first.ts", pairs, "");
  const { bundlePackage } = await import("./bundle.ts");
  await bundlePackage();
  return [
    ...measure("empty.mjs", "bundled.mjs", pairs, ""),
    ...measure("empty.ts", "first.ts", pairs, ", from sources"),
  ];
}

function measure(empty: string, first: string, pairs: number, suffix: string): Row[] {
  // Once before it counts: Deno keeps what it compiled.
  start(empty);
  start(first);
  const starts: number[] = [];
  const added: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [before, with1, after] = [start(empty), start(first), start(empty)];
    starts.push(before, after);
    added.push(with1 - (before + after) / 2);
  }
  return [row(`runtime's own start${suffix}`, starts), row(`first secret${suffix}`, added)];
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
