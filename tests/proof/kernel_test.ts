/**
 * The kernel's own hands on a page, at the request of the process that has it: vmsplice(2),
 * O_DIRECT, io_uring, process_vm_readv(2).
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { runScript } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { CALLS_OF_KERNEL } from "./expected.ts";
import { withoutMemfdSecret } from "./support/bare.ts";
import { once } from "./support/once.ts";
import { programs } from "./support/programs.ts";
import { EVERY_RUNG, type Rung, RUNGS } from "../support/rungs.ts";
import { withoutWay } from "./support/tracing.ts";

type Call = keyof typeof CALLS_OF_KERNEL;
type Reached = Record<Call, string>;

interface Report {
  readonly rungs: readonly {
    readonly store: string;
    readonly gate: string;
    readonly read: Reached;
    readonly write: Reached;
    readonly closed: Reached;
    readonly splicedThenClosed: string;
  }[];
  readonly bareSecretmem?: Reached;
  readonly heap: Reached;
}

const measure = once(async () => {
  const { holder, folder } = programs();
  const rungs = RUNGS.map(({ store, gate }) => ({ store, gate }));
  const args = [holder, mkdtempSync(join(folder, "kernel-")), JSON.stringify(rungs)];
  const { status, stdout, stderr } = await runScript("tests/proof/children/kernel.ts", { args });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Report;
});

const noTools = withoutWay("mem");
/** Not every file system has O_DIRECT, and io_uring is switched off here and there. */
const heap = noTools === false ? (await measure()).heap : undefined;
const calls = (Object.keys(CALLS_OF_KERNEL) as Call[]).map((call) => {
  const found = heap?.[call] ?? "nothing";
  const skip = noTools ||
    unless(call, found === "the bytes", `ordinary memory gives ${found} by ${call}`);
  return [call, CALLS_OF_KERNEL[call], skip] as const;
});

async function ofRung(rung: Rung) {
  const { rungs } = await measure();
  const found = rungs.find(({ store, gate }) => store === rung.store && gate === rung.gate);
  assert.ok(found !== undefined);
  return found;
}

for (const [call, { title, read, write }, skip] of calls) {
  describe(title, () => {
    for (const rung of EVERY_RUNG) {
      it(`gets what is expected in windows on ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => {
        const found = await ofRung(rung);
        const wanted = { read: read[rung.store], write: write[rung.store] };
        assert.deepEqual({ read: found.read[call], write: found.write[call] }, wanted);
      });

      it(`gets nothing outside of windows on ${rung.store}, ${rung.gate}`, {
        skip: skip || rung.skip,
      }, async () => {
        assert.equal((await ofRung(rung)).closed[call], "EFAULT");
      });
    }

    it("gets what is expected of a bare page of memfd_secret(2)", {
      skip: skip || withoutMemfdSecret(),
    }, async () => {
      assert.equal((await measure()).bareSecretmem?.[call], write.secretmem);
    });
  });
}

describe("a page that is in a pipe when its secret is closed", () => {
  for (const rung of EVERY_RUNG) {
    it(`is wiped there as well on ${rung.store}, ${rung.gate}`, {
      skip: noTools || rung.skip,
    }, async () => {
      const wanted = rung.store === "locked" ? "zeros" : "EFAULT";
      assert.equal((await ofRung(rung)).splicedThenClosed, wanted);
    });
  }
});
