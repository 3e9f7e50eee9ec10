/**
 * A soak: several Workers create, open, seal, share and close secrets at random, with the library
 * whose system calls fail now and then, checked against a model:
 *
 *     npm run soak                           three minutes on Bun
 *     npm run soak -- --runtime node         on Node; or deno
 *     npm run soak -- --minutes 0.5 --seed 7 --workers 2 --operations 100000 --no-faults
 *
 * Prints operations, faults and errors; writes docs/soak.svg and docs/soak.json (--output=FOLDER).
 * Fails if a content was wrong, an error untyped, or something leaked. What is done follows from
 * the seed; how the Workers meet does not, so only one Worker does the same twice.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { command, ROOT } from "./toolchain.mjs";

/** Collecting on demand, for what is lost without having been closed. Bun can do it anyway. */
const FLAGS = { bun: [], deno: ["--v8-flags=--expose-gc"], node: ["--expose-gc"] };

const args = process.argv.slice(2);
const at = args.indexOf("--runtime");
const [, runtime = "bun"] = at === -1 ? [] : args.splice(at, 2);
if (FLAGS[runtime] === undefined) {
  console.error(`soak: there is no runtime "${runtime}": bun, deno or node`);
  process.exit(2);
}
const library = `${ROOT}zig-out/linux-${
  { x64: "x86_64", arm64: "aarch64" }[process.arch]
}/libsecurememory-faults.so`;
if (!existsSync(library)) {
  console.error(
    "soak: the library that can fail is not built, or not for this system: npm run setup",
  );
  process.exit(2);
}
const [program, ...rest] = command(runtime, ...FLAGS[runtime], `${ROOT}soak/main.ts`, ...args);
const env = { ...process.env, SECUREMEMORY_LIBRARY: library };
const { status, signal } = spawnSync(program, rest, { cwd: ROOT, stdio: "inherit", env });
if (signal !== null) console.error(`soak: ended by ${signal}`);
process.exit(status ?? 1);
