/**
 * Boxes that were changed: see children/boxes.ts, which runs each case in a process of its own with
 * the library that says where boxes are.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ROOT, runScript } from "./support/child.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";
import { notOnLinux } from "./support/report.ts";

const FAULTS = `${ROOT}zig-out/linux-x86_64/libsecurememory-faults.so`;

const CASES: Readonly<Record<string, string>> = {
  bits: "one changed bit anywhere, and nothing is decrypted",
  foreign: "the box of another enclave is refused",
  truncated: "a box whose end is missing is refused",
  replayed: "a box from before is refused: that of another key, or of a closed enclave",
  open: "an open copy goes on, and the box is refused when it is needed",
  asynchronous: "an asynchronous window rejects",
  rekey: "another key: the one that was changed is lost, the others are as they were",
  nonces: "the same bytes make another box each time",
  wiped: "a closed enclave's box is wiped",
};

for (const { skip, ...rungs } of EVERY_RUNG) {
  describe(`boxes (${nameOf(rungs)})`, { skip: notOnLinux || skip }, () => {
    for (const [name, claim] of Object.entries(CASES)) {
      it(claim, async () => {
        const env = { SECUREMEMORY_LIBRARY: FAULTS, ...environmentOf(rungs) };
        const outcome = await runScript("tests/children/boxes.ts", { env, args: [name] });
        const { status, signal, stdout, stderr } = outcome;
        assert.deepEqual(
          { status, signal, stdout },
          { status: 0, signal: null, stdout: "done\n" },
          stderr,
        );
      });
    }
  });
}
