/** The edge's suite where it is easiest: on Bun, Deno and Node, with the module compiled from bytes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { bundle, tell } from "./support/bundled.ts";
import type { Result } from "./support/run.ts";

const { folder, modules } = bundle("default");
const suite: { run(): Promise<Result[]> } = await import(
  pathToFileURL(join(folder, "bundle.mjs")).href
);

test("the edge has no module of the native library's, nor of Node's", () => {
  const ours = modules.filter((path) => path.startsWith("src/"));
  assert.ok(ours.includes("src/edge/secret.ts"));
  // Numbers, tables and the engine's name.
  const harmless = ["abi", "process", "keeps_bytes", "embedded/wasm"];
  const native = ours.filter((path) => path.startsWith("src/native/"));
  assert.deepEqual(native.sort(), harmless.map((name) => `src/native/${name}.ts`).sort());
  assert.deepEqual(modules.filter((path) => path.startsWith("node:")), []);
});

tell(await suite.run());
