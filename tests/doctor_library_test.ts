/** `--write-library` and `--write-libraries`: what is in use, whole, in new files. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { capabilities } from "../mod.ts";
import { cryptoPath } from "../src/native/crypto.ts";
import { extraPath } from "../src/native/library.ts";
import { RUNTIME } from "./support/child.ts";
import { reportedByDeno, withoutDeno } from "./support/deno.ts";
import { doctor, examined } from "./support/doctor.ts";
import { withFolder } from "./support/native.ts";
import { withPackage } from "./support/package.ts";
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

const parts = [
  ["SECUREMEMORY_LIBRARY", capabilities().library as string],
  ["SECUREMEMORY_CRYPTO_LIBRARY", cryptoPath()],
  ["SECUREMEMORY_EXTRA_LIBRARY", extraPath()],
] as const;

/** What `--write-libraries` prints as JSON. */
interface WrittenPart {
  readonly variable: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

test("all libraries are written whole, into a folder that is made, and all are named", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "lib");
    const { status, stdout, stderr } = await doctor(["--write-libraries", folder]);
    assert.equal(status, 0, stderr);
    const lines = parts.map(([, from]) => {
      const path = join(folder, basename(from));
      const bytes = readFileSync(from);
      assert.deepEqual(readFileSync(path), bytes);
      if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o022, 0);
      return `${path}\nsha256 ${createHash("sha256").update(bytes).digest("hex")}\n`;
    });
    assert.equal(stdout, lines.join(""));
    assert.equal(readdirSync(folder).length, 3);
    if (process.platform !== "win32") assert.equal(statSync(folder).mode & 0o022, 0);
  });
});

test("all can be used together, by the variables that the JSON names", async () => {
  await withFolder(async (folder) => {
    const { stdout } = await doctor([`--write-libraries=${folder}`, "--json"]);
    const written = JSON.parse(stdout) as readonly WrittenPart[];
    assert.deepEqual(written.map(({ variable }) => variable), parts.map(([name]) => name));
    const env = Object.fromEntries(written.map(({ variable, path }) => [variable, path]));
    const { status, printed } = await examined([], { env });
    assert.equal(status, 0);
    assert.deepEqual(
      [printed.library, printed.crypto.library].map((of) => [of?.path, of?.sha256, of?.verified]),
      written.slice(0, 2).map(({ path, sha256 }) => [path, sha256, true]),
    );
  });
});

test("if one of them cannot be written, none is, and nothing is overwritten", async () => {
  for (const [, from] of parts) {
    await withFolder(async (folder) => {
      const path = join(folder, basename(from));
      writeFileSync(path, "mine");
      const { status, stdout, stderr } = await doctor(["--write-libraries", folder]);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(
        stderr,
        /Cannot write the library to ".*": it exists already, and is left as it/,
      );
      assert.equal(readFileSync(path, "utf8"), "mine");
      assert.deepEqual(readdirSync(folder), [basename(from)]);
    });
  }
});

test("a folder that cannot be made, or is none, is an error that says so", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "missing/lib");
    const { status, stdout, stderr } = await doctor(["--write-libraries", folder]);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /Cannot write the libraries to ".*missing\/lib": ENOENT/);
    const file = join(parent, "file");
    writeFileSync(file, "mine");
    const none = await doctor(["--write-libraries", file]);
    assert.deepEqual([none.status, none.stdout], [1, ""]);
    assert.match(none.stderr, /Cannot write the library to ".*file\/.*": ENOTDIR/);
  });
});

test("without the crypto library none is written, and the reason is given", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "lib");
    const env = { SECUREMEMORY_CRYPTO_LIBRARY: "/nonexistent/crypto.so" };
    const { status, stdout, stderr } = await doctor(["--write-libraries", folder], { env });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      /Cannot load the native crypto library named by SECUREMEMORY_CRYPTO_LIBRARY/,
    );
    assert.match(stderr, /Install the package again/);
    assert.equal(existsSync(folder), false);
  });
});

test("without the permission no folder is made, and the flags are named", {
  skip: unless("permissions", RUNTIME in LIMITED, "Bun has no permissions"),
}, async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "lib");
    const flags = LIMITED[RUNTIME] ?? [];
    const { status, stdout, stderr } = await doctor(["--write-libraries", folder], { flags });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /the runtime does not permit it: run Deno with --allow-read/);
    assert.equal(existsSync(folder), false);
  });
});

test("a package without files writes them, and a Deno that may load them alone does everything", {
  skip: withoutDeno || unless("linux", process.platform === "linux", "the libraries are in memory"),
}, async () => {
  await withPackage(async (of) => {
    const folder = join(of.folder, "written");
    const written = await of.reported<readonly WrittenPart[]>(`
      import { run } from "./src/doctor/run.ts";
      run(["--write-libraries", ${JSON.stringify(folder)}, "--json"]);
    `);
    // The control: they are in no file there.
    assert.equal(existsSync(join(of.folder, "lib")), false);
    const variables = written.map(({ variable }) => variable);
    const seen = await reportedByDeno<unknown>(
      `
      const { Secret } = securememory;
      const key = Secret.random(32);
      console.log(JSON.stringify([
        key.decrypt(key.encrypt(key), { as: "secret" }).equals(key),
        securememory.capabilities().library,
        Deno.permissions.querySync({ name: "ffi" }).state,
        Deno.permissions.querySync({ name: "ffi", path: ${JSON.stringify(folder)} }).state,
      ]));
      `,
      ["--no-prompt", `--allow-ffi=${folder}`, `--allow-env=${variables}`],
      Object.fromEntries(written.map(({ variable, path }) => [variable, path])),
    );
    assert.deepEqual(seen, [true, written[0]?.path, "prompt", "granted"]);
  });
});
