/**
 * Claims that do not hold yet: written down as they have to be, and seen to fail.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Checks a claim that is known not to hold. Once it does, this fails until it is taken out. */
export function notYet(why: string, claim: () => void): void {
  assert.throws(claim, assert.AssertionError, `It holds now, so say so in the test: ${why}`);
  console.log(`not as it has to be: ${why}`);
}
