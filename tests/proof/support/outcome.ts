/**
 * Compares what a reader has found with what is expected of it, and prints both.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RUNTIME } from "../../support/child.ts";
import { expected, type Outcome, type ReaderName, READERS } from "../expected.ts";
import { FORMS } from "./forms.ts";
import type { Answer, Found } from "./observer.ts";
import { CALLS, copiesOf, STAGES, tokenName } from "./plan.ts";
import type { Rung } from "../../support/rungs.ts";

/** What a reader got of a token of which there are so many copies on pages of the library. */
export function outcomeOf({ copies, errnos }: Found, held = 1): string {
  if (copies.raw === held) return "found";
  if (copies.raw > 0) return `found ${copies.raw} times instead of ${held}`;
  return [...new Set(errnos)].join(", ") || "absent";
}

/** The control has to be found in every form: else absence would say nothing. */
export function assertControl(answer: Answer): void {
  const { copies } = answer.tokens.get("control") as Found;
  for (const form of FORMS) {
    assert.ok(copies[form] > 0, `the control is not found in the form "${form}"`);
  }
}

/** Every cell of a reader's row is as expected, on one combination of store and gate. */
export function assertOutcomes(reader: ReaderName, rung: Rung, answer: Answer): void {
  const outcomes = expected(reader, rung.store, rung.gate);
  // After native calls as after a window: they leave no copy anywhere either.
  const cases = [
    ...STAGES.map((stage) => [stage, outcomes[stage]] as const),
    ...CALLS.map((call) => [call, outcomes.after] as const),
    ["recent", outcomes.recent ?? outcomes.after] as const,
  ];
  const found = cases.map(([one]) => {
    const token = answer.tokens.get(tokenName(rung, one)) as Found;
    return [one, outcomeOf(token, copiesOf(one))] as const;
  });
  for (const [index, [one, outcome]] of found.entries()) {
    const [, wanted] = cases[index] as readonly [string, Outcome];
    console.log(
      `${READERS[reader].title} on ${RUNTIME}, ${rung.store}, ${rung.gate}, ${one}: ` +
        `expected ${wanted}, was ${outcome}`,
    );
  }
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(cases));
  for (const [one] of cases) {
    const { copies } = answer.tokens.get(tokenName(rung, one)) as Found;
    const others = { ...copies, raw: 0 };
    assert.deepEqual(others, { "raw": 0, "reversed": 0, "hex": 0, "base64": 0, "UTF-16": 0 }, one);
  }
}
