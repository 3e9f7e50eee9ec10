/** The edge's suite in the real workerd: the module is a file, and nothing is compiled from bytes. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { unless } from "../support/skip.ts";
import { bundle, tell } from "./support/bundled.ts";
import type { Result } from "./support/run.ts";
import { workerdPath } from "./support/tools.ts";
import { withWorkerd } from "./support/workerd.ts";

const workerd = workerdPath();
const skip = unless("workerd", workerd !== undefined, "the package workerd is not installed");

const SUITE = `import * as suite from "bundle.mjs";
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/ready") return new Response("");
    return Response.json(await suite.run());
  },
};
`;

const FACE = `import { Secret } from "bundle.mjs";
let atStart = "nothing was thrown";
try {
  Secret.random(32);
} catch (error) {
  atStart = error.name + ": " + error.message;
}
let key;
export default {
  async fetch(request) {
    key ??= Secret.random(32);
    const windows = Number(new URL(request.url).searchParams.get("windows") ?? 0);
    let sum = 0;
    for (let count = 0; count < windows; count++) sum += key.withBytes((bytes) => bytes[0]);
    return Response.json({ atStart, length: key.length, sum });
  },
};
`;

const MAIN = `import * as main from "bundle.mjs";
export default {
  async fetch() {
    let said = "nothing was thrown";
    try {
      main.Secret.random(32);
    } catch (error) {
      said = error.name + ": " + error.message;
    }
    return Response.json({ said, ...main.capabilities() });
  },
};
`;

async function ask<T>(program: string, folder: string, modules: string[], path = ""): Promise<T> {
  writeFileSync(join(folder, "main.mjs"), program);
  return await withWorkerd(
    workerd as string,
    folder,
    ["main.mjs", ...modules],
    async (origin) => await (await fetch(origin + path)).json() as T,
  );
}

if (skip === false) {
  const { folder } = bundle("workerd");
  tell(await ask<Result[]>(SUITE, folder, ["bundle.mjs", "securememory.wasm"]));
}

test("in workerd, a secret at global scope is an error that says where to make it", {
  skip,
}, async () => {
  const { folder } = bundle("workerd", "edge.ts");
  const answer = await ask<{ atStart: string; length: number }>(FACE, folder, [
    "bundle.mjs",
    "securememory.wasm",
  ]);
  assert.match(answer.atStart, /^AllocationError: .*make secrets in a handler$/);
  assert.equal(answer.length, 32);
});

test("in workerd, the main entry can be imported, and points to the edge", { skip }, async () => {
  const { folder } = bundle("workerd", "mod.ts");
  const answer = await ask<{ said: string; supported: boolean }>(MAIN, folder, ["bundle.mjs"]);
  assert.match(answer.said, /^UnsupportedError: .*@securememory\/core\/edge/);
  assert.equal(answer.supported, false);
});
