import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleUrl, runReporting } from "./support/report.ts";

test("a timer that was let go of does not keep the process alive, and still runs", async () => {
  const started = Date.now();
  const outcome = await runReporting(`
    import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
    const { unref } = detectRuntime();
    unref(setTimeout(() => console.log("too late"), 30_000));
    unref(setTimeout(() => console.log("in time"), 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log("end");
  `);
  assert.deepEqual([outcome.stdout, outcome.status], ["in time\nend\n", 0], outcome.stderr);
  assert.ok(Date.now() - started < 25_000);
});
