/** The workflows of GitHub Actions: what they may do, and what of others they run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { withTemporary, writeFiles } from "./support/projects.ts";

const FOLDER = join(ROOT, ".github/workflows");
const workflows = readdirSync(FOLDER).map((name) => ({
  name,
  path: join(FOLDER, name),
  text: readFileSync(join(FOLDER, name), "utf8"),
}));

const { findActionlint }: { findActionlint(): string | undefined } = await import(
  new URL("../../scripts/toolchain.mjs", import.meta.url).href
);
const actionlint = findActionlint();

test("actionlint has nothing against the workflows", {
  skip: unless(
    "actionlint",
    actionlint !== undefined,
    "it is not here, nor is Go to build it with",
  ),
}, async () => {
  const lint = (path: string) => spawnSync(actionlint as string, [path], { encoding: "utf8" });
  for (const { path } of workflows) {
    const { status, stdout } = lint(path);
    assert.equal(status, 0, stdout);
  }
  await withTemporary((folder) => {
    writeFiles(folder, {
      "wrong.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: ${{ no }}\n",
    });
    assert.equal(lint(join(folder, "wrong.yml")).status, 1, "actionlint is content with anything");
  });
});

test("there is a workflow that tests and one that releases", () => {
  assert.deepEqual(workflows.map(({ name }) => name).sort(), ["ci.yml", "release.yml"]);
});

test("every action of others is pinned by its commit, and says which version that is", () => {
  for (const { name, text } of workflows) {
    const uses = text.match(/^.*\buses:.*$/gm) ?? [];
    assert.ok(uses.length > 2, name);
    for (const line of uses) {
      assert.match(line, /uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
    }
  }
});

/** The permissions of each job, by the job's name. */
function permissionsOf(text: string): Record<string, string[]> {
  const jobs = text.slice(text.indexOf("\njobs:")).split(/^ {2}(?=[a-z])/m).slice(1);
  return Object.fromEntries(jobs.map((job) => {
    const block = /^ {4}permissions:\n((?: {6}\S.*\n)+)/m.exec(job)?.[1] ?? "";
    const name = job.slice(0, job.search(/:/));
    return [name, block.trim().split(/\n\s*/).sort()];
  }));
}

test("no job has a permission that it does not need", () => {
  for (const { name, text } of workflows) assert.match(text, /^permissions: \{\}$/m, name);
  const [ci, release] = ["ci.yml", "release.yml"].map((wanted) =>
    permissionsOf(workflows.find(({ name }) => name === wanted)?.text as string)
  );
  const reads = ["contents: read"];
  assert.deepEqual(ci, { "linux-x86_64": reads, "never-run-by-us": reads });
  assert.deepEqual(release, {
    reproduce: reads,
    test: reads,
    pack: reads,
    attest: ["attestations: write", "id-token: write"],
    npm: ["id-token: write"],
    jsr: ["contents: read", "id-token: write"],
    github: ["contents: write"],
  });
});

test("no workflow names a secret: the registries trust the workflow itself", () => {
  for (const { name, text } of workflows) {
    assert.doesNotMatch(text, /secrets\.|_TOKEN: (?!\$\{\{ github\.token \}\}$)/m, name);
  }
});

test("nothing is published that was not tested, attested and built the same elsewhere", () => {
  const text = workflows.find(({ name }) => name === "release.yml")?.text as string;
  const needs = Object.fromEntries(
    [...text.matchAll(/^ {2}([a-z]+):\n {4}needs: (.*)$/gm)].map(([, job, of]) => [job, of]),
  );
  assert.deepEqual(needs, {
    attest: "[reproduce, test, pack]",
    npm: "attest",
    jsr: "attest",
    github: "[npm, jsr]",
  });
  assert.match(text, /npm publish .*--provenance/);
  const compared = text.match(
    /git diff --exit-code src\/native\/hashes\.ts src\/edge\/hash\.ts$/gm,
  );
  assert.equal(compared?.length, 2, "where libraries are built elsewhere, and again for JSR");
  assert.match(text, /sha256sum .* package\/lib\/\*\/\* package\/dist\/\*\.wasm/);
});

test("what a runner of GitHub's can have must not be skipped there", () => {
  for (const { name, text } of workflows) {
    const [, required = ""] = /bash \.ci\/run\n {8}env:\n {10}REQUIRE: (\S+)\n/.exec(text) ?? [];
    assert.deepEqual(required.split(","), ["chromium", "postgres", "wrk"], name);
  }
});
