/**
 * A source of random bytes that fails: nothing is sealed under a key or a number that could be
 * foreseen; it is an error, and the source of the bytes stays as it is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existsSync } from "node:fs";
import process from "node:process";
import { ROOT, runScript } from "./support/child.ts";
import { unless } from "./support/skip.ts";

const FAULTS = `${ROOT}zig-out/linux-${process.arch === "x64" ? "x86_64" : "aarch64"}/` +
  "libsecurememory-faults.so";
const skip = unless(
  "faults",
  process.platform === "linux" && existsSync(FAULTS),
  "the library that can fail is not built, or not for this system; npm run setup does it",
);

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
      skip,
    }, async () => {
      const failed = await failures(name, how);
      assert.ok(failed.includes("getrandom"), `no random bytes were asked for: ${failed}`);
    });
  }
}

test("an enclave is refused where there are no more numbers that are used once", {
  skip,
}, async () => {
  assert.ok((await failures("later")).includes("getrandom"));
});
