/**
 * Draws docs/benchmarks.svg, and writes the tables of figures in README.md and
 * docs/benchmarks.md, all from docs/benchmarks.json:
 *
 *     npm run plot              draws and writes
 *     npm run plot -- --take    takes the figures from bench/results first (npm run bench)
 *
 * Instructions come from bench/results/instructions.txt, where it is there: what
 * `node scripts/emulated.mjs --icount -- bun bench/instructions.ts` prints, and the same for
 * deno and node after it.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

const flags = process.argv.slice(2);
if (flags.some((flag) => flag !== "--take")) {
  console.error(`plot: there is no "${flags.join(" ")}": --take, or nothing`);
  process.exit(2);
}
const [program, ...args] = command("bun", `${ROOT}bench/published/write.ts`, ...flags);
process.exit(spawnSync(program, args, { stdio: "inherit" }).status ?? 1);
