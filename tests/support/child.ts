/**
 * Children: another process of the runtime that runs this test. Death tests, limits and
 * permissions need one.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The runtime that runs this test. */
export const RUNTIME: "bun" | "deno" | "node" = process.versions.bun
  ? "bun"
  : "Deno" in globalThis
  ? "deno"
  : "node";

/** Folder of the project, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** How much slower this machine is than those that the limits of time were made for. */
const SLOWDOWN = Number(process.env.SECUREMEMORY_TEST_SLOWDOWN ?? 1);

/** A limit of time, in any unit, for this machine. */
export function patience(limit: number): number {
  return limit * SLOWDOWN;
}

/** How a child ended. */
export interface Outcome {
  /** Exit status; null if a signal ended it. */
  readonly status: number | null;
  /** Name of the signal that ended it, or null. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start a child. */
export interface ChildOptions {
  /** Environment variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands before the runtime on the command line: prlimit and its arguments, say. */
  readonly wrapper?: readonly string[];
  /** Flags for the runtime; for Deno they replace `-A`. */
  readonly flags?: readonly string[];
  /** The path of a Deno that runs it, whatever runs this test. Then there must be flags. */
  readonly deno?: string;
  /** Arguments for the script. */
  readonly args?: readonly string[];
  /**
   * After so long it is killed, which fails the test by its signal: longer on a machine
   * for which {@linkcode patience} has more. Default 60,000.
   */
  readonly timeoutMs?: number;
}

/** Runs a script of this project: a path from its root. */
export function runScript(path: string, options: ChildOptions = {}): Promise<Outcome> {
  return start(join(ROOT, path), options);
}

/** Runs a file by its whole path. */
export function runFile(path: string, options: ChildOptions = {}): Promise<Outcome> {
  return start(path, options);
}

/** Runs source text as a module; `mod.ts` is imported for it as `securememory`. */
export function runCode(code: string, options: ChildOptions = {}): Promise<Outcome> {
  return withModule(code, (path) => start(path, options));
}

/** Calls `use` with the path of a module of that text, which is gone afterwards. */
export async function withModule<T>(code: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  try {
    const path = join(folder, "child.ts");
    const url = new URL("../../mod.ts", import.meta.url);
    writeFileSync(path, `import * as securememory from ${JSON.stringify(url.href)};\n${code}\n`);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Children have secrets of the same kind: see `kinds.ts`. */
const PRELOAD = process.env.SECUREMEMORY_TEST_KIND === undefined
  ? []
  : [RUNTIME === "node" ? "--import" : "--preload", join(ROOT, "tests/support/kinds.ts")];

/** The command line that runs a script on this runtime. */
export function commandLine(path: string, options: ChildOptions = {}): string[] {
  const flags = [...PRELOAD, ...(options.flags ?? [])];
  const forDeno = [...PRELOAD, ...(options.flags ?? ["-A"])];
  const runtime = {
    bun: [process.execPath, ...flags, path],
    deno: [options.deno ?? process.execPath, "run", "--quiet", ...forDeno, path],
    node: [process.execPath, "--disable-warning=ExperimentalWarning", ...flags, path],
  }[options.deno === undefined ? RUNTIME : "deno"];
  return [...(options.wrapper ?? []), ...runtime, ...(options.args ?? [])];
}

function start(path: string, options: ChildOptions): Promise<Outcome> {
  const [program, ...args] = commandLine(path, options) as [string, ...string[]];
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const limit = patience(options.timeoutMs ?? 60_000);
  const timer = setTimeout(() => child.kill("SIGKILL"), limit);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      // A shell or Deno may say 128 + number instead of the signal's name.
      const named = signal ?? { 139: "SIGSEGV", 134: "SIGABRT", 132: "SIGILL" }[code ?? 0] ?? null;
      resolve({ status: named === null ? code : null, signal: named, stdout, stderr });
    });
  });
}
