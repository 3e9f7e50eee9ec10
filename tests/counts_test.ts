/**
 * What `npm test` counts, out of the reports of the three runtimes: each writes JUnit's XML in its own way.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
// Typed by nobody: a script of the project.
const { add, countCases, failure, linesOfFailures, linesOfRungs } = await import(
  new URL("../scripts/counts.mjs", import.meta.url).href
);

const folder = mkdtempSync(join(tmpdir(), "securememory-counts-"));
after(() => rmSync(folder, { recursive: true }));

const PASSED = `<testcase name="opens (secretmem, mprotect)" classname="x" time="0.1"`;

/** One test that passes, one that is skipped and one that fails, as each runtime writes them. */
const REPORTS = {
  bun: `<testsuites name="bun test"><testsuite name="tests/a_test.ts" file="tests/a_test.ts">
    ${PASSED} file="tests/a_test.ts" assertions="0" />
    <testcase name="waits (pkey)" classname="" time="0" file="tests/a_test.ts"><skipped /></testcase>
    <testcase name="it &quot;x&quot; &lt;y&gt;" classname="" time="0.1" file="tests/a_test.ts" line="3">
      <failure type="AssertionError" message="1 &amp; 2&#10;&#10;1 !== 2&#10;">at x</failure>
    </testcase></testsuite></testsuites>`,
  deno: `<testsuites name="deno test"><testsuite name="./tests/a_test.ts">
    ${PASSED} line="1" col="1">
    </testcase>
    <testcase name="waits (pkey)" classname="./tests/a_test.ts" time="0"><skipped/></testcase>
    <testcase name="it &quot;x&quot; &lt;y&gt;" classname="./tests/a_test.ts" time="0.1">
      <failure message="1 &amp; 2

1 !== 2
">AssertionError: 1 &amp; 2</failure>
    </testcase></testsuite></testsuites>`,
  node: `<testsuites><testsuite name="a > b">
    ${PASSED} file="/x/tests/a_test.ts"/>
    <testcase name="waits -> (pkey)" time="0" classname="test"><skipped type="skipped" message="why"/></testcase>
    <testcase name="it &quot;x&quot; &lt;y>" time="0.1" classname="test" file="/x/tests/a_test.ts" failure="1 > 0">
      <failure type="testCodeFailure" message="1 &amp; 2&#10;&#10;1 !== 2">Error: 1 > 0</failure>
    </testcase></testsuite></testsuites>`,
};

function countsOf(suite: string, xml: string, status: number) {
  const path = join(folder, `${suite}.xml`);
  writeFileSync(path, xml);
  return countCases(path, { suite, status, signal: null });
}

describe("the counts of a report", () => {
  for (const [runtime, xml] of Object.entries(REPORTS)) {
    it(`of ${runtime}: what passed, failed and was skipped, and what failed`, () => {
      assert.deepEqual(countsOf(runtime, xml, 1), {
        passed: 1,
        failed: 1,
        skipped: 1,
        rungs: {
          secretmem: { ran: 1, skipped: 0 },
          mprotect: { ran: 1, skipped: 0 },
          pkey: { ran: 0, skipped: 1 },
        },
        failures: [`${runtime} > tests/a_test.ts > it "x" <y>: 1 & 2\n1 !== 2`],
      });
    });
  }

  it("a run that fails without a failed test, or without a report, is one failure", () => {
    const crashed = countsOf("crashed", `<testsuites>${PASSED}/></testsuites>`, 134);
    assert.deepEqual([crashed.passed, crashed.failed], [1, 1]);
    assert.deepEqual(crashed.failures, ["crashed: it ended with status 134, and no test failed"]);
    const path = join(folder, "no such report");
    const killed = countCases(path, { suite: "deno", status: null, signal: "SIGKILL" });
    assert.equal(killed.failed, 1);
    assert.deepEqual(killed.failures, ["deno: it ended with SIGKILL, without a report"]);
  });

  it("add up, in rungs and failures too", () => {
    const all = Object.entries(REPORTS).map(([name, xml]) => countsOf(name, xml, 1));
    const sum = add(...all, { passed: 2, skipped: 1 });
    assert.deepEqual([sum.passed, sum.failed, sum.skipped, sum.failures.length], [5, 3, 4, 3]);
    assert.deepEqual(linesOfRungs(sum), [
      "rung secretmem: ran 3, skipped 0",
      "rung pkey: ran 0, skipped 3",
      "rung mprotect: ran 3, skipped 0",
    ]);
  });

  it("are shown with their failures, long ones cut and many counted", () => {
    assert.deepEqual(linesOfFailures(failure("tidy", "x".repeat(1000))), [
      `failed: tidy: ${"x".repeat(600)} ...`,
    ]);
    const lines = linesOfFailures(add(...Array.from({ length: 25 }, () => failure("one"))));
    assert.deepEqual([lines.length, lines.at(-1)], [21, "failed: 5 others"]);
  });
});
