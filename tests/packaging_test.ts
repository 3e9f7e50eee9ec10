import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { library } from "../src/native/library.ts";
import { CRYPTO_SYMBOLS } from "../src/native/crypto_symbols.ts";
import { EXTRA_START, EXTRA_SYMBOLS } from "../src/native/extra_symbols.ts";
import { SYMBOLS } from "../src/native/symbols.ts";
import { patience, ROOT } from "./support/child.ts";
import {
  DF_1_NODELETE,
  DT_FINI_ARRAY,
  DT_TEXTREL,
  PF_W,
  PF_X,
  PT_GNU_STACK,
  readElf,
} from "./support/elf.ts";
import { toolchain, withFolder, withoutZig, zigPath } from "./support/native.ts";
import { notOnLinux } from "./support/report.ts";
import { unless } from "./support/skip.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const npm = JSON.parse(read("package.json"));
const jsr = JSON.parse(read("deno.json"));

test("package.json and deno.json have the same name, version, license and exports", () => {
  for (const field of ["name", "version", "license", "exports"]) {
    assert.notEqual(npm[field], undefined, field);
    assert.deepEqual(jsr[field], npm[field], field);
  }
  assert.match(npm.version, /^0\.\d+\.\d+/);
  for (const path of Object.values(npm.exports)) assert.ok(existsSync(join(ROOT, path as string)));
});

test("build.zig.zon and package-lock.json have the version of package.json", () => {
  assert.equal(/\.version = "([^"]+)"/.exec(read("build.zig.zon"))?.[1], npm.version);
  const lock = JSON.parse(read("package-lock.json"));
  assert.equal(lock.version, npm.version);
  assert.equal(lock.packages[""].version, npm.version);
});

test("the changelog has an entry for the version", () => {
  assert.match(
    read("CHANGELOG.md"),
    new RegExp(`^## .*${npm.version.replaceAll(".", "\\.")}`, "m"),
  );
});

test("the package depends on nothing, and runs no script when it is installed", () => {
  for (
    const field of [
      "dependencies",
      "optionalDependencies",
      "peerDependencies",
      "bundleDependencies",
    ]
  ) {
    assert.equal(npm[field], undefined, field);
  }
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    assert.equal(npm.scripts?.[script], undefined, script);
  }
});

/** The specifiers of a module's static imports and re-exports. */
function imports(path: string): string[] {
  const text = readFileSync(path, "utf8")
    .replaceAll(/\/\*[^]*?\*\//g, "") // Examples import as well.
    .replaceAll(/^\s*\/\/.*$/gm, "");
  const statements = text.matchAll(
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^\s*import\s+"([^"]+)"/gm,
  );
  return [...statements].map((match) => (match[1] ?? match[2]) as string);
}

/** What can be imported, and what can be started. */
function entries(): string[] {
  return [...Object.values(npm.exports), ...Object.values(npm.bin)] as string[];
}

/** Every module that an entry point reaches, as paths from the root. */
function reached(): string[] {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    for (const specifier of imports(path)) {
      assert.match(specifier, /^\.\.?\//, `${path} imports "${specifier}", which does not ship`);
      visit(fileURLToPath(new URL(specifier, pathToFileURL(path))));
    }
  };
  for (const path of entries()) visit(join(ROOT, path));
  return [...found].map((path) => relative(ROOT, path));
}

/** Only npm has commands: on JSR the module is the command. */
const started = Object.values(npm.bin) as string[];

const within = (path: string, entries: readonly string[]) =>
  entries.some((entry) => path === entry || path.startsWith(`${entry}/`));

test("every module that an entry point reaches is published, and imports nothing from outside", () => {
  const modules = reached();
  assert.ok(modules.includes("src/native/library.ts"), "The walk over the imports went nowhere");
  for (const path of modules) {
    assert.ok(existsSync(join(ROOT, path)), path);
    if (started.includes(path)) continue;
    assert.ok(within(path, jsr.publish.include), `deno.json does not publish ${path}`);
  }
});

/** What other things put in the place of a module, or import when it is needed. */
const REACHED_OTHERWISE =
  /^src\/native\/(embedded_sync\.ts|embedded\/\w+\.ts)$|^src\/edge\/(wasm\.d|module_\w+|hash)\.ts$/;

test("every module in src is reached: none is dead", () => {
  const modules = new Set(reached());
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const unreached = files.filter((file) => file.endsWith(".ts"))
    .map((file) => join("src", file))
    .filter((file) => !modules.has(file) && !REACHED_OTHERWISE.test(file));
  assert.deepEqual(unreached, []);
});

test("what deno.json publishes exists; package.json is not published as it is", () => {
  for (const path of jsr.publish.include) assert.ok(existsSync(join(ROOT, path)), path);
  // Node does not run TypeScript from node_modules: scripts/pack.mjs makes what npm gets.
  assert.equal(npm.private, true);
  assert.equal(npm.files, undefined);
});

/** No test, no benchmark, no library that is a file. */
function assertPublished(paths: string[]): void {
  for (const needed of ["mod.ts", "README.md", "LICENSE", "SECURITY.md", "src/secret.ts"]) {
    assert.ok(paths.includes(needed), `${needed} is not published`);
  }
  assert.ok(paths.includes("src/native/embedded/linux_x86_64.ts"), "The library is not published");
  const strange = paths.filter((path) =>
    !/^((mod|doctor|edge)\.ts|deno\.json|[A-Z]+(\.md)?|src\/[\w/]+\.ts)$/.test(path)
  );
  assert.deepEqual(strange, [], "Published, but no part of the package");
}

const deno = toolchain.findDeno();
const withoutDeno = unless("deno-tool", deno !== undefined, "Deno is not installed");

test("what deno publish would send is the package, and its types are fast", {
  skip: withoutDeno,
  timeout: patience(60_000),
}, () => {
  const { status, stdout, stderr } = spawnSync(
    deno as string,
    ["publish", "--dry-run", "--allow-dirty", "--no-check=remote"],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  assert.equal(status, 0, stdout + stderr);
  const root = pathToFileURL(ROOT).href;
  const lines = (stdout + stderr).split("\n").map((line) => line.trim());
  assertPublished(
    lines.filter((line) => line.startsWith(root)).map((line) =>
      fileURLToPath(line.slice(0, line.lastIndexOf(" ("))).slice(ROOT.length)
    ),
  );
});

/** The built libraries for Linux; always the one that is in use here. */
const libraries = notOnLinux !== false ? [] : [
  ...new Set([
    library().path,
    ...["x86_64", "aarch64"].map((arch) => join(ROOT, `lib/linux-${arch}/libsecurememory.so`)),
  ]),
].filter((path) => existsSync(path));

/** What Node-API looks for in a module: zig/node_api.zig. */
const REGISTER = "napi_register_module_v1";

test("the library exports the symbols of the table, that of a module, and no others", {
  skip: notOnLinux,
}, () => {
  for (const path of libraries) {
    const exported = readElf(path).symbols.filter((symbol) => !symbol.undefined)
      .map(({ name }) => name);
    assert.deepEqual(exported.sort(), [...Object.keys(SYMBOLS), REGISTER].sort(), path);
  }
});

/** The crypto libraries for Linux, as far as they are built. */
const cryptoLibraries = notOnLinux !== false
  ? []
  : ["x86_64", "aarch64"].map((arch) => join(ROOT, `lib/linux-${arch}/libsecurememory-crypto.so`))
    .filter((path) => existsSync(path));

test("the crypto library exports the symbols of its table and no others, and needs nothing", {
  skip: notOnLinux,
}, () => {
  assert.ok(cryptoLibraries.length > 0);
  for (const path of cryptoLibraries) {
    const { needed, symbols } = readElf(path);
    const exported = symbols.filter((symbol) => !symbol.undefined).map(({ name }) => name);
    assert.deepEqual(exported.sort(), Object.keys(CRYPTO_SYMBOLS).sort(), path);
    assert.deepEqual(needed, [], path);
    assert.deepEqual(symbols.filter((symbol) => symbol.undefined && !symbol.weak), [], path);
    // Taken if the process has it: what the processor can do.
    const taken = symbols.filter((symbol) => symbol.undefined).map(({ name }) => name);
    assert.deepEqual(taken, path.includes("aarch64") ? ["getauxval"] : [], path);
  }
});

/** The extra libraries for Linux, as far as they are built. */
const extraLibraries = notOnLinux !== false
  ? []
  : ["x86_64", "aarch64"].map((arch) => join(ROOT, `lib/linux-${arch}/libsecurememory-extra.so`))
    .filter((path) => existsSync(path));

test("the extra library exports the symbols of its table and no others, and needs nothing", {
  skip: notOnLinux,
}, () => {
  assert.ok(extraLibraries.length > 0);
  for (const path of extraLibraries) {
    const { needed, symbols, tags } = readElf(path);
    const exported = symbols.filter((symbol) => !symbol.undefined).map(({ name }) => name);
    const wanted = Object.keys({ ...EXTRA_START, ...EXTRA_SYMBOLS });
    assert.deepEqual(exported.sort(), wanted.sort(), path);
    assert.deepEqual(needed, [], path);
    assert.deepEqual(symbols.filter((symbol) => symbol.undefined && !symbol.weak), [], path);
    // Taken if the process has them: see zig/os/linux_environment.zig.
    const taken = symbols.filter((symbol) => symbol.undefined).map(({ name }) => name);
    assert.deepEqual(taken.sort(), ["environ", "unsetenv"], path);
    // The end of the process is the core's.
    assert.equal(tags.includes(DT_FINI_ARRAY), false, path);
  }
});

test("the library needs no other library, and no symbol from one", { skip: notOnLinux }, () => {
  for (const path of libraries) {
    const { needed, symbols } = readElf(path);
    assert.deepEqual(needed, [], path);
    assert.deepEqual(symbols.filter((symbol) => symbol.undefined && !symbol.weak), [], path);
    // Taken if the process has them: see zig/os/linux_ending.zig and zig/node_api.zig.
    const taken = symbols.filter((symbol) => symbol.undefined).map(({ name }) => name);
    assert.deepEqual(taken.sort(), [
      "__cxa_at_quick_exit",
      "at_quick_exit",
      "napi_create_external_arraybuffer",
      "napi_create_function",
      "napi_get_cb_info",
      "napi_get_value_double",
      "napi_set_named_property",
      "napi_throw_error",
    ], path);
  }
});

test("the library is never unloaded, and has something to do at the end", {
  skip: notOnLinux,
}, () => {
  for (const path of libraries) {
    const { tags, flags1 } = readElf(path);
    assert.equal(flags1 & DF_1_NODELETE, DF_1_NODELETE, path);
    assert.ok(tags.includes(DT_FINI_ARRAY), path);
  }
});

test("the reader of ELF files sees what a library needs where it needs something", {
  skip: notOnLinux,
}, () => {
  const foreign = /\S*\/libstdc\+\+\.so\S*|\S*\/libm\.so\.6|\S*\/libpthread\.so\.0/.exec(
    readFileSync("/proc/self/maps", "utf8"),
  )?.[0];
  assert.ok(foreign, "This runtime has mapped none of the libraries that are looked for");
  const { needed, symbols } = readElf(foreign);
  assert.ok(needed.length > 0);
  assert.ok(symbols.some((symbol) => symbol.undefined));
  assert.ok(symbols.some((symbol) => !symbol.undefined));
});

test("the library is smaller than 64 KiB", { skip: notOnLinux }, () => {
  for (const path of libraries) assert.ok(readElf(path).bytes < 65_536, path);
});

test("no part of the library is writable and executable, and its stack is neither", {
  skip: notOnLinux,
}, () => {
  for (const path of libraries) {
    const { segments, tags } = readElf(path);
    for (const { flags } of segments) assert.notEqual(flags & (PF_W | PF_X), PF_W | PF_X, path);
    const stack = segments.find(({ type }) => type === PT_GNU_STACK);
    assert.ok(stack !== undefined && (stack.flags & PF_X) === 0, path);
    assert.equal(tags.includes(DT_TEXTREL), false, path);
  }
});

test(
  "src/native/abi.ts is what zig/abi.zig says",
  { skip: withoutZig, timeout: patience(60_000) },
  () => {
    const written = execFileSync(
      zigPath(),
      ["run", "--cache-dir", join(ROOT, ".zig-cache"), join(ROOT, "zig/abi_typescript.zig")],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
    assert.equal(read("src/native/abi.ts"), written, "Run: zig build abi");
  },
);

test("the symbol table satisfies Deno.ForeignLibraryInterface", {
  skip: withoutDeno,
  timeout: patience(60_000),
}, async () => {
  await withFolder((folder) => {
    const check = (path: string) =>
      spawnSync(deno as string, ["check", "--config", join(ROOT, "deno.json"), path], {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
      });
    const good = check(join(ROOT, "tests/types/deno.ts"));
    assert.equal(good.status, 0, good.stderr);
    const wrong = join(folder, "wrong.ts");
    writeFileSync(
      wrong,
      `export const table = { f: { parameters: ["u33"], result: "i32" } } as const satisfies
        Deno.ForeignLibraryInterface;\n`,
    );
    assert.notEqual(check(wrong).status, 0, "Deno accepts any table, so nothing is proved");
    return Promise.resolve();
  });
});
