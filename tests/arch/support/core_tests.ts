/**
 * The core's own tests, compiled for another target: what each of them said.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../support/child.ts";
import { zigPath } from "../../support/native.ts";

/** Compiles them; returns the program's path. */
export function buildCoreTests(target: string, name: string): string {
  execFileSync(zigPath(), ["build", `test-${target}`], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  return join(ROOT, "zig-out", target, name);
}

/** Names of tests, by how they ended. */
export interface CoreResults {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
}

const HEAD = /^(\d+)\/(\d+) [\w.]+?\.(?:decl)?test[._](.*?)\.\.\.(.*)$/gm;

/** Reads what Zig's test runner printed. Fails if the run ended before the last test. */
export function readResults(text: string): CoreResults {
  const results = { passed: [] as string[], skipped: [] as string[], failed: [] as string[] };
  const heads = [...text.matchAll(HEAD)];
  heads.forEach((head, index) => {
    const [, , , name = "", said = ""] = head;
    const behind = text.slice(head.index + head[0].length, heads[index + 1]?.index);
    // A test may print something of its own before how it ended.
    const end = [said, ...behind.split("\n")].find((line) => /^(?:OK|SKIP|FAIL\b.*)$/.test(line));
    if (end === "OK") results.passed.push(name);
    else if (end === "SKIP") results.skipped.push(name);
    else results.failed.push(name);
  });
  assert.equal(heads.length, Number(heads[0]?.[2]), `Not every test has run: ${text.slice(-2000)}`);
  return results;
}
