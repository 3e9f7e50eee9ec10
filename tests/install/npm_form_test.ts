/** The form of the package for npm: what it imports, and what it asks the runtime for, and when. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HASHES } from "../../src/native/hashes.ts";
import { detectRuntime } from "../../src/native/library.ts";
import { patience } from "../support/child.ts";
import { withoutDeno } from "../support/deno.ts";
import { notOnLinux } from "../support/report.ts";
import { NAME, packed } from "./support/packed.ts";
import { unpackInto, withTemporary, writeFiles } from "./support/projects.ts";
import { run, surroundings } from "./support/run.ts";

const { os, arch } = detectRuntime();
const OWN = [`${os}_${arch}`, `${os}_${arch}_crypto`, `${os}_${arch}_extra`].map((name) =>
  `${name}.js`
);
const limit = patience(60_000);

/** Uses all three libraries. */
const USES_ALL = `
import { capabilities, Enclave, Secret } from "${NAME}";
using key = Secret.random(32);
const mac = key.hmac("SHA-256", "message");
const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
console.log(JSON.stringify({
  verified: key.verifyHmac("SHA-256", "message", mac),
  sealed: enclave.withBytes((bytes) => [...bytes]),
  library: capabilities().library,
}));
`;

/** A project with the package in it, as a package manager leaves it, and what runs in there. */
interface Project {
  readonly folder: string;
  readonly package: string;
  readonly embedded: string;
  /** The output of a command that has to end well. */
  succeed(command: string): Promise<string>;
  /** What a command says that has to fail. */
  fail(command: string): Promise<string>;
}

function inProject<T>(
  files: Readonly<Record<string, string>>,
  use: (project: Project) => Promise<T>,
): Promise<T> {
  return withTemporary((folder) => {
    unpackInto(folder, packed());
    writeFiles(folder, { "package.json": "{}\n", "main.mjs": USES_ALL, ...files });
    const env = surroundings(join(folder, "home"));
    const home = join(folder, "node_modules", NAME);
    return use({
      folder,
      package: home,
      embedded: join(home, "dist/embedded"),
      async succeed(command) {
        const { status, stdout, stderr } = await run(command, { cwd: folder, env });
        assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
        return stdout;
      },
      async fail(command) {
        const { status, stdout, stderr } = await run(command, { cwd: folder, env });
        assert.notEqual(status, 0, `${command}\n${stdout}`);
        return stdout + stderr;
      },
    });
  });
}

/** Makes modules fail that ought not to be looked at. */
function poison({ embedded }: Project, names: readonly string[]): void {
  for (const name of names) {
    writeFileSync(join(embedded, name), `throw new Error("${name} was imported");`);
  }
}

const WORKED = { verified: true, sealed: [1, 2, 3] };

test("Bun imports this host's bytes and no other target's, and none where the files are", {
  skip: notOnLinux,
  timeout: limit,
}, () =>
  inProject({}, async (project) => {
    const modules = readdirSync(project.embedded).filter((name) => name.endsWith(".js"));
    assert.equal(modules.length, 3 * Object.keys(HASHES.core).length);
    for (const name of OWN) assert.ok(modules.includes(name), name);
    poison(project, modules.filter((name) => !OWN.includes(name)));
    const own = OWN.map((name) => readFileSync(join(project.embedded, name)));
    const lib = join(project.package, "lib");

    // With the files beside the modules, not even this host's.
    poison(project, OWN);
    const beside = JSON.parse(await project.succeed("bun main.mjs"));
    assert.match(beside.library, /\/lib\/linux-\w+\/libsecurememory\.so$/);
    assert.deepEqual({ ...beside, library: undefined }, { ...WORKED, library: undefined });

    // Without them that of each library: the control for the two lines above.
    rmSync(lib, { recursive: true });
    OWN.forEach((name, index) => writeFileSync(join(project.embedded, name), own[index] as Buffer));
    const inside = JSON.parse(await project.succeed("bun main.mjs"));
    assert.match(inside.library, /^\/proc\/self\/fd\/\d+$/);
    assert.deepEqual({ ...inside, library: undefined }, { ...WORKED, library: undefined });
    for (const [index, name] of OWN.entries()) {
      poison(project, [name]);
      assert.match(await project.fail("bun main.mjs"), /UnsupportedError: Cannot load the native/);
      writeFileSync(join(project.embedded, name), own[index] as Buffer);
    }
  }));

test("a bundle that is told its target has the bytes of no other", {
  skip: notOnLinux,
  timeout: limit,
}, () =>
  inProject({}, async (project) => {
    const node = { x86_64: "x64", aarch64: "arm64" }[arch];
    const build = (name: string, ...flags: string[]) =>
      project.succeed(["bun build main.mjs --target=bun", `--outfile=${name}`, ...flags].join(" "));
    await build("all.mjs");
    await build(
      "one.mjs",
      `--define process.platform="linux"`,
      `--define process.arch="${node}"`,
      // What can no longer be reached goes.
      "--minify-syntax",
    );
    const [all, one] = ["all.mjs", "one.mjs"].map((name) =>
      readFileSync(join(project.folder, name), "utf8")
    ) as [string, string];
    for (const name of readdirSync(project.embedded).filter((path) => path.endsWith(".js"))) {
      const text = /[\w+/=]{1000}/.exec(readFileSync(join(project.embedded, name), "utf8"))?.[0];
      assert.ok(text !== undefined, `${name} has no bytes that this could look for`);
      assert.ok(all.includes(text), `${name} is not in the bundle for all targets`);
      assert.equal(one.includes(text), OWN.includes(name), name);
    }
    rmSync(join(project.folder, "node_modules"), { recursive: true });
    const { library, ...rest } = JSON.parse(await project.succeed("bun one.mjs"));
    assert.match(library, /^\/proc\/self\/fd\/\d+$/);
    assert.deepEqual(rest, WORKED);
  }));

/** Counts who asks for what Deno takes 20 ms to make. */
const COUNTS = `
const { get, value } = Object.getOwnPropertyDescriptor(globalThis, "process");
let asked = 0;
Object.defineProperty(globalThis, "process", {
  configurable: true,
  get: () => (asked++, get === undefined ? value : get.call(globalThis)),
});
export const count = () => asked;
`;
const FIRST = `
import { count } from "./counts.mjs";
import { Secret } from "${NAME}";
let length;
try {
  length = Secret.random(32).withBytes((bytes) => bytes.length);
} catch {
  // The control.
}
console.log(JSON.stringify({ length, asked: count() }));
`;

test("on Deno the first secret does without \`process\` where the library is in its file", {
  skip: withoutDeno || notOnLinux,
  timeout: limit,
}, () =>
  inProject({ "counts.mjs": COUNTS, "first.mjs": FIRST }, async (project) => {
    const command = "deno run --no-prompt --allow-ffi first.mjs";
    assert.deepEqual(JSON.parse(await project.succeed(command)), { length: 32, asked: 0 });
    rmSync(join(project.package, "lib"), { recursive: true });
    const { length, asked } = JSON.parse(await project.succeed(command));
    assert.equal(length, undefined);
    assert.ok(asked > 0, "control: bytes that came with the module are looked for by it");
  }));
