/**
 * After a keyed operation the key stands on its page and nowhere else in the process, and nothing
 * that the operation made of it on its way stands anywhere: searched from outside, as a debugger may.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countControl, countOperation, type FormCounts, sum } from "../bench/copies/count.ts";
import { type Operation, OPERATIONS } from "../bench/copies/operations.ts";
import { withoutWay } from "./proof/support/tracing.ts";
import { commandLine, patience, RUNTIME } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";

const skip = withoutWay("mem");
const limits = { skip, timeout: patience(60_000) };
const commandFor = (script?: string, ...args: string[]) =>
  commandLine(script as string, { flags: COLLECT_FLAGS, args });

/** The forms that are there at all. */
function present(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, times]) => times > 0));
}

describe("a key that is used in a process", () => {
  it("would be found, and so would every schedule: the control", limits, async () => {
    const counts = await countControl(commandFor);
    assert.ok(Object.keys(counts).length >= 25, Object.keys(counts).join(", "));
    for (const [form, times] of Object.entries(counts)) assert.ok(times >= 1, form);
  });

  for (const operation of Object.keys(OPERATIONS) as Operation[]) {
    if (operation === "createHmac") continue;
    it(
      `by ${OPERATIONS[operation]} stands on its page alone, and nowhere after close`,
      limits,
      async () => {
        const { kept, after }: FormCounts = await countOperation(commandFor, operation);
        assert.deepEqual(present(kept), { "the key": 1 });
        assert.deepEqual(present(after), {});
      },
    );
  }

  it("by createHmac is copied on Deno: the same search finds that", limits, async () => {
    const { kept, after } = await countOperation(commandFor, "createHmac");
    assert.ok(sum(kept) >= 1);
    if (RUNTIME === "deno") assert.ok(sum(kept) > 100 && sum(after) > 100, `${sum(kept)}`);
  });
});
