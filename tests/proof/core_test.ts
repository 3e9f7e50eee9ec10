/**
 * The kernel's core dump of a process that SIGABRT has ended.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { READERS } from "./expected.ts";
import { itFindsBarePages } from "./support/bare.ts";
import { CORE_WRAPPER, withoutCore } from "./support/core_dumps.ts";
import { withHolder } from "./support/holder.ts";
import { type Found, observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { assertControl, assertOutcomes } from "./support/outcome.ts";
import { EVERY_RUNG } from "../support/rungs.ts";

const measure = once(() =>
  withHolder({ wrapper: CORE_WRAPPER }, async ({ folder, tokens, end }) => {
    const before = new Set(readdirSync(folder));
    await end("SIGABRT");
    const left = readdirSync(folder).filter((name) => !before.has(name));
    assert.equal(left.length, 1, `the kernel left no core dump: ${left}`);
    return observeFile(join(folder, left[0] as string), tokens);
  })
);

describe(READERS.core.title, () => {
  const skip = withoutCore;

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
    }, async () => assertOutcomes("core", rung, await measure()));
  }
});
