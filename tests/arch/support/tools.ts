/**
 * What runs programs of other architectures and systems: see scripts/arch/tools.mjs. What
 * cannot be had is a test that is skipped, with the reason.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { patience, ROOT } from "../../support/child.ts";
import { unless } from "../../support/skip.ts";

/** Each by the runtime's name: finds the program, or throws. */
export type Runtimes = Readonly<Record<"bun" | "deno" | "node", () => string>>;

interface Tools {
  readonly Unavailable: new (message: string) => Error;
  readonly qemuAarch64: () => string;
  readonly aarch64Root: () => string;
  readonly muslLoader: () => string;
  readonly muslBun: () => string;
  readonly muslLibraries: () => string;
  readonly wineRoot: () => string;
  readonly toolsFolder: () => string;
  readonly aarch64Runtimes: Runtimes;
  readonly windowsRuntimes: Runtimes;
}

export const tools: Tools = await import(
  new URL("../../../scripts/arch/tools.mjs", import.meta.url).href
);

/** A tool, or the option `skip` of the tests that need it. */
export type Found<T> = { readonly skip: false; readonly get: T } | { readonly skip: string };

/** Looks for a tool, which may take a download. */
export function find<T>(name: string, look: () => T): Found<T> {
  try {
    return { skip: false, get: look() };
  } catch (error) {
    if (!(error instanceof tools.Unavailable)) throw error;
    return { skip: unless(name, false, error.message) as string };
  }
}

/** The tool of a test that was not skipped for want of it. */
export function got<T>(found: Found<T>): T {
  if (found.skip !== false) throw new Error(found.skip);
  return found.get;
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Its output goes to files: Node under Wine takes no pipes. */
export function runToEnd(
  command: readonly string[],
  { env = {}, seconds = 120 }: { env?: Readonly<Record<string, string>>; seconds?: number } = {},
): Ended {
  const folder = mkdtempSync(join(tmpdir(), "securememory-arch-"));
  const paths = [join(folder, "out"), join(folder, "err")] as const;
  const [out, error] = paths.map((path) => openSync(path, "w")) as [number, number];
  try {
    const [program, ...args] = command as [string, ...string[]];
    const { status, signal } = spawnSync(program, args, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", out, error],
      timeout: patience(seconds * 1000),
      killSignal: "SIGKILL",
    });
    const [stdout, stderr] = paths.map((path) => readFileSync(path, "utf8")) as [string, string];
    return { status, signal, stdout, stderr };
  } finally {
    closeSync(out);
    closeSync(error);
    rmSync(folder, { recursive: true });
  }
}
