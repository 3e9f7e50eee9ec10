/**
 * Children of an ordinary user: some promises cannot be seen by root, whom nothing stops.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import assert from "node:assert/strict";
import { commandLine, ROOT, runFile } from "./child.ts";
import { withFolder } from "./native.ts";
import { unless } from "./skip.ts";

/** The user `nobody`, unless this is an ordinary user already. */
const NOBODY = 65534;
const root = process.getuid?.() === 0;
/** What to put before a command so that an ordinary user runs it. */
export const asUser: readonly string[] = root
  ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"]
  : [];

/** Whose children {@linkcode reportedUnprivileged} starts. */
export const CHILD_UID: number = root ? NOBODY : process.getuid?.() ?? -1;

function works(): boolean {
  const runtime = commandLine("")[0] as string;
  const look = ["sh", "-c", 'cat "$1" > /dev/null && test -x "$2"', "sh"];
  const [program, ...args] = [...asUser, ...look, join(ROOT, "mod.ts"), runtime];
  return spawnSync(program as string, args, { stdio: "ignore" }).status === 0;
}

/** The option `skip` of a test that needs an ordinary user. */
export const withoutUser: string | false = unless(
  "user",
  process.platform === "linux" && works(),
  "setpriv (util-linux) is missing, or an ordinary user may not read this folder",
);

/** Runs a module as an ordinary user. It has to print one JSON value, and to end well. */
export function reportedUnprivileged<T>(code: string): Promise<T> {
  return withFolder(async (folder) => {
    // Runtimes keep caches in the user's home, and nobody has none.
    chmodSync(folder, 0o777);
    const path = join(folder, "child.mjs");
    writeFileSync(path, code);
    const env = { HOME: folder, DENO_DIR: join(folder, "deno"), TMPDIR: folder };
    const { status, signal, stdout, stderr } = await runFile(path, { wrapper: asUser, env });
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
    return JSON.parse(stdout) as T;
  });
}
