/**
 * Every code block of README.md runs: TypeScript as it stands, commands as they stand.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { commandLine, ROOT, runCode, runFile, RUNTIME } from "./support/child.ts";
import {
  assertSaid,
  type Block,
  blocksOf,
  inClone,
  missingTests,
  read,
} from "./support/documents.ts";

const text = read("README.md");
const blocks = blocksOf(text);
const modules = blocks.filter(({ language }) => language === "ts");
const commands = blocks.filter(({ language }) => language === "sh")
  .flatMap(({ code }) => code.trim().split("\n"));

describe("README.md", () => {
  it("has blocks of TypeScript and of commands, and no others", () => {
    assert.ok(modules.length >= 2);
    assert.ok(commands.length >= 5);
    assert.equal(
      modules.length + blocks.filter(({ language }) => language === "sh").length,
      blocks.length,
    );
  });

  for (const [index, { code }] of modules.entries()) {
    it(`has TypeScript that runs (block ${index + 1}), printing what its comments say`, async () => {
      const { status, signal, stdout, stderr } = await runCode(inClone(code));
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
      assertSaid(code, stdout);
    });
  }

  it(`runs its first example on ${RUNTIME} with exactly the flags it names`, async () => {
    const line = commands.find((command) => command.startsWith(`${RUNTIME} `));
    assert.ok(line?.endsWith(" main.ts"), `no command for ${RUNTIME}`);
    const flags = (line as string).split(" ").slice(1, -1).filter((word) => word !== "run");
    // Node's flag that silences its warning is the harness's own; Deno gets none but README's.
    const { status, stdout, stderr } = await runCode(inClone((modules[0] as Block).code), {
      flags,
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^32 Secret\(32 bytes\)/);
    assert.ok(commandLine("main.ts", { flags }).includes("main.ts"));
  });

  it("names commands that package.json has", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const named = commands.filter((command) => command.startsWith("npm "));
    assert.ok(named.length >= 2);
    for (const command of named) {
      const script = command.replace(/^npm (run )?/, "").split(" ")[0] as string;
      assert.ok(scripts[script] !== undefined, `package.json has no script for "${command}"`);
    }
  });

  it("names a test in every row of its table of protections", () => {
    const table = text.slice(text.indexOf("| against |"), text.indexOf("Two ladders"));
    const rows = table.trim().split("\n").slice(2);
    assert.ok(rows.length >= 8);
    for (const row of rows) assert.match(row, /_test`/);
    assert.deepEqual(missingTests(table), []);
  });

  it(`has an example that runs as main.ts in a clone, under the package's own name`, async () => {
    // A folder of the clone that git ignores: what is above it says what the name means.
    mkdirSync(`${ROOT}zig-out`, { recursive: true });
    const folder = mkdtempSync(`${ROOT}zig-out/readme-`);
    try {
      writeFileSync(`${folder}/main.ts`, (modules[0] as Block).code);
      const flags = RUNTIME === "deno" ? ["--allow-ffi"] : [];
      const { status, stdout, stderr } = await runFile(`${folder}/main.ts`, { flags });
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^32 Secret\(32 bytes\)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
