/**
 * The same sources make the same libraries, byte for byte, wherever they are built: in
 * another folder, with other caches, with one thread or two.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withFolder, withoutZig, zigPath } from "../support/native.ts";
import { WHOLE } from "./support/form.ts";

/** Three libraries for each of six targets, and the edge's module. */
const COUNT = 19;
/** What `zig build` makes: the host's, without the module. */
const OF_HOST = 3;

/** What build.zig.zon says that a build needs. */
const SOURCES = [
  ...readFileSync(join(ROOT, "build.zig.zon"), "utf8")
    .matchAll(/\.paths = \.\{([^}]*)\}/g),
]
  .flatMap(([, list]) =>
    [...(list ?? "").matchAll(/"([^"]+)"/g)].map(([, path]) => path as string)
  );

const NUMBER = {
  path: "zig/abi.zig",
  text: /pub const version: u32 = \d+/,
  changed: "pub const version: u32 = 12345",
};

/** Builds in a copy of the sources, and returns the hash of each library by its path. */
function build(folder: string, threads: number, globalCache?: string): Record<string, string> {
  for (const path of SOURCES) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  return compile(folder, threads, globalCache);
}

function compile(
  folder: string,
  threads: number,
  globalCache?: string,
  step = "targets",
): Record<string, string> {
  execFileSync(zigPath(), ["build", step, `-j${threads}`, "--cache-dir", `${folder}.cache`], {
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
    .filter((path) => /\.(?:so|dylib|dll|wasm)$/.test(path)).sort();
  return Object.fromEntries(files.map((path) => [
    path,
    createHash("sha256").update(readFileSync(join(folder, path))).digest("hex"),
  ]));
}

test("two builds in different places make the same libraries and module, and these are in lib", {
  skip: withoutZig,
  timeout: patience(WHOLE ? 1_800_000 : 300_000),
}, () =>
  withFolder((folder) => {
    const lib = hashes(join(ROOT, "lib"));
    const built = Object.keys(lib).length === COUNT;
    // The brief form takes what was built before, in this checkout, for the first build.
    const first = join(folder, "a");
    const one = WHOLE || !built ? build(first, 1, WHOLE ? join(folder, "global") : undefined) : lib;
    const second = join(folder, "somewhere/else/with a longer name");
    const other = build(second, 2);
    assert.equal(Object.keys(one).length, COUNT);
    assert.equal(new Set(Object.values(one)).size, COUNT, "Targets have the same library");
    assert.deepEqual(other, one, "lib is of other sources: zig build targets");
    if (built) assert.deepEqual(lib, one, "lib is of other sources: zig build targets");

    // A control: another number in the sources makes another library; in whole, for each target.
    const source = join(second, NUMBER.path);
    writeFileSync(source, readFileSync(source, "utf8").replace(NUMBER.text, NUMBER.changed));
    const changed = compile(second, 2, undefined, WHOLE ? "targets" : "install");
    assert.deepEqual(Object.keys(changed), Object.keys(one));
    const same = Object.keys(one).filter((path) => changed[path] === one[path]);
    assert.equal(same.length, WHOLE ? 0 : COUNT - OF_HOST, same.join(", "));
    return Promise.resolve();
  }));
