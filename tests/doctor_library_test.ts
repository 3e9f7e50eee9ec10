/** `--write-library`: the library that is in use, whole, in a new file. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { capabilities } from "../mod.ts";
import { RUNTIME } from "./support/child.ts";
import { doctor, examined } from "./support/doctor.ts";
import { withFolder } from "./support/native.ts";
import { unless } from "./support/skip.ts";

const original = readFileSync(capabilities().library as string);
const hash = createHash("sha256").update(original).digest("hex");

test("the library is written whole, and its path and hash are printed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    const { status, stdout, stderr } = await doctor(["--write-library", path]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `${path}\nsha256 ${hash}\n`);
    assert.deepEqual(readFileSync(path), original);
    // Nobody else may change what a process is going to load.
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o022, 0);
  });
});

test("the library that was written can be used", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    const { stdout } = await doctor([`--write-library=${path}`, "--json"]);
    assert.deepEqual(JSON.parse(stdout), { path, bytes: original.length, sha256: hash });
    const { status, printed } = await examined([], { env: { SECUREMEMORY_LIBRARY: path } });
    assert.equal(status, 0);
    assert.equal(printed.library?.path, path);
    assert.equal(printed.library?.sha256, hash);
  });
});

test("a file that exists is left as it is", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    writeFileSync(path, "mine");
    const { status, stdout, stderr } = await doctor(["--write-library", path]);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      /Cannot write the library to ".*": it exists already, and is left as it is/,
    );
    assert.equal(readFileSync(path, "utf8"), "mine");
  });
});

test("a link to nowhere is not followed", {
  skip: unless("links", process.platform !== "win32", "links need a privilege on Windows"),
}, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    symlinkSync(join(folder, "elsewhere"), path);
    assert.equal((await doctor(["--write-library", path])).status, 1);
    assert.equal(existsSync(join(folder, "elsewhere")), false);
  });
});

test("a folder that is missing is an error that says so", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "missing/copy.so");
    const { status, stdout, stderr } = await doctor(["--write-library", path]);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /Cannot write the library to ".*": ENOENT/);
  });
});

test("without a library nothing is written, and the reason is given with what to do", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    const env = { SECUREMEMORY_LIBRARY: "/nonexistent/library.so" };
    const { status, stdout, stderr } = await doctor(["--write-library", path], { env });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /Cannot load the native library named by SECUREMEMORY_LIBRARY/);
    assert.match(stderr, /Install the package again/);
    assert.equal(existsSync(path), false);
  });
});

/** What lets a runtime load the library, and neither read nor write files. */
const LIMITED: Readonly<Record<string, readonly string[]>> = {
  deno: ["--allow-ffi"],
  node: [
    "--permission",
    "--allow-ffi",
    `--allow-fs-read=${new URL("../", import.meta.url).pathname}`,
  ],
};

test("without the permission nothing is written, and the flags are named", {
  skip: unless("permissions", RUNTIME in LIMITED, "Bun has no permissions"),
}, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    const flags = LIMITED[RUNTIME] ?? [];
    const { status, stdout, stderr } = await doctor(["--write-library", path], { flags });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /the runtime does not permit it: run Deno with --allow-read/);
    assert.match(stderr, /--allow-fs-write/);
    assert.equal(existsSync(path), false);
  });
});
