/**
 * Boxes that were changed: see children/boxes.ts, which runs each case in a process of its own with
 * the library that says where boxes are.
 *
 * @module
 */
import { describe, it } from "node:test";
import { passes, withoutFaults } from "./support/faults.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

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
  describe(`boxes (${nameOf(rungs)})`, { skip: withoutFaults || skip }, () => {
    for (const [name, claim] of Object.entries(CASES)) {
      it(claim, () => passes("boxes.ts", environmentOf(rungs), name));
    }
  });
}
