/**
 * Decoding hexadecimal and base64 takes a time that depends on no character's value, by what
 * valgrind sees the processor do. See constant_time_test.ts.
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
const skip = RUNTIME !== "bun"
  ? unless("bun", false, "the native program runs once, started by Bun")
  : withoutZig !== false
  ? withoutZig
  : unless("x86_64", process.arch === "x64", "valgrind is asked on x86_64 only") ||
    unless(
      "valgrind",
      spawnSync("valgrind", ["--version"], { stdio: "ignore" }).status === 0,
      "valgrind is not installed (the package of that name in every distribution)",
    );
const timeout = 300_000;

let folder: string;
let program: string;

before(() => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  program = join(folder, "constant_decode");
  execFileSync(zigPath(), [
    ...["build-exe", "-O", "safe", "-target", "native-linux-none", "-mcpu", "baseline"],
    ...["--cache-dir", join(ROOT, ".zig-cache"), "--name", "constant_decode"],
    ...[`-femit-bin=${program}`, "--dep", "decode", "-fvalgrind"],
    `-Mroot=${join(ROOT, "tests/native/constant_decode.zig")}`,
    `-Mdecode=${join(ROOT, "zig/sources/decode.zig")}`,
  ], { stdio: ["ignore", "ignore", "pipe"] });
}, { timeout });

after(() => {
  if (skip === false) rmSync(folder, { recursive: true });
});

/** The status of a run in which valgrind had something to report. */
const REPORTED = 99;

function underValgrind(what: string): { status: number | null; text: string } {
  const flags = ["--tool=memcheck", "--quiet", `--error-exitcode=${REPORTED}`];
  const { status, stdout, stderr } = spawnSync("valgrind", [...flags, program, what], {
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
}

test("valgrind sees a decoder with a table use secret characters", { skip, timeout }, () => {
  const { status, text } = underValgrind("table");
  assert.equal(status, REPORTED, text);
  assert.match(text, /uninitialised value/);
});

for (const format of ["hex", "base64", "base64url"]) {
  test(`valgrind sees no branch and no address depend on characters of ${format}`, {
    skip,
    timeout,
  }, () => {
    assert.deepEqual(underValgrind(format), { status: 0, text: "" });
  });
}
