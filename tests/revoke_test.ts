import assert from "node:assert/strict";
import { Secret } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

/** A secret of 1, 2, 3, 4 whose views die with their windows. */
function revoking(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]), { revokeViews: true });
}

test("with `revokeViews` a view is detached when its window ends", () => {
  using secret = revoking();
  let kept: Uint8Array | undefined;
  let part: Uint8Array | undefined;
  const sum = secret.withBytes((bytes) => {
    kept = bytes;
    part = bytes.subarray(1, 3);
    return bytes[0]! + bytes[3]!;
  });
  assert.equal(sum, 5);
  assert.equal(kept?.byteLength, 0);
  assert.equal(kept?.[0], undefined);
  assert.equal(part?.byteLength, 0);
  assert.equal((kept?.buffer as ArrayBuffer).detached, true);
});

test("with `revokeViews` a view is detached when the callback throws", () => {
  using secret = revoking();
  let kept: Uint8Array | undefined;
  assert.throws(() =>
    secret.withBytes((bytes) => {
      kept = bytes;
      throw new Error("problem");
    }), /problem/);
  assert.equal(kept?.byteLength, 0);
});

test("with `revokeViews` each nested window has a view of its own", () => {
  using secret = revoking();
  secret.withBytes((outer) => {
    let kept: Uint8Array | undefined;
    secret.withBytes((inner) => {
      kept = inner;
      assert.notEqual(inner, outer);
      assert.deepEqual([...inner], [1, 2, 3, 4]);
    });
    assert.equal(kept?.byteLength, 0);
    assert.deepEqual([...outer], [1, 2, 3, 4]);
  });
});

test("with `revokeViews` every window gets a fresh view", () => {
  using secret = revoking();
  const views = new Set<Uint8Array>();
  for (let round = 0; round < 10; round++) {
    secret.withBytes((bytes) => {
      assert.deepEqual([...bytes], [1, 2, 3, 4]);
      views.add(bytes);
    });
  }
  assert.equal(views.size, 10);
  for (const view of views) assert.equal(view.byteLength, 0);
});

test("with `revokeViews` the view of `update` is detached, and its writes stay", () => {
  using secret = revoking();
  let kept: Uint8Array | undefined;
  secret.update((bytes) => {
    kept = bytes;
    bytes[0] = 9;
  });
  assert.equal(kept?.byteLength, 0);
  assert.equal(secret.withBytes((bytes) => bytes[0]), 9);
});

test("with `revokeViews` the view of an async window lives until the promise settles", async () => {
  using secret = revoking();
  let kept: Uint8Array | undefined;
  const last = await secret.withBytesAsync(async (bytes) => {
    kept = bytes;
    await Promise.resolve();
    secret.withBytes(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
    return bytes[3];
  });
  assert.equal(last, 4);
  assert.equal(kept?.byteLength, 0);
});

test("with `revokeViews` the view of `open()` is detached when it is disposed", () => {
  using secret = revoking();
  const opened = secret.open();
  const bytes = opened.bytes;
  assert.equal(opened.bytes, bytes);
  assert.deepEqual([...bytes], [1, 2, 3, 4]);
  opened[Symbol.dispose]();
  assert.equal(bytes.byteLength, 0);
});

test("with `revokeViews` a returned view is still a TypeError", () => {
  using secret = revoking();
  assert.throws(() => secret.withBytes((bytes) => bytes), /Cannot return the view/);
  assert.throws(() => secret.withBytes((bytes) => bytes.subarray(1)), /Cannot return the view/);
  assert.throws(() => secret.withBytes((bytes) => bytes.buffer), /Cannot return the view/);
});

test("with `revokeViews` everything that copies works", async () => {
  using secret = revoking();
  using copy = secret.copy();
  assert.ok(secret.equals(copy));
  assert.ok(copy.equals(secret));
  assert.ok(secret.equals(new Uint8Array([1, 2, 3, 4])));
  const target = new Uint8Array(3);
  assert.equal(secret.readInto(target, 1), 3);
  assert.deepEqual([...target], [2, 3, 4]);
  for await (const chunk of secret.stream()) assert.deepEqual([...chunk], [1, 2, 3, 4]);
  assert.equal(secret.status().protection, "none");
});

test("a secret without `revokeViews` keeps its view between windows", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  let kept: Uint8Array | undefined;
  secret.withBytes((bytes) => void (kept = bytes));
  // The length is no access to memory; reading would stop the process.
  assert.equal(kept?.byteLength, 4);
});
