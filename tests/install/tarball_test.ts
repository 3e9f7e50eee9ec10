/** What is in the tarball for npm: every file of it, and nothing of the machine that made it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { WASM_HASH } from "../../src/edge/hash.ts";
import { bytesOf as bytesOfText } from "../../src/edge/printable.ts";
import { HASHES } from "../../src/native/hashes.ts";
import { patience, ROOT } from "../support/child.ts";
import { pack, packed, VERSION } from "./support/packed.ts";
import { unpackInto, withTemporary, writeFiles } from "./support/projects.ts";
import { NODE, toolOf } from "./support/run.ts";
import { entriesOf } from "./support/tar.ts";

/** As scripts/pack.mjs has it, and why. */
const LIMIT_BYTES = 1200 * 1024;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const { folder, tarball } = packed();
const entries = entriesOf(gunzipSync(readFileSync(tarball)));
const files = new Map(entries.map(({ path, bytes }) => [path.replace(/^package\//, ""), bytes]));
const text = (path: string) => new TextDecoder().decode(files.get(path));
const manifest = JSON.parse(text("package.json"));

/** A library of a target, and the same as a module. */
interface Native {
  readonly part: "core" | "crypto" | "extra";
  readonly target: string;
  readonly library: string;
  readonly embedded: string;
}

/** By system: the files of the core, of crypto, and of the extra library. */
const FILES = [
  ["linux", "libsecurememory.so", "libsecurememory-crypto.so", "libsecurememory-extra.so"],
  ["macos", "libsecurememory.dylib", "libsecurememory-crypto.dylib", "libsecurememory-extra.dylib"],
  ["windows", "securememory.dll", "securememory-crypto.dll", "securememory-extra.dll"],
] as const;
const NATIVE: readonly Native[] = FILES.flatMap(([os, core, crypto, extra]) =>
  ["x86_64", "aarch64"].flatMap((arch): Native[] => {
    const [folder, module] = [`lib/${os}-${arch}`, `dist/embedded/${os}_${arch}`];
    const target = `${os}-${arch}`;
    return [
      { part: "core", target, library: `${folder}/${core}`, embedded: `${module}.js` },
      { part: "crypto", target, library: `${folder}/${crypto}`, embedded: `${module}_crypto.js` },
      { part: "extra", target, library: `${folder}/${extra}`, embedded: `${module}_extra.js` },
    ];
  })
);

const ENTRIES = ["mod", "doctor", "edge", "cli"].filter((name) =>
  existsSync(join(ROOT, `${name}.ts`))
);

test("the tarball has exactly these files", () => {
  const wanted = [
    ...["package.json", "README.md", "LICENSE", "SECURITY.md", "CHANGELOG.md", "sbom.cdx.json"],
    ...ENTRIES.map((name) => `dist/${name}.js`),
    ...["edge.workerd.js", "edge.edge-light.js", "securememory.wasm"].map((name) => `dist/${name}`),
    ...NATIVE.flatMap(({ library, embedded }) => [library, embedded]),
  ];
  // What the entry points' declarations refer to, and what several of them share.
  const others = /^dist\/((mod|doctor|edge)\.d\.ts|src\/([a-z]+\/)?[a-z_]+\.d\.ts|shared-\w+\.js)$/;
  const paths = [...files.keys()];
  assert.deepEqual(paths.filter((path) => !others.test(path)).sort(), wanted.sort());
  for (const path of paths.filter((path) => others.test(path))) {
    assert.ok(isReferredTo(path), `nothing in the package refers to ${path}`);
  }
  assert.equal(paths.length, new Set(paths).size);
});

/** By an entry point of package.json, or by another file. */
function isReferredTo(path: string): boolean {
  if (JSON.stringify(manifest).includes(`./${path}"`)) return true;
  const name = (path.split("/").at(-1) as string).replace(/\.d\.ts$/, ".js");
  return [...files.keys()].some((other) =>
    other !== path && /\.(js|d\.ts)$/.test(other) && text(other).includes(`/${name}"`)
  );
}

test("every file of the tarball has a mode and a time that say nothing of the machine", () => {
  assert.ok(entries.length > 20);
  for (const { path, mode, modified } of entries) {
    const wanted = Object.values(manifest.bin ?? {}).includes(path.replace(/^package\//, ""))
      ? 0o755
      : 0o644;
    assert.equal((mode & 0o777).toString(8), wanted.toString(8), path);
    assert.equal(new Date(modified * 1000).toISOString(), "1985-10-26T08:15:00.000Z", path);
  }
});

/** Which of the strings stand in the bytes. */
function found(bytes: Uint8Array, strings: readonly string[]): string[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return strings.filter((string) => content.includes(string));
}

test("no file of the tarball has a path of the machine that made it", () => {
  const machine = [ROOT.slice(0, -1), homedir(), `/home/${userInfo().username}`];
  assert.deepEqual(found(Buffer.from(`x${machine.join("\0")}x`), machine), machine, "the control");
  for (const [path, bytes] of files) {
    assert.deepEqual(found(bytes, machine), [], path);
    if (path.startsWith("lib/")) {
      assert.deepEqual(found(bytes, [".zig-cache", "/zig/os/"]), [], path);
    }
  }
});

test("no library of the tarball is the one that can be told to fail", () => {
  const SYMBOL = "securememory_fault_arm";
  const sources = execFileSync("grep", ["-rl", SYMBOL, join(ROOT, "zig")], { encoding: "utf8" });
  assert.match(sources, /exports/, "The name of the symbol has changed");
  for (const { part, library, embedded } of NATIVE) {
    assert.deepEqual(found(files.get(library) as Uint8Array, [SYMBOL]), [], library);
    assert.deepEqual(found(bytesOf(embedded), [SYMBOL]), [], embedded);
    const control = `securememory_${part === "core" ? "" : `${part}_`}abi_version`;
    assert.deepEqual(found(bytesOf(embedded), [control]).length, 1, "the control");
  }
});

/** What a module of dist/embedded carries. */
function bytesOf(path: string): Uint8Array {
  const encoded = /export const library =\s+"([^"]+)";/.exec(text(path))?.[1];
  assert.ok(encoded !== undefined, path);
  return brotliDecompressSync(Buffer.from(encoded, "base64"));
}

test("each library is the one whose SHA-256 is committed, as a file and as a module", () => {
  assert.equal(NATIVE.length, 18);
  for (const { part, target, library, embedded } of NATIVE) {
    assert.equal(sha256(files.get(library) as Uint8Array), HASHES[part][target], library);
    assert.equal(sha256(bytesOf(embedded)), HASHES[part][target], embedded);
  }
});

test("the edge's module is the one whose SHA-256 is committed, as a file and in JavaScript", () => {
  assert.equal(sha256(files.get("dist/securememory.wasm") as Uint8Array), WASM_HASH);
  const [, library, order] = /var library = "(.+)";\nvar order = "([0-9a-f]+)";/.exec(
    text("dist/edge.js"),
  ) ?? [];
  assert.equal(sha256(bytesOfText(library as string, order as string)), WASM_HASH);
});

test("the tarball has less than 1,200 KiB", () => {
  const { length } = readFileSync(tarball);
  assert.ok(length < LIMIT_BYTES, `${length} bytes`);
  assert.ok(length > 100_000, "An empty tarball proves nothing");
});

test(
  "the same sources give the same tarball, byte for byte",
  { timeout: patience(60_000) },
  () =>
    withTemporary((out) => {
      const before = process.umask(0o077);
      try {
        const again = pack(out);
        assert.equal(sha256(readFileSync(again.tarball)), sha256(readFileSync(tarball)));
      } finally {
        process.umask(before);
      }
    }),
);

test("package.json has no dependencies, no scripts, and nothing of the project's own", () => {
  assert.equal(manifest.version, VERSION);
  for (
    const field of [
      ...["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"],
      ...["scripts", "devDependencies", "overrides", "private", "imports", "allowScripts"],
    ]
  ) {
    assert.equal(manifest[field], undefined, field);
  }
  // These say where the module is; all else can be left out where nothing is used of it.
  const forms = ["edge.workerd", "edge.edge-light", "edge"].map((name) => `./dist/${name}.js`);
  assert.deepEqual(manifest.sideEffects, forms);
  assert.equal(manifest.type, "module");
  assert.deepEqual(Object.keys(manifest.engines), ["bun", "deno", "node"]);
});

test("package.json has the project's entry points, types first, and every file is there", () => {
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { "./package.json": itself, ...exports } = manifest.exports;
  assert.equal(itself, "./package.json");
  assert.deepEqual(Object.keys(exports), Object.keys(project.exports));
  for (const [name, conditions] of Object.entries<Record<string, string>>(exports)) {
    const forms = name === "./edge" ? ["workerd", "edge-light"] : [];
    const wanted = ["types", ...forms, "bun", "deno", "node", "default"];
    assert.deepEqual(Object.keys(conditions), wanted);
    for (const path of Object.values(conditions)) assert.ok(files.has(path.slice(2)), path);
  }
  assert.deepEqual(Object.keys(manifest.bin ?? {}), Object.keys(project.bin ?? {}));
  for (const path of Object.values(manifest.bin ?? {}) as string[]) {
    assert.match(text(path), /^#!\/usr\/bin\/env node\n/, path);
  }
});

/** The exit status of a tool of npm's world, and what it says. */
function judge(
  tool: string,
  script: string,
  ...args: string[]
): { status: number | null; said: string } {
  const path = join(toolOf(tool), script);
  const { status, stdout, stderr } = spawnSync(NODE, [path, ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  return { status, said: stdout + stderr };
}

/** A package whose types are not where it says. */
function withBroken<T>(use: (folder: string) => T): Promise<T> {
  return withTemporary((project) => {
    unpackInto(project, { folder, tarball });
    const broken = join(project, "node_modules", manifest.name);
    const types = "./dist/missing.d.ts";
    const exports = { ".": { types, default: "./dist/mod.js" } };
    writeFiles(broken, { "package.json": JSON.stringify({ ...manifest, types, exports }) });
    rmSync(join(broken, "dist/mod.d.ts"));
    return use(broken);
  });
}

test("publint has nothing to say of it", { timeout: patience(60_000) }, async () => {
  const { status, said } = judge("publint", "src/cli.js", "run", tarball, "--strict");
  assert.equal(status, 0, said);
  assert.match(said, /All good!/);
  await withBroken((broken) => {
    const { status } = judge("publint", "src/cli.js", "run", broken, "--strict", "--pack=false");
    assert.notEqual(status, 0, "publint is content with a broken package");
  });
});

test("@arethetypeswrong/cli finds its types right", { timeout: patience(60_000) }, async () => {
  // ESM only: every Node that has an FFI can require() that.
  const attw = (path: string) =>
    judge("@arethetypeswrong/cli", "dist/index.js", path, "--profile=esm-only", "--no-emoji");
  const { status, said } = attw(tarball);
  assert.equal(status, 0, said);
  assert.match(said, /node16 \(from ESM\).*OK \(ESM\)/);
  assert.match(said, /bundler.*OK/);
  await withBroken((broken) => {
    execFileSync("npm", ["pack", "--ignore-scripts", "--offline"], {
      cwd: broken,
      stdio: "ignore",
    });
    const { status } = attw(join(broken, tarball.split("/").at(-1) as string));
    assert.notEqual(status, 0, "attw is content with a broken package");
  });
});
