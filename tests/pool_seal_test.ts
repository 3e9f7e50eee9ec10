/**
 * What is sealed in a pool and was changed: see children/pool_boxes.ts, which runs with the library
 * that says where boxes are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT, runScript } from "./support/child.ts";
import { notOnLinux } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

const FAULTS = `${ROOT}zig-out/linux-x86_64/libsecurememory-faults.so`;

for (const { skip, ...rungs } of EVERY_RUNG) {
  test(`changed, foreign and replayed boxes are refused, nothing is opened (${nameOf(rungs)})`, {
    skip: notOnLinux || skip,
  }, async () => {
    const env = { SECUREMEMORY_LIBRARY: FAULTS, ...environmentOf(rungs) };
    const { status, signal, stdout, stderr } = await runScript("tests/children/pool_boxes.ts", {
      env,
    });
    assert.deepEqual(
      { status, signal, stdout },
      { status: 0, signal: null, stdout: "done\n" },
      stderr,
    );
  });
}
