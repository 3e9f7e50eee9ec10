/**
 * What every core dump is tested for, whoever wrote it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { EVERY_RUNG } from "../../support/rungs.ts";
import type { ReaderName } from "../expected.ts";
import { itFindsBarePages } from "./bare.ts";
import type { Answer, Found } from "./observer.ts";
import { assertControl, assertOutcomes } from "./outcome.ts";

/** Declares the tests of a reader whose source is a core dump. */
export function itIsACoreDump(
  reader: ReaderName,
  skip: string | false,
  measure: () => Promise<Answer>,
): void {
  it("has the control in every form, and what is on the stack and in registers", {
    skip,
  }, async () => {
    const answer = await measure();
    assertControl(answer);
    for (const name of ["stack", "registers"]) {
      const { copies } = answer.tokens.get(name) as Found;
      // Registers are in more than one note.
      assert.ok(copies.raw > 0, `the token of the ${name} is not found`);
    }
  });

  // Being locked and closed keeps a page out of no core dump: the mark does.
  itFindsBarePages(skip, { locked: "found", secretmem: "absent" }, measure);

  for (const rung of EVERY_RUNG) {
    it(`has what is expected of ${rung.store}, ${rung.gate}`, {
      skip: skip || rung.skip,
    }, async () => assertOutcomes(reader, rung, await measure()));
  }
}
