/**
 * The benchmarks run and their report is whole. Nothing here judges a time.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LENGTHS } from "../bench/operations.ts";
import type { Report } from "../bench/report.ts";
import { hasFloor } from "../bench/floor.ts";
import { verdicts } from "../bench/targets.ts";
import { patience, runScript, RUNTIME } from "./support/child.ts";
import { unless } from "./support/skip.ts";

/** Rows that are there for each length, and for 32 bytes alone. */
const EACH = ["floor", "cold window", "readInto", "equals bytes", "create and close"];
const ONCE = [
  "locked memory per secret",
  "open and dispose",
  "nested window",
  "hmac 64 B, warm",
  "hmac 64 B, cold",
  "hmac 4 KiB, warm",
  "hmac 4 KiB, cold",
  "encrypt 4 KiB, warm",
  "encrypt 4 KiB, cold",
  "create, view, close into quarantine",
  "1 Worker, own secret",
  "4 Workers, own secret each",
  "1 Worker, shared secret",
  "4 Workers, one shared secret",
  "2 Workers, own secret each",
  "8 Workers, one shared secret",
  "4 Workers, floor each",
  "window on a pool's secret",
  "pool.withBytes of three secrets",
  "create and close in a pool",
  "create and close in a sealing pool",
  "enclave, cold",
  "enclave, hot",
  "window, 1 secret alive",
  "window, 100,000 secrets alive",
  "resident memory per secret of 100,000",
  "mappings with 100,000 secrets",
  "runtime's own start",
];

const EXPECTED = [
  ...LENGTHS.flatMap((bytes) => EACH.map((name) => `${name}, ${bytes}`)),
  ...ONCE.map((name) => `${name}, 32`),
];

/** What a quick run reports. */
async function quickReport(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-bench-"));
  try {
    const output = join(folder, "report.json");
    const { status, stderr } = await runScript("bench/secret.bench.ts", {
      args: ["--quick", `--output=${output}`],
      timeoutMs: 120_000,
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(readFileSync(output, "utf8")) as Report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a quick benchmark reports every row with numbers that can be", {
  skip: unless("floor", hasFloor(), "the benchmark's floor is for Linux"),
  timeout: patience(150_000),
}, async () => {
  const report = await quickReport();
  assert.equal(report.subject, RUNTIME);
  assert.notEqual(report.version, "");
  assert.ok(report.quick && report.machine.cores > 0 && report.machine.kernel !== "");

  const names = report.rows.map(({ name, bytes }) => `${name}, ${bytes}`);
  assert.deepEqual(EXPECTED.filter((name) => !names.includes(name)), []);
  assert.equal(new Set(names).size, names.length, "No row is there twice");
  for (const row of report.rows) {
    const numbers = [row.p50, row.p99, row.samples, row.rounds, ...Object.values(row.ratios)];
    for (const number of numbers) {
      // The cost of the first secret is a difference, which noise can turn around.
      const possible = Number.isFinite(number) && (number > 0 || row.name.startsWith("first"));
      assert.ok(possible, `${row.name}, ${row.bytes}: ${JSON.stringify(row)}`);
    }
  }
  const { skipped } = report;
  for (const { what, why } of skipped) assert.ok(what !== "" && why !== "");
  assert.ok(verdicts(report).length >= 4);
});
