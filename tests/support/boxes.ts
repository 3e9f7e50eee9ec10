/**
 * Tests in a child, with the library whose system calls can fail and that says where boxes are:
 * `children/boxes.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ROOT, runScript } from "./child.ts";
import { environmentOf, type Rungs } from "./rungs.ts";

const FAULTS = `${ROOT}zig-out/linux-x86_64/libsecurememory-faults.so`;

/** Runs one of its cases, which has to get to its end. */
export async function passes(name: string, rungs: Rungs): Promise<void> {
  const env = { SECUREMEMORY_LIBRARY: FAULTS, ...environmentOf(rungs) };
  const outcome = await runScript("tests/children/boxes.ts", { env, args: [name] });
  const { status, signal, stdout, stderr } = outcome;
  assert.deepEqual(
    { status, signal, stdout },
    { status: 0, signal: null, stdout: "done\n" },
    stderr,
  );
}
