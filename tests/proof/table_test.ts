/**
 * README.md shows what the tests of this folder expect.
 *
 * @module
 */
import { it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { ROOT } from "../support/child.ts";
import { READERS } from "./expected.ts";
import { withTables } from "./support/table.ts";

const readme = readFileSync(`${ROOT}README.md`, "utf8");

it("README's tables of readers are those that the tests compare with", () => {
  assert.equal(withTables(readme), readme, "run `npm run readme`");
});

it("every row names a test that exists", () => {
  const named = Object.values(READERS).map(({ test }) => test);
  for (const test of [...named, "kernel_test", "writers_test", "children_test"]) {
    assert.ok(readme.includes(`\`proof/${test}\``), test);
    assert.ok(existsSync(`${ROOT}tests/proof/${test}.ts`), test);
  }
});
