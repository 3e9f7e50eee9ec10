/**
 * Other processes that read the memory: /proc/PID/mem, process_vm_readv(2), ptrace(2).
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { READERS } from "./expected.ts";
import { type Bare, itFindsBarePages } from "./support/bare.ts";
import { withHolder } from "./support/holder.ts";
import { type Found, observe, type Way } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { assertControl, assertOutcomes, outcomeOf } from "./support/outcome.ts";
import { EVERY_RUNG } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

const measured = once(() =>
  withHolder({}, ({ pid, tokens, pages }) => {
    const mem = observe("mem", pid, { tokens, pages });
    const vm = observe("vm", pid, { tokens, pages });
    // Word by word, the whole process takes too long: the pages of all secrets, and those
    // where the first reader has found something.
    const known = new Set([...pages.values()].flat().map((address) => address & -4096n));
    const more = [...mem.tokens.values()].flatMap((found) => found.pages)
      .filter((page) => !known.has(page));
    const places = new Map([...pages, ["found by mem", [...new Set(more)]]]);
    const ptrace = observe("ptrace", pid, { tokens, pages: places });
    return { mem, vm, ptrace };
  })
);

const BARE: Record<Way, Bare> = {
  mem: { locked: "found", secretmem: "EIO" },
  vm: { locked: "EFAULT", secretmem: "EFAULT" },
  ptrace: { locked: "found", secretmem: "EIO" },
};

for (const way of ["mem", "vm", "ptrace"] as const) {
  describe(READERS[way].title, () => {
    const skip = withoutWay(way);
    const measure = async () => (await measured())[way];

    it("finds the control in every form, and a token on the stack", { skip }, async () => {
      const answer = await measure();
      assertControl(answer);
      assert.equal(outcomeOf(answer.tokens.get("stack") as Found), "found");
    });

    itFindsBarePages(skip, BARE[way], measure);

    for (const rung of EVERY_RUNG) {
      it(`finds what is expected on ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => assertOutcomes(way, rung, await measure()));
    }
  });
}
