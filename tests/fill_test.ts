import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, stats } from "../mod.ts";
import { addressOf } from "./support/memory.ts";

/** Runs `make`, which must throw, and says that nothing is left of it. */
function leavesNothing(make: () => unknown, expected: RegExp | { name: string }): void {
  const before = stats();
  assert.throws(make, expected);
  const after = stats();
  assert.equal(after.inUse, before.inUse);
  assert.equal(after.openWindows, before.openWindows);
}

test("`Secret.fill()` throws what the producer throws and leaves nothing", () => {
  const problem = new Error("no bytes today");
  const before = stats();
  let thrown: unknown;
  try {
    Secret.fill(32, () => {
      throw problem;
    });
  } catch (error) {
    thrown = error;
  }
  assert.equal(thrown, problem);
  assert.equal(stats().inUse, before.inUse);
  assert.equal(stats().openWindows, before.openWindows);
});

test("`Secret.fill()` keeps a thrown `undefined`", () => {
  const before = stats();
  let caught = false;
  try {
    Secret.fill(32, () => {
      throw undefined;
    });
  } catch (error) {
    caught = true;
    assert.equal(error, undefined);
  }
  assert.ok(caught);
  assert.equal(stats().inUse, before.inUse);
});

const RETURNS: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ["the view", (bytes) => bytes],
  ["a part of the view", (bytes) => bytes.subarray(1, 2)],
  ["the buffer of the view", (bytes) => bytes.buffer],
  ["a DataView on the buffer", (bytes) => new DataView(bytes.buffer)],
  ["a promise", () => Promise.resolve()],
  ["a promise that rejects", () => Promise.reject(new Error("rejected"))],
];

for (const [name, write] of RETURNS) {
  test(`a producer that returns ${name} is a TypeError and leaves nothing`, () => {
    leavesNothing(() => Secret.fill(32, write as () => void), { name: "TypeError" });
  });
}

test("an async producer is refused before it is called", () => {
  let called = false;
  // deno-lint-ignore require-await -- that it is async is the point.
  const write = async () => {
    called = true;
  };
  leavesNothing(() => Secret.fill(32, write), /async function/);
  assert.equal(called, false);
});

test("a producer may return anything that is not the view or a promise", () => {
  for (const value of [undefined, null, 0, "text", {}, new Uint8Array(4)]) {
    using secret = Secret.fill(4, (() => value) as () => void);
    assert.equal(secret.length, 4);
  }
});

test("a producer that transfers the buffer is a TypeError and leaves nothing", () => {
  leavesNothing(() =>
    Secret.fill(32, (bytes) => {
      structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
    }), { name: "TypeError" });
});

test("`Secret.fill()` with `revokeViews` detaches the producer's view", () => {
  let kept: Uint8Array | undefined;
  using secret = Secret.fill(32, (bytes) => {
    kept = bytes.fill(1);
  }, { revokeViews: true });
  assert.equal(kept?.byteLength, 0);
  assert.equal(secret.withBytes((bytes) => bytes[0]), 1);
});

test("`Secret.fill()` with `revokeViews` detaches the view of a producer that throws", () => {
  let kept: Uint8Array | undefined;
  leavesNothing(() =>
    Secret.fill(32, (bytes) => {
      kept = bytes;
      throw new Error("no bytes today");
    }, { revokeViews: true }), /no bytes today/);
  assert.equal(kept?.byteLength, 0);
});

test("a producer can make other secrets and use them", () => {
  using outer = Secret.fill(4, (bytes) => {
    using inner = Secret.from(new Uint8Array([1, 2, 3, 4]));
    inner.withBytes((other) => bytes.set(other));
  });
  assert.deepEqual(outer.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("a page that is used again holds nothing of the secret before", () => {
  // Free pages are a queue: only more secrets than there are show that pages are used again.
  const rounds = stats().freePages + 200;
  const addresses = new Set<bigint>();
  let dirty = 0;
  for (let round = 0; round < rounds; round++) {
    using secret = Secret.fill(64, (bytes) => {
      addresses.add(addressOf(bytes));
      if (bytes.some((byte) => byte !== 0)) dirty += 1;
      bytes.fill(0xff);
    });
    assert.equal(secret.length, 64);
  }
  // Without reuse this test would say nothing.
  assert.ok(addresses.size < rounds, `${addresses.size} addresses`);
  assert.equal(dirty, 0);
});
