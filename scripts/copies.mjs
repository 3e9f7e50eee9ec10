/**
 * Counts copies of a key in processes that keep it as a string, as an array and as a Secret,
 * on each runtime, and writes docs/copies.json and the tables of docs/faq.md and README.md:
 *
 *     npm run copies             counts and writes; Linux, with the right to trace
 *     npm run copies -- --write  writes the tables from what was counted
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

const flags = process.argv.slice(2);
if (flags.some((flag) => flag !== "--write")) {
  console.error(`copies: there is no "${flags.join(" ")}": --write, or nothing`);
  process.exit(2);
}
/** Garbage is collected on demand. Bun does that anyway. */
const FLAGS = { bun: [], deno: ["--v8-flags=--expose-gc"], node: ["--expose-gc"] };
const commands = Object.fromEntries(
  Object.entries(FLAGS).map(([name, own]) => [name, command(name, ...own)]),
);
const args = flags.includes("--write") ? [] : [JSON.stringify(commands)];
const [program, ...rest] = command("bun", `${ROOT}bench/copies/write.ts`, ...args);
process.exit(spawnSync(program, rest, { stdio: "inherit" }).status ?? 1);
