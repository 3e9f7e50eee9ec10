import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Secret, stats } from "../mod.ts";
import { KIND } from "./support/kind.ts";
import { addressOf } from "./support/memory.ts";
import { testOnGates as test } from "./support/rungs.ts";

type Callback = (bytes: Uint8Array) => unknown;

const ESCAPES: readonly (readonly [string, Callback])[] = [
  ["the view", (bytes) => bytes],
  ["a part of the view", (bytes) => bytes.subarray(4)],
  ["an empty part of the view", (bytes) => bytes.subarray(0, 0)],
  ["the view's buffer", (bytes) => bytes.buffer],
  ["a DataView on the buffer", (bytes) => new DataView(bytes.buffer, 1)],
  ["a Uint32Array on the buffer", (bytes) => new Uint32Array(bytes.buffer)],
  ["a Buffer on the buffer", (bytes) => Buffer.from(bytes.buffer as ArrayBuffer)],
];

const PROMISES: readonly (readonly [string, Callback])[] = [
  ["a promise", () => Promise.resolve(1)],
  ["a promise that rejects", () => Promise.reject(new Error("rejected"))],
  ["a promise that never settles", () => new Promise(() => {})],
  ["a thenable", () => ({ then: () => {} })],
  ["a promise for the view", (bytes) => Promise.resolve(bytes)],
];

for (const [name, callback] of ESCAPES) {
  test(`a callback that returns ${name} is a TypeError, and the window is closed`, async () => {
    using secret = Secret.random(16);
    const expected = /^TypeError: Cannot return the view from the callback: .*slice/;
    assert.throws(() => secret.withBytes(callback), expected);
    assert.throws(() => secret.update(callback), expected);
    await assert.rejects(secret.withBytesAsync(callback), expected);
    await assert.rejects(
      secret.withBytesAsync((bytes) => Promise.resolve(callback(bytes))),
      expected,
    );
    assert.equal(secret.status().protection, "none");
    secret.withBytes(() => {
      assert.throws(() => secret.withBytes(callback), expected);
      assert.equal(secret.status().protection, "read");
    });
    assert.equal(secret.status().protection, "none");
  });
}

for (const [name, callback] of PROMISES) {
  test(`a callback of a sync window that returns ${name} is a TypeError that names withBytesAsync`, () => {
    using secret = Secret.random(16);
    const expected = /^TypeError: Cannot return a promise .*withBytesAsync/;
    assert.throws(() => secret.withBytes(callback), expected);
    assert.throws(() => secret.update(callback), expected);
    secret.withBytes(() => assert.throws(() => secret.withBytes(callback), expected));
    assert.equal(secret.status().protection, "none");
  });
}

test("an async function is refused before it is called", () => {
  using secret = Secret.random(16);
  let called = 0;
  // deno-lint-ignore require-await -- that it is async is the point.
  const callback = async () => {
    called += 1;
  };
  assert.throws(() => secret.withBytes(callback), /^TypeError: Cannot use an async function/);
  assert.throws(() => secret.update(callback), /^TypeError: Cannot use an async function/);
  assert.equal(called, 0);
  assert.equal(secret.status().protection, "none");
});

test("an async function in a nested window is a TypeError too", () => {
  using secret = Secret.random(16);
  // deno-lint-ignore require-await -- that it is async is the point.
  const callback = async () => 1;
  secret.withBytes(() => assert.throws(() => secret.withBytes(callback), TypeError));
  assert.equal(secret.status().protection, "none");
});

test("a generator, which would run after the window, is a TypeError", () => {
  using secret = Secret.random(16);
  function* generator(bytes: Uint8Array) {
    yield bytes[0];
  }
  async function* asyncGenerator(bytes: Uint8Array) {
    yield await bytes[0];
  }
  assert.throws(() => secret.withBytes(generator), TypeError);
  assert.throws(() => secret.withBytes(asyncGenerator), TypeError);
  assert.equal(secret.status().protection, "none");
});

const transfer = (bytes: Uint8Array) =>
  void structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });

test("a callback that transfers the view's buffer is a TypeError, and the window is closed", async () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  const expected = /^TypeError: .*transferred/;
  assert.throws(() => secret.withBytes(transfer), expected);
  assert.equal(secret.status().protection, "none");
  assert.throws(() => secret.update(transfer), expected);
  await assert.rejects(secret.withBytesAsync(transfer), expected);
  assert.throws(() => {
    using opened = secret.open();
    transfer(opened.bytes);
  }, expected);
  assert.equal(secret.status().protection, "none");
  // The secret itself took no harm, and later windows have a view again.
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("a transfer in a nested window is a TypeError for that one and the outer one", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  let inner = "nothing";
  assert.throws(() =>
    secret.withBytes(() => {
      assert.throws(() => secret.withBytes(transfer), TypeError);
      inner = secret.status().protection;
    }), /transferred/);
  assert.equal(inner, "read");
  assert.equal(secret.status().protection, "none");
  assert.equal(secret.withBytes((bytes) => bytes[3]), 4);
});

test("a transfer and an error of the callback are both kept", () => {
  using secret = Secret.random(16);
  const problem = new Error("problem");
  assert.throws(() =>
    secret.withBytes((bytes) => {
      transfer(bytes);
      throw problem;
    }), (error) => {
    assert.ok(error instanceof SuppressedError);
    assert.equal(error.suppressed, problem);
    assert.match(String(error.error), /^TypeError: .*transferred/);
    return true;
  });
});

test("the address of a secret whose buffer was transferred is never used again", () => {
  const retired = stats().retiredPages;
  let taken = 0n;
  {
    using secret = Secret.random(32);
    assert.throws(() =>
      secret.withBytes((bytes) => {
        taken = addressOf(bytes);
        transfer(bytes);
      }), TypeError);
  }
  // Of a pool it is a place.
  assert.equal(stats().retiredPages, retired + Number(KIND === "own"));
  const seen = new Set<bigint>();
  // Free pages are a queue: only more secrets than there are show that pages are used again.
  const rounds = stats().freePages + 200;
  for (let round = 0; round < rounds; round++) {
    using secret = Secret.random(32);
    seen.add(secret.withBytes(addressOf));
  }
  // Other addresses are used again.
  assert.ok(seen.size < rounds);
  assert.equal(seen.has(taken), false);
});
