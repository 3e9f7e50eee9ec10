/**
 * Every code block of README.md runs: TypeScript as it stands, commands as they stand.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, ROOT, runCode, RUNTIME } from "./support/child.ts";

interface Block {
  readonly language: string;
  readonly code: string;
}

const text = readFileSync(`${ROOT}README.md`, "utf8");
const blocks: Block[] = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  .map(([, language, code]) => ({ language: language as string, code: code as string }));
const modules = blocks.filter(({ language }) => language === "ts");
const commands = blocks.filter(({ language }) => language === "sh")
  .flatMap(({ code }) => code.trim().split("\n"));

/** A block as a reader of the repository would save it: the package's name is the clone's mod.ts. */
function inClone(code: string): string {
  return code.replaceAll("@securememory/core", new URL("../mod.ts", import.meta.url).href);
}

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
      for (const [, said] of code.matchAll(/^console\.log\(.*\); \/\/ (?!what)(.*)$/gm)) {
        assert.ok(stdout.includes(said as string), `"${said}" is not in:\n${stdout}`);
      }
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
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    const named = commands.filter((command) => command.startsWith("npm "));
    assert.ok(named.length >= 2);
    for (const command of named) {
      const script = command.replace(/^npm (run )?/, "").split(" ")[0] as string;
      assert.ok(scripts[script] !== undefined, `package.json has no script for "${command}"`);
    }
  });

  it("names tests that exist", () => {
    const table = text.slice(text.indexOf("| against |"), text.indexOf("It does **not** protect"));
    const named = [...table.matchAll(/`(\w+_test)`/g)].map(([, name]) => name as string);
    assert.ok(named.length >= 8);
    for (const name of named) {
      const exists = existsSync(`${ROOT}tests/${name}.ts`) || existsSync(`${ROOT}zig/${name}.zig`);
      assert.ok(exists, `there is no ${name}`);
    }
  });

  it("links only to files that exist", () => {
    const folder = mkdtempSync(join(tmpdir(), "securememory-readme-"));
    writeFileSync(join(folder, "probe"), "");
    assert.ok(existsSync(join(folder, "probe")), "the control is not found");
    rmSync(folder, { recursive: true });
    for (const [, target] of text.matchAll(/\]\(((?!https:)[^)]+)\)/g)) {
      assert.ok(
        existsSync(ROOT + (target as string)),
        `README links to ${target}, which is not there`,
      );
    }
  });
});
