/**
 * What children get: forked ones, and programs that are started.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { runScript } from "../support/child.ts";
import type { Store } from "../support/ladders.ts";
import { once } from "./support/once.ts";
import { programs } from "./support/programs.ts";
import { EVERY_RUNG, RUNGS } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

interface Report {
  readonly control: { readonly found: string; readonly intact: boolean };
  readonly forked: readonly {
    readonly store: string;
    readonly gate: string;
    readonly open: string;
    readonly writing: string;
    readonly closed: string;
    readonly intact: boolean;
  }[];
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly started: boolean;
  readonly startedMaps: boolean;
  readonly startedVariables: number;
  readonly sameEnvironment: boolean;
}

const measure = once(async () => {
  const rungs = RUNGS.map(({ store, gate }) => ({ store, gate }));
  const args = [programs().holder, JSON.stringify(rungs)];
  const { status, stdout, stderr } = await runScript("tests/proof/children/parent.ts", { args });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Report;
});

/** Pages of a file are shared with a child, and cannot be wiped in it: they are not there at all. */
const FOUND: Record<Store, string> = { locked: "zeros", secretmem: "nothing" };
const skip = withoutWay("mem");

describe("a forked child", () => {
  it("finds what its parent shares with it, and changes that: the probe works", {
    skip,
  }, async () => {
    assert.deepEqual((await measure()).control, { found: "something", intact: false });
  });

  for (const { store, gate, skip: missing } of EVERY_RUNG) {
    it(`finds ${FOUND[store]}, and changes nothing, on ${store}, ${gate}`, {
      skip: skip || missing,
    }, async () => {
      const found = (await measure()).forked
        .find((one) => one.store === store && one.gate === gate);
      const wanted = FOUND[store];
      assert.deepEqual(found, {
        ...{ store, gate },
        ...{ open: wanted, writing: wanted, closed: wanted, intact: true },
      });
    });
  }
});

describe("a program that is started", () => {
  it("inherits no descriptor: there is none after the first secrets that was not before", {
    skip,
  }, async () => {
    const { before, after } = await measure();
    assert.ok(before.length > 2);
    // Kinds of them: a runtime closes sockets of its own when it likes.
    assert.deepEqual(after.filter((target) => !before.includes(target)), []);
  });

  it("has no mapping, no descriptor and no variable of ours", { skip }, async () => {
    const { started, startedMaps, startedVariables, sameEnvironment } = await measure();
    assert.ok(startedMaps, "its mappings are not seen");
    assert.ok(startedVariables > 1, "its variables are not seen");
    assert.equal(started, false);
    assert.ok(sameEnvironment);
  });
});
