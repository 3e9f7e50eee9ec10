/**
 * Runs the benchmarks of each runtime in turn, then prints the tables:
 *
 *     npm run bench -- [bun] [deno] [node] [peers] [table] [--quick]
 *
 * Never fails because of a number. Takes about three minutes; --quick 40 seconds.
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { command, ROOT } from "./toolchain.mjs";

const STEPS = ["peers", "bun", "deno", "node", "table"];

/** Garbage collection on demand, between measurements. Bun has it anyway. */
const FLAGS = { bun: [], deno: ["--v8-flags=--expose-gc"], node: ["--expose-gc"] };

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
for (const name of [...named, ...flags]) {
  if (STEPS.includes(name) || name === "--quick") continue;
  console.error(`bench: there is no "${name}": ${STEPS.join(", ")}, --quick`);
  process.exit(2);
}

function commandOf(step) {
  if (step === "table") return command("node", "bench/table.ts");
  if (step === "peers") return command("node", "bench/peers.bench.ts", ...flags);
  return command(step, ...FLAGS[step], "bench/secret.bench.ts", ...flags);
}

for (const step of STEPS) {
  if (named.length > 0 && !named.includes(step) && step !== "table") continue;
  if (step !== "table") console.error(`bench: ${step} (load ${loadavg()[0].toFixed(1)})`);
  const [program, ...args] = commandOf(step);
  const { status, signal } = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", 1, 2] });
  if (status === 0) continue;
  console.error(`bench: ${step} ended with ${signal ?? status}`);
  process.exit(1);
}
