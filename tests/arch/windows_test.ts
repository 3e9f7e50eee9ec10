/**
 * Windows on x86_64, its programs run by Wine: the core's own tests, a program in no
 * JavaScript, each runtime as it is for Windows, and those of the project's tests that ask
 * for nothing of Linux.
 *
 * The system calls are Wine's, not Windows's. What Wine lacks is in `LIMITS` below; its
 * CryptProtectMemory changes nothing, and it has no WerRegisterExcludedMemoryBlock.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withoutZig, zigPath } from "../support/native.ts";
import { buildCoreTests, readResults } from "./support/core_tests.ts";
import { assertSmoke, assertStray, childPath, libraryOf } from "./support/runs.ts";
import { find, got, tools } from "./support/tools.ts";
import { openWine } from "./support/wine.ts";

const wine = find("wine", openWine);
after(() => {
  if (wine.skip === false) wine.get.close();
});

/** Tests of the core that fail under Wine, and why. */
const LIMITS = {
  "the kernel sees what was promised, in each state, on every rung":
    "Wine's working set does not say what is locked: a test below shows it of a page of its own",
};

test("Windows: the core's own tests pass, but those that Wine stands in the way of", {
  skip: wine.skip || withoutZig,
  timeout: patience(300_000),
}, () => {
  const { stdout, stderr } = got(wine).run(buildCoreTests("windows-x86_64", "test.exe"));
  const { passed, failed } = readResults(`${stdout}${stderr}`);
  assert.deepEqual(failed, Object.keys(LIMITS), stderr);
  assert.ok(passed.length > 50, `${passed.length} passed`);
});

const PROGRAM = join(ROOT, "zig-out/windows-x86_64/use.exe");
const LIBRARY = libraryOf("windows-x86_64", "securememory.dll");

function build(): string {
  mkdirSync(join(ROOT, "zig-out/windows-x86_64"), { recursive: true });
  execFileSync(zigPath(), [
    ...["build-exe", join(ROOT, "tests/arch/native/use.zig"), `-femit-bin=${PROGRAM}`],
    ...["-target", "x86_64-windows-gnu", "-mcpu", "baseline"],
    ...["-O", "safe", "-fstrip", "--cache-dir", join(ROOT, ".zig-cache")],
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return PROGRAM;
}

test("Windows: a program loads the library, and uses secrets; a stray read ends it", {
  skip: wine.skip || withoutZig,
  timeout: patience(300_000),
}, () => {
  const { run, path } = got(wine);
  build();
  const { status, stderr } = run(PROGRAM, [path(LIBRARY)]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^version \d+, open 1, closed 0\r?$/m);
  assertStray(run(PROGRAM, [path(LIBRARY), "stray"]));
});

test("Windows: Wine does not tell that a page is locked, whoever locked it", {
  skip: wine.skip || withoutZig,
  timeout: patience(300_000),
}, () => {
  build();
  assert.match(got(wine).run(PROGRAM, ["locked"]).stderr, /^valid 1, locked 0\r?$/m);
});

const FLAGS = {
  bun: [],
  deno: ["run", "-A", "--quiet"],
  node: ["--disable-warning=ExperimentalWarning"],
} as const;

for (const runtime of ["bun", "deno", "node"] as const) {
  const found = wine.skip === false
    ? find(`${runtime}-windows`, tools.windowsRuntimes[runtime])
    : wine;
  const run = (child: string) => {
    const { run, path } = got(wine);
    return run(got(found) as string, [...FLAGS[runtime], path(join(ROOT, childPath(child)))]);
  };

  test(`Windows: ${runtime} creates, opens, compares and closes secrets`, {
    skip: found.skip,
    timeout: patience(300_000),
  }, () => {
    const smoke = assertSmoke(
      run("smoke"),
      runtime,
      "win32-x64",
      "windows-x86_64/securememory.dll",
    );
    assert.equal(smoke.status.locked, true);
    assert.equal(smoke.status.fork, "absent");
  });

  test(`Windows: a stray read ends ${runtime}, with a line about it`, {
    skip: found.skip,
    timeout: patience(300_000),
  }, () => assertStray(run("stray")));
}

/**
 * Tests that ask for nothing of Linux: neither /proc, nor signals, nor libraries for it. And
 * not those that start children, since Deno's pipes to them fail under Wine now and then.
 */
const SUITE = [
  ...["arguments", "async", "dispose", "equals_copy", "escape", "factory", "fill", "idle"],
  ...["open", "options", "read", "redaction", "revoke", "scanner", "sha256", "share"],
  "sources_decode",
  ...["types", "update", "window", "worker_helper"],
];

const deno = wine.skip === false ? find("deno-windows", tools.windowsRuntimes.deno) : wine;

test("Windows: the tests that ask for nothing of Linux pass on Deno", {
  skip: deno.skip,
  timeout: patience(900_000),
}, () => {
  const { run, path } = got(wine);
  const files = SUITE.map((name) => path(join(ROOT, `tests/${name}_test.ts`)));
  const flags = ["-A", "--quiet", "--no-check", "--v8-flags=--expose-gc"];
  const { status, stdout, stderr } = run(got(deno) as string, ["test", ...flags, ...files], 600);
  const [, passed, failed] = /(\d+) passed[^|]*\| (\d+) failed/.exec(stdout) ?? [];
  assert.equal(failed, "0", `${stderr}${stdout}`.slice(-5000));
  assert.equal(status, 0, stderr);
  assert.ok(Number(passed) > 300, `${passed} passed`);
});
