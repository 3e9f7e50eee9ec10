/** The package's types, as a user's compiler sees them: every exported name, under strict. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { NAME, packed } from "./support/packed.ts";
import {
  lend,
  makeTemporary,
  removeTemporary,
  unpackInto,
  writeFiles,
} from "./support/projects.ts";
import { NODE, run, surroundings, toolOf } from "./support/run.ts";

const limit = { timeout: patience(60_000) };

interface Documented {
  readonly nodes: Readonly<
    Record<string, {
      readonly symbols: readonly {
        readonly name: string;
        readonly declarations: readonly { readonly kind: string }[];
      }[];
    }>
  >;
}

interface Exported {
  readonly name: string;
  readonly isType: boolean;
}

/** What an entry point of the sources exports: the declarations have to have it, too. */
function exportsOf(entry: string, env: Record<string, string>): Exported[] {
  const text = execFileSync("deno", ["doc", "--json", entry], {
    cwd: ROOT,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 1 << 26,
  });
  const { nodes } = JSON.parse(text) as Documented;
  return Object.values(nodes).flatMap(({ symbols }) =>
    symbols.map(({ name, declarations }) => ({
      name,
      isType: declarations.every(({ kind }) => kind === "interface" || kind === "typeAlias"),
    }))
  );
}

/** A module that uses every name that an entry point exports, in the way of a library's user. */
function userOf(specifier: string, exported: readonly Exported[]): string {
  const names = exported.map(({ name, isType }) => isType ? `type ${name}` : name);
  return [
    `import { ${names.join(", ")} } from "${specifier}";`,
    ...exported.map(({ name, isType }) =>
      isType ? `export type Used${name} = ${name};` : `export const used${name}: unknown = ${name};`
    ),
    "",
  ].join("\n");
}

const PROGRAM = `
import { capabilities, Secret, SecretClosedError, SecretFactory, type SecretStatus } from "${NAME}";
using key: Secret = Secret.random(32);
const length: number = key.withBytes((bytes) => bytes.length);
const text: string = key.withBytes((bytes: Uint8Array) => String(bytes[0]));
const later: Promise<number> = key.withBytesAsync(async (bytes) => bytes.byteLength);
const status: SecretStatus = key.status();
const factory = new SecretFactory({ store: "locked", label: "types" });
await using other: Secret = factory.from(new Uint8Array([1, 2, 3]));
{
  using window = other.open();
  console.log(window.bytes.at(0));
}
try {
  other.update((bytes) => void bytes.fill(0));
} catch (error) {
  if (error instanceof SecretClosedError) console.log(error.code, error.message);
}
export { later, length, status, text };
console.log(capabilities().runtime, key.equals(other), key.isClosed);
`;

/** Each has to be refused. */
const WRONG = [
  `import { Secret } from "${NAME}"; Secret.random("32");`,
  `import { Secret } from "${NAME}"; const a: string = Secret.random(1).length;`,
  `import { SecretFactory } from "${NAME}"; new SecretFactory({ store: "heap" });`,
  `import { NoSuchName } from "${NAME}"; console.log(NoSuchName);`,
];

const STRICT = {
  target: "ESNext",
  strict: true,
  noEmit: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
};

const NODE_NEXT = { module: "NodeNext", moduleResolution: "NodeNext" };
const BUNDLER = { module: "ESNext", moduleResolution: "Bundler" };
const WEB = ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];

const PROJECTS: Readonly<Record<string, object>> = {
  "nodenext, with @types/node": { ...NODE_NEXT, lib: ["ESNext"], types: ["node"] },
  "bundler, with @types/node": { ...BUNDLER, lib: ["ESNext"], types: ["node"] },
  "bundler for Bun": {
    ...BUNDLER,
    lib: ["ESNext"],
    types: ["node"],
    customConditions: ["bun"],
    allowImportingTsExtensions: true,
  },
  "nodenext, with the web's types and no runtime's": { ...NODE_NEXT, lib: WEB, types: [] },
};

describe("the types of the package", () => {
  const folder = makeTemporary();
  const project = join(folder, "project");
  const env = surroundings(join(folder, "home"));
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const entries: Record<string, Exported[]> = {};

  before(() => {
    for (const [name, path] of Object.entries(exports as Record<string, string>)) {
      entries[name.replace(".", NAME)] = exportsOf(path, env);
    }
    unpackInto(project, packed());
    for (const name of ["@types/node", "undici-types"]) lend(project, name);
    const users = Object.entries(entries).map(([name, exported]) => userOf(name, exported));
    writeFiles(project, {
      "package.json": JSON.stringify({
        name: "user",
        type: "module",
        dependencies: { [NAME]: "*" },
      }),
      "program.ts": PROGRAM,
      ...Object.fromEntries(users.map((code, index) => [`every_name_${index}.ts`, code])),
      ...Object.fromEntries(WRONG.map((code, index) => [`wrong_${index}.ts`, code])),
    });
  });

  after(() => removeTemporary(folder));

  /** Checks the project's good modules, or one that is wrong. */
  function compile(options: object, files: readonly string[]) {
    writeFiles(project, {
      "tsconfig.json": JSON.stringify({ compilerOptions: { ...STRICT, ...options }, files }),
    });
    const tsc = join(toolOf("typescript"), "bin/tsc");
    return run(`${NODE} ${tsc} -p tsconfig.json --pretty false`, { cwd: project, env });
  }

  const good = () => ["program.ts", ...Object.keys(entries).map((_, at) => `every_name_${at}.ts`)];

  it("are looked at for every exported name", () => {
    const exported = entries[NAME] as Exported[];
    assert.ok(exported.length > 25);
    assert.ok(exported.some(({ name, isType }) => name === "Secret" && !isType));
    assert.ok(exported.some(({ name, isType }) => name === "SecretStatus" && isType));
  });

  for (const [name, options] of Object.entries(PROJECTS)) {
    it(`are right under strict: ${name}`, limit, async () => {
      const { status, stdout } = await compile(options, good());
      assert.equal(status, 0, stdout);
      const said = await compile(options, WRONG.map((_, index) => `wrong_${index}.ts`));
      for (const index of WRONG.keys()) {
        assert.match(said.stdout, new RegExp(`^wrong_${index}\\.ts.*error TS`, "m"));
      }
    });
  }

  it("are right for Deno, from node_modules", limit, async () => {
    const checked = await run(`deno check ${good().join(" ")}`, { cwd: project, env });
    assert.equal(checked.status, 0, checked.stderr);
    for (const index of WRONG.keys()) {
      const { status, stderr } = await run(`deno check wrong_${index}.ts`, { cwd: project, env });
      assert.equal(status, 1);
      assert.match(stderr, /TS\d+ \[ERROR\]/);
    }
  });
});
