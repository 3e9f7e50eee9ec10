/**
 * The library whose system calls can be counted and made to fail, and that says where boxes are. It
 * is built apart from the one that ships, which has none of that.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { library } from "../../src/native/library.ts";
import { type ChildOptions, ROOT, runScript } from "./child.ts";
import { unless } from "./skip.ts";

/** Where it is. */
export const FAULTS: string = join(
  ROOT,
  "zig-out",
  basename(dirname(library().path)),
  "libsecurememory-faults.so",
);

/** The option `skip` of a test that needs it. */
export const withoutFaults: string | false = unless(
  "faults",
  process.platform === "linux" && existsSync(FAULTS),
  "the library that can fail is not built, or not for this system; npm run setup does it",
);

/** Runs a script of `tests/children` with it, which has to get to its end. */
export async function passes(
  script: string,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<void> {
  const options: ChildOptions = { env: { SECUREMEMORY_LIBRARY: FAULTS, ...env }, args };
  const { status, signal, stdout, stderr } = await runScript(`tests/children/${script}`, options);
  assert.deepEqual(
    { status, signal, stdout },
    { status: 0, signal: null, stdout: "done\n" },
    stderr,
  );
}
