/**
 * gcore(1), GDB's own core dumps of a running process: as it is, and with `-a`, which takes
 * what is marked as not to be dumped as well.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { unless } from "../support/skip.ts";
import { READERS } from "./expected.ts";
import { itFindsBarePages } from "./support/bare.ts";
import { type Holder, withHolder } from "./support/holder.ts";
import { type Answer, type Found, observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { assertControl, assertOutcomes } from "./support/outcome.ts";
import { EVERY_RUNG } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

const withoutGcore = withoutWay("ptrace") || unless(
  "gcore",
  ["gdb", "gcore"].every((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0),
  "gcore is missing: it comes with GDB",
);

function dump({ pid, folder, tokens }: Holder, ...flags: string[]): Answer {
  const prefix = join(folder, "gcore");
  const { status, stderr } = spawnSync("gcore", [...flags, "-o", prefix, `${pid}`], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return observeFile(`${prefix}.${pid}`, tokens);
}

const measured = once(() =>
  withHolder({ hollow: true }, (holder) => ({
    gcore: dump(holder),
    gcoreAll: dump(holder, "-a"),
  }))
);

for (const reader of ["gcore", "gcoreAll"] as const) {
  describe(READERS[reader].title, () => {
    const skip = withoutGcore;
    const measure = async () => (await measured())[reader];

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

    itFindsBarePages(skip, { locked: "found", secretmem: "absent" }, measure);

    for (const rung of EVERY_RUNG) {
      it(`has what is expected of ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => assertOutcomes(reader, rung, await measure()));
    }
  });
}
