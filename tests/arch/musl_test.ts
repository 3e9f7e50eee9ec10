/**
 * The library for Linux on x86_64 under musl instead of glibc: the same file, loaded by
 * musl's `dlopen`, in a small program and in Bun as it is for musl.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withPackage } from "../support/package.ts";
import { withFolder, withoutZig, zigPath } from "../support/native.ts";
import { assertSmoke, assertStray, childPath, libraryOf } from "./support/runs.ts";
import { find, got, runToEnd, tools } from "./support/tools.ts";

const musl = find("musl", () => tools.muslLoader());
const LIBRARY = libraryOf("linux-x86_64", "libsecurememory.so");

/** A program that needs musl's C library, and no other. */
function build(folder: string): string {
  const path = join(folder, "use");
  execFileSync(zigPath(), [
    ...["build-exe", join(ROOT, "tests/arch/native/use.zig"), `-femit-bin=${path}`],
    ...["-target", "x86_64-linux-musl", "-mcpu", "baseline", "-dynamic", "-lc"],
    ...["-O", "safe", "-fstrip", "--cache-dir", join(ROOT, ".zig-cache")],
  ], { stdio: ["ignore", "ignore", "pipe"] });
  return path;
}

test("musl: a program loads the library, and uses secrets; a stray read ends it", {
  skip: musl.skip || withoutZig,
  timeout: patience(300_000),
}, () =>
  withFolder((folder) => {
    const program = build(folder);
    const run = (...args: string[]) => runToEnd([got(musl), program, LIBRARY, ...args]);
    const { status, signal, stderr } = run();
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
    assert.match(stderr, /^version \d+, open 1, closed 0$/m);
    assertStray(run("stray"));
    return Promise.resolve();
  }));

const bun = musl.skip === false
  ? find(
    "bun-musl",
    () => [tools.muslLoader(), "--library-path", tools.muslLibraries(), tools.muslBun()],
  )
  : musl;

test("musl: Bun creates, opens, compares and closes secrets", {
  skip: bun.skip,
  timeout: patience(120_000),
}, () => {
  const command = [...got(bun) as string[], childPath("smoke")];
  const smoke = assertSmoke(
    runToEnd(command),
    "bun",
    "linux-x64",
    "linux-x86_64/libsecurememory.so",
  );
  assert.equal(smoke.status.locked, true);
  assertStray(runToEnd([...got(bun) as string[], childPath("stray")]));
});

test("musl: without a file beside the modules the library comes from memory", {
  skip: bun.skip,
  timeout: patience(120_000),
}, () =>
  withPackage((of) => {
    const child = join(of.folder, childPath("smoke"));
    cpSync(join(ROOT, childPath("smoke")), child);
    const { status, stdout, stderr } = runToEnd([...got(bun) as string[], child]);
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(JSON.parse(stdout).capabilities.library, /^\/proc\/self\/fd\/\d+$/);
    return Promise.resolve();
  }));
