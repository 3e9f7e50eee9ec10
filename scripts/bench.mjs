/**
 * Runs the benchmarks of each runtime in turn, then prints the tables:
 *
 *     npm run bench -- [bun] [deno] [node] [peers] [table] [--quick]
 *     npm run bench -- --pkey    instead: Workers with protection keys, in an emulated machine where
 *                                this one has none
 *
 * Never fails because of a number. Takes about three minutes; --quick 40 seconds.
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { emulate } from "./emulated/machine.mjs";
import { HAS_KEYS } from "./emulated/suite.mjs";
import { command, ROOT } from "./toolchain.mjs";

const STEPS = ["peers", "bun", "deno", "node", "table"];

/** Garbage collection on demand, between measurements. Bun has it anyway. */
const FLAGS = { bun: [], deno: ["--v8-flags=--expose-gc"], node: ["--expose-gc"] };

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (flags.includes("--pkey")) process.exit(await throughputUnderKeys());
for (const name of [...named, ...flags]) {
  if (STEPS.includes(name) || name === "--quick") continue;
  console.error(`bench: there is no "${name}": ${STEPS.join(", ")}, --quick`);
  process.exit(2);
}

/** A machine that is emulated needs half a minute for it; one that hangs is ended. */
async function throughputUnderKeys() {
  if (HAS_KEYS) {
    const [program, ...args] = command("bun", "bench/throughput.ts");
    return spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", 1, 2] }).status ?? 1;
  }
  return await emulate(["bun", "bench/throughput.ts", "--brief"], { cpus: "2", timeout: 300 });
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
