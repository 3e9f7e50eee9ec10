/**
 * What it costs on Deno that FFI is permitted for this library alone: children with
 * `--allow-ffi=<path>` beside children with `--allow-ffi`, in turn.
 *
 *     deno run -A bench/least_privilege.ts [pairs]
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { capabilities } from "../mod.ts";
import { quantile } from "./sample.ts";

type Costs = Readonly<Record<string, number>>;

const CHILD = fileURLToPath(new URL("./children/permissions.ts", import.meta.url));
const pairs = Number(process.argv[2] ?? 5);

function measure(permission: string): Costs {
  const flags = ["run", "--quiet", "--no-prompt", permission, CHILD];
  const child = spawnSync(process.execPath, flags, { encoding: "utf8" });
  if (child.status === 0) return JSON.parse(child.stdout) as Costs;
  throw new Error(`Cannot measure ${permission}: it ended with ${child.status}: ${child.stderr}`);
}

const all: Costs[] = [];
const alone: Costs[] = [];
for (let pair = 0; pair < pairs; pair++) {
  all.push(measure("--allow-ffi"));
  alone.push(measure(`--allow-ffi=${capabilities().library}`));
}
console.log("| 32-byte secret | --allow-ffi | --allow-ffi=<path> | ratio |");
console.log("| --- | ---: | ---: | ---: |");
for (const name of Object.keys(all[0] as Costs)) {
  const [of, to] = [all, alone].map((costs) => costs.map((cost) => cost[name] as number)) as [
    number[],
    number[],
  ];
  const ratio = quantile(to.map((value, pair) => value / (of[pair] as number)), 0.5);
  const cells = [name, quantile(of, 0.5).toFixed(1), quantile(to, 0.5).toFixed(1)];
  console.log(`| ${cells.join(" | ")} | ${ratio.toFixed(2)}× |`);
}
