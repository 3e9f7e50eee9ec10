/**
 * Runs the demo: `node scripts/demo.mjs [bun | deno | node | all]`, on Bun unless told
 * otherwise. Does not build; `npm run demo` does.
 */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

/** What Deno is to allow, and no more. */
function denoRights(deno) {
  return [
    "--no-prompt",
    "--allow-ffi", // not for one path only: Deno then refuses views (denoland/deno#15511)
    "--allow-net=127.0.0.1",
    `--allow-read=${tmpdir()}`, // the key file
    `--allow-write=${tmpdir()}`,
    `--allow-run=${deno}`, // the sender, the observer, and the child that crashes
    // NODE_V8_COVERAGE: node:child_process looks for it.
    "--allow-env=TMPDIR,TMP,TEMP,NO_COLOR,NODE_V8_COVERAGE,SystemRoot",
  ];
}

/** Resolves to the exit status. */
function run(runtime) {
  const [program, ...flags] = command(runtime, `${ROOT}demo/main.ts`)
    .flatMap((part, _, [deno]) => part === "-A" ? denoRights(deno) : part);
  const child = spawn(program, flags, { stdio: "inherit" });
  // The terminal sends Ctrl-C to both: the demo cleans up, and this waits for it.
  const onSignal = { SIGINT: () => {}, SIGTERM: () => child.kill("SIGTERM") };
  for (const [signal, handler] of Object.entries(onSignal)) process.on(signal, handler);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      for (const [name, handler] of Object.entries(onSignal)) process.off(name, handler);
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
for (const runtime of wanted === "all" ? RUNTIMES : [wanted]) {
  const status = await run(runtime);
  if (status !== 0) process.exit(status);
  if (wanted === "all") console.log();
}
