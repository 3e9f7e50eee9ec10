/**
 * What a process leaves in a swap file when the kernel takes its memory away.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { unless } from "../support/skip.ts";
import { READERS } from "./expected.ts";
import { withHolder } from "./support/holder.ts";
import { type Found, observeFile } from "./support/observer.ts";
import { once } from "./support/once.ts";
import { assertControl, assertOutcomes, outcomeOf } from "./support/outcome.ts";
import { groupRefusal, withGroup } from "./support/pressure.ts";
import { EVERY_RUNG } from "../support/rungs.ts";
import { swapRefusal, withSwap } from "./support/swap_file.ts";
import { withoutWay } from "./support/tracing.ts";

const SWAP_MIB = 192;

async function withoutSwap(): Promise<string | false> {
  const skip = withoutWay("mem");
  if (skip !== false) return skip;
  const reason = await swapRefusal() ?? await groupRefusal();
  return unless("swap", reason === undefined, reason ?? "");
}

const skip = await withoutSwap();

const measure = once(() =>
  withSwap(
    SWAP_MIB,
    (path) =>
      withGroup(({ wrapper, squeeze }) =>
        withHolder({ wrapper }, async ({ tokens }) => {
          squeeze();
          // The pages are on their way to the disk.
          await setTimeout(500);
          return observeFile(path, tokens);
        })
      ),
  )
);

describe(READERS.swap.title, () => {
  it("has the control in every form", { skip }, async () => assertControl(await measure()));

  it("has a closed page that is not locked, and not one that is", { skip }, async () => {
    const { tokens } = await measure();
    assert.equal(outcomeOf(tokens.get("bare unlocked") as Found), "found");
    assert.equal(outcomeOf(tokens.get("bare locked") as Found), "absent");
  });

  for (const rung of EVERY_RUNG) {
    it(`has what is expected of ${rung.store}, ${rung.gate}`, {
      skip: skip || rung.skip,
    }, async () => assertOutcomes("swap", rung, await measure()));
  }
});
