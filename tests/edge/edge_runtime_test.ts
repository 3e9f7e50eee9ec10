/** The edge's suite in edge-runtime, which is Vercel's: the module is a file, imported with `?module`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { bundle, tell } from "./support/bundled.ts";
import type { Result } from "./support/run.ts";
import { edgeRuntimeFolder, nodePath } from "./support/tools.ts";

const installed = edgeRuntimeFolder();
const skip = unless(
  "edge-runtime",
  installed !== undefined,
  "the package edge-runtime is not installed",
);

function ask<T>(folder: string): T {
  const script = join(ROOT, "tests/edge/support/edge_runtime.mjs");
  return JSON.parse(execFileSync(nodePath(), [script, installed as string, folder], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: patience(120_000),
  }));
}

if (skip === false) tell(ask<Result[]>(bundle("edge-light").folder));

test("in edge-runtime, the main entry can be imported, and points to the edge", { skip }, () => {
  const { folder } = bundle("edge-light", "tests/edge/support/main_entry.ts");
  const { said, supported } = ask<{ said: string; supported: boolean }>(folder);
  assert.match(said, /^UnsupportedError: .*@securememory\/core\/edge/);
  assert.equal(supported, false);
});
