/**
 * What is left when a system call fails: see children/faults.ts, which runs each case
 * in a process of its own with the library that can fail.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type ChildOptions, ROOT, runScript } from "./support/child.ts";

const FAULTS = `${ROOT}zig-out/linux-x86_64/libsecurememory-faults.so`;

async function run(name: string, ...args: string[]): Promise<void> {
  const options: ChildOptions = { env: { SECUREMEMORY_LIBRARY: FAULTS }, args: [name, ...args] };
  const { status, signal, stdout, stderr } = await runScript("tests/children/faults.ts", options);
  assert.deepEqual(
    { status, signal, stdout },
    { status: 0, signal: null, stdout: "done\n" },
    stderr,
  );
}

describe("for every k, when the k-th system call fails", () => {
  it("creating leaves nothing half made and the source intact", () => run("create"));
  it("creating random secrets leaves nothing half made", () => run("random"));
  it("filling leaves nothing half made", () => run("fill"));
  it("copying leaves no page open", () => run("copy"));
  it("a window is not entered, or its secret is destroyed", () => run("window"));
  it("closing ends the secret all the same", () => run("close"));
  it("purging ends every secret all the same", () => run("purge"));

  for (const k of [1, 2, 3, 4, 5, 6, 7, 8, 20, 134, 135, 136, 137]) {
    it(`the first secret of a process leaves no arena behind (k = ${k})`, () =>
      run("first", `${k}`));
  }
});

describe("when a system call fails", () => {
  it("neither the callback's error nor the window's is lost", () => run("both"));
  it("an asynchronous window rejects, and its secret is destroyed", () => run("asynchronous"));
  it("for ever, nothing is readable", () => run("forever"));
  it("that no room could cure, closed pages rest on", () => run("rest"));
  it("that locks, the error names the limit and the ways out", () => run("lock"));
});
