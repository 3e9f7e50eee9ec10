/**
 * Real Workers on one shared secret. The bare counter of the Rust peer dies here within
 * milliseconds; `model_test.ts` says why ours does not.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { patience, runScript } from "./support/child.ts";
import { AUTO, environmentOf, EVERY_RUNG, type Rungs } from "./support/rungs.ts";

async function run(name: string, count: number, rungs: Rungs): Promise<void> {
  const env = environmentOf(rungs);
  const options = { args: [name, `${count}`], timeoutMs: 240_000, env };
  const { status, signal, stdout, stderr } = await runScript("tests/children/storm.ts", options);
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, `${stdout}${stderr}`);
  assert.match(stdout, /done\n$/);
  console.log(stdout.trim().split("\n")[0]);
}

describe("four Workers on one secret", { timeout: patience(300_000) }, () => {
  // The store changes nothing in how threads meet.
  for (const { skip, ...rungs } of EVERY_RUNG.filter(({ store }) => store === AUTO.store)) {
    const { gate } = rungs;

    it(`open 1,000,000 windows without a fault, a wrong byte, a lost count or a hang (${gate})`, {
      skip,
    }, () => run("windows", 1_000_000, rungs));

    it(
      `are all refused once one of them closes it, at any moment (${gate})`,
      { skip },
      () => run("closes", 200, rungs),
    );
  }
});
