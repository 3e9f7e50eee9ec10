/**
 * Denos that may do only what their flags say, started from whatever runtime runs this test.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { extraPath, library } from "../../src/native/library.ts";
import { commandLine, type Outcome, patience, runCode, withModule } from "./child.ts";
import { toolchain } from "./native.ts";
import { unless } from "./skip.ts";

const deno = toolchain.findDeno();

/** The option `skip` of a test that starts a Deno. */
export const withoutDeno: string | false = unless(
  "deno-tool",
  deno !== undefined,
  "Deno is not installed",
);

/** The path of Deno; for tests that are skipped by {@linkcode withoutDeno}. */
export function denoPath(): string {
  if (deno === undefined) throw new Error("Deno is not installed");
  return deno;
}

/** Path of the library, which is all that these Denos may load. */
export const LIBRARY: string = library().path;

/** The one that pools, enclaves and secrets from outside need as well. */
export const EXTRA_LIBRARY: string = extraPath();

/** That permission and no other. */
export const LIBRARY_ONLY: readonly string[] = ["--no-prompt", `--allow-ffi=${LIBRARY}`];

/** Runs source text with `securememory` in scope. */
export function runDeno(
  code: string,
  flags: readonly string[] = LIBRARY_ONLY,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return runCode(code, { deno: denoPath(), flags, env: { NO_COLOR: "1", ...env } });
}

/** The same for source text that has to end well, and prints one value as JSON. */
export async function reportedByDeno<T>(
  code: string,
  flags?: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<T> {
  const { status, signal, stdout, stderr } = await runDeno(code, flags, env);
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
  return JSON.parse(stdout) as T;
}

/** A Deno that waits after each step. */
export interface WaitingDeno {
  readonly pid: number;
  /** Lets it go on, and gives the name of the step after which it waits then. */
  next(): Promise<string>;
}

/** For the code of a {@linkcode WaitingDeno}: says a word, and waits. */
const STEP = `
  const line = new Uint8Array(16);
  const step = async (word) => {
    console.log(word);
    if (await Deno.stdin.read(line) === null) Deno.exit(1);
  };
`;

/** Runs source text that calls `await step("name")`; kills it after `use`. */
export function withWaitingDeno<T>(
  code: string,
  use: (child: WaitingDeno) => Promise<T>,
): Promise<T> {
  return withModule(STEP + code, async (path) => {
    const [program, ...args] = commandLine(path, { deno: denoPath(), flags: LIBRARY_ONLY }) as [
      string,
      ...string[],
    ];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), patience(60_000));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    let waits = false;
    try {
      return await use({
        pid: child.pid as number,
        async next(): Promise<string> {
          if (waits) child.stdin.write("\n");
          waits = true;
          const { value, done } = await lines.next();
          if (done === true) throw new Error("The child ended before its time");
          return value;
        },
      });
    } finally {
      clearTimeout(timer);
      child.kill("SIGKILL");
    }
  });
}
