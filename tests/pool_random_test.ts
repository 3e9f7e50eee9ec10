/**
 * A source of random bytes that fails: nothing is sealed under a key or a number that could be
 * foreseen; it is an error, and the source of the bytes stays as it is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runScript } from "./support/child.ts";
import { FAULTS, withoutFaults } from "./support/faults.ts";

/** The system calls whose failure was reported. */
async function failures(...args: readonly string[]): Promise<string[]> {
  const { status, signal, stdout, stderr } = await runScript("tests/children/no_random.ts", {
    env: { SECUREMEMORY_LIBRARY: FAULTS },
    args,
  });
  assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
  return JSON.parse(stdout) as string[];
}

for (
  const [name, what] of [["enclave", "enclave"], ["pool", "secret of a sealing pool"]] as const
) {
  for (const [how, when] of [["once", "for a moment"], ["forever", "for ever"]] as const) {
    test(`the first ${what} is refused where a call fails ${when}, and made later`, {
      skip: withoutFaults,
    }, async () => {
      const failed = await failures(name, how);
      assert.ok(failed.includes("getrandom"), `no random bytes were asked for: ${failed}`);
    });
  }
}

test("an enclave is refused where there are no more numbers that are used once", {
  skip: withoutFaults,
}, async () => {
  assert.ok((await failures("later")).includes("getrandom"));
});
