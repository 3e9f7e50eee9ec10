/** The assertions of `support/assert.ts` can fail: without that, nothing here says anything. */
import { test } from "node:test";
import assert from "node:assert/strict";

function fails(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

const no = () => {};
const wrong = () => {
  throw new TypeError("wrong");
};

const FAILING: readonly (readonly [string, () => unknown])[] = [
  ["ok", () => assert.ok(0)],
  ["fail", () => assert.fail("")],
  ["equal", () => assert.equal(1, "1")],
  ["equal of NaN and 0", () => assert.equal(NaN, 0)],
  ["notEqual", () => assert.notEqual(1, 1)],
  ["deepEqual of arrays", () => assert.deepEqual([1, 2], [1, 3])],
  ["deepEqual of lengths", () => assert.deepEqual([1, 2], [1, 2, 3])],
  ["deepEqual of objects", () => assert.deepEqual({ a: 1 }, { b: 1 })],
  ["deepEqual of bytes", () => assert.deepEqual(new Uint8Array([1]), new Uint8Array([2]))],
  ["deepEqual of classes", () => assert.deepEqual(new Uint8Array([1]), [1])],
  ["notDeepEqual", () => assert.notDeepEqual({ a: [1] }, { a: [1] })],
  ["match", () => assert.match("a", /b/)],
  ["doesNotMatch", () => assert.doesNotMatch("a", /a/)],
  ["throws of nothing", () => assert.throws(no)],
  ["throws of another class", () => assert.throws(wrong, RangeError)],
  ["throws of another message", () => assert.throws(wrong, /right/)],
  ["throws of another property", () => assert.throws(wrong, { message: "right" })],
  ["throws of a check", () => assert.throws(wrong, () => false)],
  ["doesNotThrow", () => assert.doesNotThrow(wrong)],
];

for (const [name, run] of FAILING) {
  test(`the assertion ${name} can fail`, () => {
    if (!fails(run)) throw new Error("It did not");
  });
}

test("the assertion rejects can fail", async () => {
  const outcomes = await Promise.allSettled([
    assert.rejects(Promise.resolve()),
    assert.rejects(Promise.reject(new TypeError("wrong")), RangeError),
    assert.rejects(Promise.reject(new TypeError("wrong")), /wrong/),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected", "fulfilled"]);
});
