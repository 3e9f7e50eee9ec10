/**
 * What is left when a system call fails: see children/faults.ts, which runs each case
 * in a process of its own with the library that can fail.
 *
 * @module
 */
import { describe, it } from "node:test";
import { passes } from "./support/faults.ts";
import { AUTO, environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

/** What the case `environment` reads, and scrubs. */
const VARIABLES = Object.fromEntries(
  Array.from({ length: 300 }, (_, index) => [
    `SECUREMEMORY_FAULT_${index}`,
    "0123456789abcdef0123456789abcdef",
  ]),
);

const run = (name: string, env: Readonly<Record<string, string>> = {}, ...args: string[]) =>
  passes("faults.ts", env, name, ...args);

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  const env = environmentOf(rungs);
  // While there are keys for all, a window makes no system call that could fail.
  const keys = rungs.gate === "pkey" ? ["busy"] : [];

  describe(
    `for every k, when the k-th system call fails (${nameOf(rungs)})`,
    { skip: missing },
    () => {
      for (const more of rungs.gate === "pkey" ? [[], keys] : [[]]) {
        const when = more.length === 0 ? "" : ", with no key left";
        it(`creating leaves nothing half made and the source intact${when}`, () =>
          run("create", env, ...more));
        it(`creating random secrets leaves nothing half made${when}`, () =>
          run("random", env, ...more));
        it(`filling leaves nothing half made${when}`, () => run("fill", env, ...more));
        it(`copying leaves no page open${when}`, () => run("copy", env, ...more));
        it(`reading a file leaves nothing open and nothing half read${when}`, () =>
          run("read", env, ...more));
        it(`reading a variable leaves nothing half made and the variable intact${when}`, () =>
          run("environment", { ...env, ...VARIABLES }, ...more));
        it(`decoding leaves nothing half made and the text intact${when}`, () =>
          run("decode", env, ...more));
        it(`closing ends the secret all the same${when}`, () => run("close", env, ...more));
        it(`purging ends every secret all the same${when}`, () => run("purge", env, ...more));
        it(`an asynchronous window rejects, and its secret is destroyed${when}`, () =>
          run("asynchronous", env, ...more));
        it(`for ever, nothing is readable${when}`, () => run("forever", env, ...more));
      }
      if (rungs.gate === "pkey") {
        it("a window that gets no key is not entered, and the next one is", () =>
          run("rearm", env));
      }
      it("a keyed operation makes nothing, and its key is as it was, or destroyed", () =>
        run("keyed", env, ...keys));
      it("memory that the kernel has not got when it is touched is an error, and no signal", () =>
        run("touched", env));
      it("a file is read on when the system asks for patience", () => run("interrupted", env));
      it("a window is not entered, or its secret is destroyed", () => run("window", env, ...keys));
      it("neither the callback's error nor the window's is lost", () => run("both", env, ...keys));
    },
  );
}

describe("when a system call fails", () => {
  for (const k of [1, 2, 3, 4, 5, 6, 7, 8, 20, 134, 135, 136, 137]) {
    it(`the first secret of a process leaves no arena behind (k = ${k})`, () =>
      run("first", {}, `${k}`));
  }

  it("since a file system cannot write into memfd_secret, other locked memory is read into", () =>
    run("interrupted", {}, "ordinary"));
  it("in a timer, that wipes what enclaves have open, nothing is thrown", () => run("idle"));
  it("that locks, the error names the limit and the ways out", () =>
    run("lock", environmentOf({ ...AUTO, store: "locked" })));
  it("that no room could cure, closed pages rest on", () =>
    run("rest", environmentOf({ store: "locked", gate: "mprotect" })));
});
