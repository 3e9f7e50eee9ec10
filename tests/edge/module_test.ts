/** The WebAssembly module as it is published: its size, its hash, what it takes and gives. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { MEMORY_MAX } from "../../src/edge/core.ts";
import { WASM_HASH } from "../../src/edge/hash.ts";
import { bytesOf } from "../../src/edge/printable.ts";
import { library, order } from "../../src/native/embedded/wasm.ts";
import { patience, ROOT } from "../support/child.ts";
import { withFolder, withoutZig, zigPath } from "../support/native.ts";
import { bundle } from "./support/bundled.ts";

const bytes = readFileSync(join(ROOT, "lib/wasm/securememory.wasm"));
const module = new WebAssembly.Module(bytes);

test("the module has less than 100 KiB, compressed less than 40", () => {
  assert.ok(bytes.length < 100 * 1024, `${bytes.length} bytes`);
  const compressed = gzipSync(bytes, { level: 9 }).length;
  assert.ok(compressed < 40 * 1024, `${compressed} bytes`);
});

test("the module is the one whose SHA-256 is committed, as a file and in JavaScript", () => {
  assert.equal(createHash("sha256").update(bytes).digest("hex"), WASM_HASH);
  const embedded = bytesOf(library, order);
  assert.equal(createHash("sha256").update(embedded).digest("hex"), WASM_HASH);
});

test("built again, in another folder, it is the same", {
  skip: withoutZig,
  timeout: patience(300_000),
}, async () => {
  await withFolder((folder) => {
    execFileSync("cp", ["-r", "zig", "bench", "tests", "build.zig", "build.zig.zon", folder], {
      cwd: ROOT,
    });
    execFileSync(zigPath(), ["build", "edge", "--cache-dir", join(folder, "cache")], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const again = readFileSync(join(folder, "lib/wasm/securememory.wasm"));
    assert.equal(createHash("sha256").update(again).digest("hex"), WASM_HASH);
    return Promise.resolve();
  });
});

test("the module takes random bytes from outside and nothing else", () => {
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: "securememory", name: "random_bytes", kind: "function" },
  ]);
});

test("the module gives its memory, which is bounded, and what src/edge/core.ts says", () => {
  const source = readFileSync(join(ROOT, "src/edge/core.ts"), "utf8");
  const [, declared = ""] = /export interface Core \{([^]*?)\n\}/.exec(source) ?? [];
  const wanted = [...declared.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
  assert.ok(wanted.length > 20);
  const given = WebAssembly.Module.exports(module).map(({ name }) => name);
  // What nothing asks for; and the linker gives its own with everything that is exported.
  const others = ["securememory_abi_version", "__stack_pointer"];
  assert.deepEqual(given.filter((name) => !others.includes(name)).sort(), wanted.sort());
  const instance = new WebAssembly.Instance(module, { securememory: { random_bytes: () => 1 } });
  const memory = instance.exports.memory as WebAssembly.Memory;
  const pages = MEMORY_MAX / 65536 - memory.buffer.byteLength / 65536;
  assert.throws(() => memory.grow(pages + 1), RangeError);
  memory.grow(pages);
  assert.equal(memory.buffer.byteLength, MEMORY_MAX);
});

test("no random bytes are an error, and nothing is made", () => {
  const instance = new WebAssembly.Instance(module, { securememory: { random_bytes: () => 1 } });
  const { securememory_create, securememory_statistic } = instance.exports as unknown as {
    securememory_create(length: number, alignment: number): number;
    securememory_statistic(what: number): number;
  };
  assert.ok(securememory_create(32, 16) < 0);
  assert.equal(securememory_statistic(0), 0);
});

test("where a module may not be compiled from bytes, a file is imported in their place", () => {
  const read = (folder: string) => readFileSync(join(folder, "bundle.mjs"), "utf8");
  const workerd = read(bundle("workerd", "edge.ts").folder);
  assert.match(workerd, /from "\.\/securememory\.wasm"/);
  assert.doesNotMatch(workerd, /new WebAssembly\.Module/);
  const everywhere = read(bundle("default", "edge.ts").folder);
  assert.match(everywhere, /new WebAssembly\.Module/);
  assert.doesNotMatch(everywhere, /^await |[^c] await import/m);
});
