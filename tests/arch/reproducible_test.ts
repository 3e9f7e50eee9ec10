/**
 * The same sources make the same libraries, byte for byte, wherever they are built: in
 * another folder, with other caches, with one thread or two.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withFolder, withoutZig, zigPath } from "../support/native.ts";
import { WHOLE } from "./support/form.ts";

/** What build.zig.zon says that a build needs. */
const SOURCES = [
  ...readFileSync(join(ROOT, "build.zig.zon"), "utf8")
    .matchAll(/\.paths = \.\{([^}]*)\}/g),
]
  .flatMap(([, list]) =>
    [...(list ?? "").matchAll(/"([^"]+)"/g)].map(([, path]) => path as string)
  );

const NUMBER = {
  path: "zig/store.zig",
  text: "arena_units_first: u32 = 128",
  changed: "arena_units_first: u32 = 64",
};

/** Builds in a copy of the sources, and returns the hash of each library by its path. */
function build(folder: string, threads: number, globalCache?: string): Record<string, string> {
  for (const path of SOURCES) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  return compile(folder, threads, globalCache);
}

function compile(folder: string, threads: number, globalCache?: string): Record<string, string> {
  execFileSync(zigPath(), ["build", "targets", `-j${threads}`, "--cache-dir", `${folder}.cache`], {
    cwd: folder,
    env: {
      ...process.env,
      // The compiler's own library is built once for all projects, and kept in this one.
      ...(globalCache === undefined ? {} : { ZIG_GLOBAL_CACHE_DIR: globalCache }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return hashes(join(folder, "lib"));
}

function hashes(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:so|dylib|dll)$/.test(path)).sort();
  return Object.fromEntries(files.map((path) => [
    path,
    createHash("sha256").update(readFileSync(join(folder, path))).digest("hex"),
  ]));
}

test("two builds in different places make the same six libraries, and these are in lib", {
  skip: withoutZig,
  timeout: patience(WHOLE ? 1_800_000 : 300_000),
}, () =>
  withFolder((folder) => {
    const one = build(join(folder, "a"), 1, WHOLE ? join(folder, "global") : undefined);
    const other = build(join(folder, "somewhere/else/with a longer name"), 2);
    assert.equal(Object.keys(one).length, 6);
    assert.equal(new Set(Object.values(one)).size, 6, "Targets have the same library");
    assert.deepEqual(other, one);
    if (existsSync(join(ROOT, "lib/windows-aarch64"))) {
      assert.deepEqual(
        hashes(join(ROOT, "lib")),
        one,
        "lib is of other sources: zig build targets",
      );
    }

    // A control: another number in the sources makes another library, for each target.
    const source = join(folder, "a", NUMBER.path);
    writeFileSync(source, readFileSync(source, "utf8").replace(NUMBER.text, NUMBER.changed));
    const changed = compile(join(folder, "a"), 2);
    assert.deepEqual(Object.keys(changed), Object.keys(one));
    for (const [path, hash] of Object.entries(changed)) assert.notEqual(hash, one[path], path);
    return Promise.resolve();
  }));
