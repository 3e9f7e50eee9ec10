/**
 * bench/webhook.mjs measures, and every request that it counts was accepted. Nothing here judges
 * a time.
 *
 * @module
 */
import { it } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { patience, ROOT } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { RUNTIMES } from "./support/runtimes.ts";

interface Script {
  readonly Unavailable: new (message: string) => Error;
  readonly findWrk: () => string[];
}

/** Plain JavaScript, which needs its types from here. */
const script: Script = await import(new URL("../../scripts/wrk.mjs", import.meta.url).href);

function withoutWrk(): string | false {
  if (process.platform !== "linux") return unless("wrk", false, "wrk is started on Linux only");
  try {
    script.findWrk();
    return false;
  } catch (error) {
    if (!(error instanceof script.Unavailable)) throw error;
    return unless("wrk", false, error.message);
  }
}

it("a webhook under load reports both routes on each runtime", {
  skip: withoutWrk(),
  timeout: patience(120_000),
}, () => {
  const args = [`${ROOT}bench/webhook.mjs`, "--rounds=1", "--seconds=1", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const { results } = JSON.parse(stdout) as {
    results: { runtime: string; secret: number; string: number; ratio: number }[];
  };
  assert.deepEqual(results.map(({ runtime }) => runtime), [...RUNTIMES]);
  for (const { secret, string, ratio } of results) {
    assert.ok(secret > 0 && string > 0);
    assert.equal(ratio, secret / string);
  }
});
