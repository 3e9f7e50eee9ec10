/**
 * Comparing secrets and checking canaries takes a time that depends on no byte of them:
 * by what valgrind sees the processor do, and by the clock.
 *
 * The functions are the core's own, compiled as the library that ships is. Beside them
 * stands a naive comparison, which both methods have to tell from them, or they prove
 * nothing.
 *
 * @module
 */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT, RUNTIME } from "../support/child.ts";
import { withoutZig, zigPath } from "../support/native.ts";
import { unless } from "../support/skip.ts";

/** The program is the same whoever starts it, and takes a while: once is enough. */
const notHere = RUNTIME !== "bun"
  ? unless("bun", false, "the native program runs once, started by Bun")
  : withoutZig !== false
  ? withoutZig
  : unless(
    "x86_64",
    process.arch === "x64",
    "the program reads the counter of an x86_64 processor",
  );
const timeout = 300_000;

let folder: string;
let program: string;

before(() => {
  if (notHere !== false) return;
  folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  program = join(folder, "constant_time");
  execFileSync(zigPath(), [
    ...["build-exe", "-O", "safe", "-target", "native-linux-none", "-mcpu", "baseline"],
    ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", "constant_time"],
    ...[`-femit-bin=${program}`, "--dep", "compare", "--dep", "canary", "-fvalgrind"],
    `-Mroot=${join(ROOT, "tests/native/constant_time.zig")}`,
    `-Mcompare=${join(ROOT, "zig/compare.zig")}`,
    `-Mcanary=${join(ROOT, "zig/canary.zig")}`,
  ], { stdio: ["ignore", "ignore", "pipe"] });
}, { timeout });

after(() => {
  if (notHere === false) rmSync(folder, { recursive: true });
});

const withoutValgrind = notHere !== false ? notHere : unless(
  "valgrind",
  spawnSync("valgrind", ["--version"], { stdio: "ignore" }).status === 0,
  "valgrind is not installed (the package of that name in every distribution)",
);

/** The status of a run in which valgrind had something to report. */
const REPORTED = 99;

/** Runs a function on bytes that are marked secret; what valgrind reports of it. */
function underValgrind(name: string): { status: number | null; text: string } {
  const flags = ["--tool=memcheck", "--quiet", `--error-exitcode=${REPORTED}`];
  const { status, stdout, stderr } = spawnSync("valgrind", [...flags, program, "secret", name], {
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
}

test("valgrind sees a naive comparison branch on secret bytes", {
  skip: withoutValgrind,
  timeout,
}, () => {
  const { status, text } = underValgrind("naive");
  assert.equal(status, REPORTED, text);
  assert.match(text, /Conditional jump or move depends on uninitialised value/);
});

for (const [name, what] of [["compare", "comparing"], ["canary", "checking a canary"]] as const) {
  test(`valgrind sees no branch and no address depend on secret bytes when ${what}`, {
    skip: withoutValgrind,
    timeout,
  }, () => {
    const { status, text } = underValgrind(name);
    assert.deepEqual({ status, text }, { status: 0, text: "" });
  });
}

/**
 * Ten attempts, and one of them has to be good: below the limit for both functions of
 * the core and far above it for the naive one, all measured in turns in that attempt. A
 * machine that does other work at the same time can make any of them look uneven. What
 * really depends on the bytes does so in every attempt, and the more so the more there
 * are measurements: the naive comparison gets beyond 1,000.
 */
const ATTEMPTS = 10;

test(
  "the clock tells equal bytes, a first and a last difference apart by |t| < 4.5 only, where a naive comparison has |t| > 10",
  {
    skip: notHere,
    timeout,
  },
  () => {
    const { status, stderr } = spawnSync(program, ["times", `${ATTEMPTS}`], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const attempts = stderr.trim().split("\n").map((line) => {
      const numbers = /^compare (\S+), canary (\S+), naive (\S+)$/.exec(line)?.slice(1).map((
        text,
      ) => text === "inf" ? Infinity : Number(text));
      assert.ok(numbers?.length === 3 && !numbers.some(Number.isNaN), line);
      return numbers as [number, number, number];
    });
    const good = ([compare, canary, naive]: [number, number, number]) =>
      compare < 4.5 && canary < 4.5 && naive > 10;
    assert.ok(attempts.some(good), stderr);
  },
);
