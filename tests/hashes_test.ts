/** The committed hashes of the native libraries, and the libraries that were built here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { brotliDecompressSync, inflateSync } from "node:zlib";
import { fileName } from "../src/native/beside.ts";
import { HASHES } from "../src/native/hashes.ts";
import { CORE, CRYPTO, EXTRA, type Part } from "../src/native/part.ts";
import { ROOT } from "./support/child.ts";
import { unless } from "./support/skip.ts";

const TARGETS = ["linux", "macos", "windows"].flatMap((os) =>
  ["x86_64", "aarch64"].map((arch) => ({ os, arch }))
);
/** How each library's bytes are packed in its modules. */
const PARTS: readonly (readonly [Part, string, (bytes: Uint8Array) => Uint8Array])[] = [
  [CORE, "", inflateSync],
  [CRYPTO, "_crypto", brotliDecompressSync],
  [EXTRA, "_extra", brotliDecompressSync],
];
const pathOf = (target: { os: string; arch: string }, part: Part) =>
  join(ROOT, "lib", `${target.os}-${target.arch}`, fileName(target, part) as string);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const notBuilt = unless(
  "targets",
  PARTS.every(([part]) => TARGETS.every((target) => existsSync(pathOf(target, part)))),
  "not all six targets are built; npm run build does it",
);

test("each library has the hash of the table, and so have its embedded bytes", {
  skip: notBuilt,
}, async () => {
  assert.deepEqual(Object.keys(HASHES), PARTS.map(([{ name }]) => name));
  const names = TARGETS.map(({ os, arch }) => `${os}-${arch}`);
  for (const [part, suffix, unpack] of PARTS) {
    assert.deepEqual(Object.keys(HASHES[part.name]).sort(), names.sort());
    for (const target of TARGETS) {
      const { os, arch } = target;
      const what = `${part.name}, ${os}-${arch}`;
      const wanted = HASHES[part.name][`${os}-${arch}`];
      assert.equal(sha256(readFileSync(pathOf(target, part))), wanted, what);
      const { library } = await import(`../src/native/embedded/${os}_${arch}${suffix}.ts`);
      assert.equal(sha256(unpack(Uint8Array.fromBase64(library))), wanted, what);
    }
  }
});

const git = (...args: string[]) => spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
const sources = ["zig", "build.zig", "build.zig.zon", "src/native/hashes.ts"];

test("the committed table is what the committed code builds here, bit by bit", {
  skip: notBuilt || unless(
    "committed",
    git("diff", "--quiet", "HEAD", "--", ...sources).status === 0,
    "this is no checkout, or the core was changed and is not committed yet",
  ),
}, () => {
  const committed = git("show", "HEAD:src/native/hashes.ts").stdout;
  for (const [part] of PARTS) {
    for (const target of TARGETS) {
      const hash = sha256(readFileSync(pathOf(target, part)));
      const row = `"${target.os}-${target.arch}": "${hash}"`;
      assert.ok(committed.includes(row), `committed is not ${row}`);
    }
  }
});
