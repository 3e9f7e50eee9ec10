/**
 * Runs the demo: `node scripts/demo.mjs [bun | deno | node | all]`, on Bun unless told
 * otherwise. Does not build; `npm run demo` does.
 *
 * It stands in for whoever deploys the receiver: it puts a key file where the receiver and
 * the sender find it, and takes it away at the end, however that comes.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

/** What Deno is to allow, and no more. */
function denoRights(deno, keyFile) {
  return [
    "--no-prompt",
    `--allow-ffi=${ROOT}lib,${ROOT}zig-out`, // the library, and the floor that it is timed beside
    "--allow-net=127.0.0.1",
    `--allow-read=${keyFile}`,
    `--allow-run=${deno}`, // the sender, the observer, and the child that crashes
    // node:child_process asks for NODE_V8_COVERAGE; on Windows a child needs SystemRoot.
    "--allow-env=NO_COLOR,NODE_V8_COVERAGE,SystemRoot",
  ];
}

/** Resolves to the exit status. */
function run(runtime, keyFile) {
  const [program, ...flags] = command(runtime, `${ROOT}demo/main.ts`, keyFile)
    .flatMap((part, _, [deno]) => part === "-A" ? denoRights(deno, keyFile) : part);
  const child = spawn(program, flags, { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; whatever else ends this has to end the demo first.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (signal !== null) console.error(`demo: ended by ${signal}`);
      resolve(status ?? 1);
    });
  });
}

const RUNTIMES = ["bun", "deno", "node"];
const wanted = process.argv[2] ?? "bun";
if (wanted !== "all" && !RUNTIMES.includes(wanted)) {
  console.error(`demo: there is no runtime "${wanted}": bun, deno, node or all`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "securememory-demo-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const keyFile = join(folder, "signing.key");
writeFileSync(keyFile, randomBytes(32), { mode: 0o600, flag: "wx" });
for (const runtime of wanted === "all" ? RUNTIMES : [wanted]) {
  const status = await run(runtime, keyFile);
  if (status !== 0) process.exit(status);
  if (wanted === "all") console.log();
}
