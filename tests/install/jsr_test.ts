/**
 * The package for JSR: what `deno publish` sends, and every criterion of JSR's score that a file
 * decides. (The description and the list of runtimes are set on JSR's site; provenance comes
 * with a release from the workflow.)
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { Jsr } from "./support/jsr.ts";
import { NAME } from "./support/packed.ts";
import { makeTemporary, removeTemporary, writeFiles } from "./support/projects.ts";
import { type Ran, run, surroundings } from "./support/run.ts";

const limit = { timeout: patience(60_000) };
const jsr = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
const entries: Readonly<Record<string, string>> = jsr.exports;

interface Documentation {
  readonly module_doc?: { readonly doc?: string };
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly { readonly jsDoc?: { readonly doc?: string } }[];
  }[];
}

describe("the package for JSR", () => {
  const folder = makeTemporary();
  const env = surroundings(join(folder, "home"));
  const documented: Record<string, Documentation> = {};
  let stand: Jsr;
  let published: Ran;

  before(async () => {
    stand = await Jsr.start(NAME);
    published = await run("deno publish --allow-dirty --token=none", {
      cwd: ROOT,
      env: { ...env, ...stand.variables },
    });
    for (const [name, path] of Object.entries(entries)) documented[name] = await document(path);
  });

  after(async () => {
    await stand.stop();
    removeTemporary(folder);
  });

  async function document(path: string): Promise<Documentation> {
    const { stdout } = await run(`deno doc --json ${path}`, { cwd: ROOT, env });
    return Object.values(
      JSON.parse(stdout).nodes as Record<string, Documentation>,
    )[0] as Documentation;
  }

  it("is accepted, with nothing to be warned of", () => {
    assert.equal(published.status, 0, published.stderr);
    assert.match(published.stderr, /Successfully published/);
    assert.doesNotMatch(published.stderr, /warning/i);
  });

  it("has the entry points, what they reach, the documents, and nothing else", () => {
    const paths = [...stand.files.keys()];
    for (const path of [...Object.values(entries), "./README.md", "./LICENSE", "./deno.json"]) {
      assert.ok(paths.includes(path.slice(1)), `${path} is not published`);
    }
    for (const os of ["linux", "macos", "windows"]) {
      for (const arch of ["x86_64", "aarch64"]) {
        for (const part of ["", "_crypto", "_extra"]) {
          const path = `/src/native/embedded/${os}_${arch}${part}.ts`;
          assert.ok(paths.includes(path), path);
        }
      }
    }
    assert.ok(paths.includes("/src/native/embedded/wasm.ts"), "the edge's module");
    const wanted =
      /^\/((mod|doctor|edge)\.ts|docs\/[\w/-]+\.(md|svg|json)|src\/[\w/]+\.ts|(README|SECURITY|CHANGELOG)\.md|LICENSE|deno\.json)$/;
    assert.deepEqual(paths.filter((path) => !wanted.test(path)), []);
  });

  it("has no module that nothing reaches", async () => {
    const info = await run(`deno info --json mod.ts`, { cwd: ROOT, env });
    const reached = new Set(
      (JSON.parse(info.stdout).modules as { local: string }[]).map(({ local }) => local),
    );
    assert.ok(reached.has(join(ROOT, "src/secret.ts")), "the control");
    const others = Object.values(entries).filter((path) => path !== "./mod.ts");
    for (const path of others) {
      const more = await run(`deno info --json ${path}`, { cwd: ROOT, env });
      for (const { local } of JSON.parse(more.stdout).modules) reached.add(local);
    }
    const modules = [...stand.files.keys()].filter((path) => path.endsWith(".ts"));
    assert.deepEqual(modules.filter((path) => !reached.has(join(ROOT, path))), []);
  });

  it("has no path of the machine that published it", () => {
    const own = ROOT.slice(0, -1);
    for (const [path, bytes] of stand.files) {
      assert.equal(Buffer.from(bytes).includes(own), false, path);
    }
  });

  it("has no lint of documentation in any entry point", limit, async () => {
    const good = await run(`deno doc --lint ${Object.values(entries).join(" ")}`, {
      cwd: ROOT,
      env,
    });
    assert.equal(good.status, 0, good.stderr);
    writeFiles(folder, { "bare.ts": "export function bare(): void {}\n" });
    const bare = await run("deno doc --lint bare.ts", { cwd: folder, env });
    assert.notEqual(bare.status, 0, "deno doc --lint is content with anything");
  });

  describe("has every point of JSR's score that a file decides:", () => {
    it("a README, with an example", () => {
      const readme = Buffer.from(stand.files.get("/README.md") as Uint8Array).toString();
      assert.match(readme, /^```ts\n[^]*?\n```$/m);
    });

    it("a module document for each entry point, the main one with an example", () => {
      for (const [name, { module_doc }] of Object.entries(documented)) {
        assert.ok((module_doc?.doc ?? "").length > 20, name);
      }
      assert.match(documented["."]?.module_doc?.doc ?? "", /^```ts\n[^]*?\n```$/m);
    });

    it("a document for every exported symbol: 80 % would do, and it is 100 %", () => {
      const symbols = Object.values(documented).flatMap(({ symbols }) => symbols);
      assert.ok(symbols.length > 25);
      const bare = symbols.filter(({ declarations }) =>
        !declarations.some(({ jsDoc }) => (jsDoc?.doc ?? "").trim() !== "")
      );
      assert.deepEqual(bare.map(({ name }) => name), []);
      console.log(`documented: ${symbols.length} of ${symbols.length} exported symbols`);
    });

    it("no slow types", limit, async () => {
      assert.match(published.stderr, /Checking for slow types/);
      assert.doesNotMatch(published.stderr, /slow-type|missing-explicit/);
      writeFiles(folder, {
        "slow/deno.json": JSON.stringify({
          name: NAME,
          version: "0.0.1",
          license: "MIT",
          exports: "./mod.ts",
        }),
        "slow/mod.ts": "export const slow = JSON.parse('1').x();\n",
      });
      const slow = await run("deno publish --dry-run --allow-dirty", {
        cwd: join(folder, "slow"),
        env,
      });
      assert.notEqual(slow.status, 0, "slow types are not noticed");
      assert.match(slow.stderr, /missing-explicit-type/);
    });

    it("a license", () => assert.equal(jsr.license, "Apache-2.0"));
  });
});
