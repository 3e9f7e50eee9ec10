import assert from "node:assert/strict";
import { Secret, SecretBusyError, SecretClosedError } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

function refusedAsBusy(secret: Secret): void {
  let called = false;
  assert.throws(() => secret.update(() => void (called = true)), SecretBusyError);
  assert.equal(called, false);
}

test("what `update` writes is there in later windows of every kind", async () => {
  using secret = four();
  const returned = secret.update((bytes) => {
    bytes[0] = 7;
    bytes.set([8, 9], 2);
    return "done";
  });
  assert.equal(returned, "done");
  const expected = [7, 2, 8, 9];
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), expected);
  assert.deepEqual(await secret.withBytesAsync((bytes) => [...bytes]), expected);
  assert.ok(secret.equals(new Uint8Array(expected)));
  using copy = secret.copy();
  assert.ok(copy.equals(new Uint8Array(expected)));
});

test("what `update` writes before it throws stays, and the window is closed", () => {
  using secret = four();
  assert.throws(() =>
    secret.update((bytes) => {
      bytes[0] = 7;
      throw new Error("problem");
    }), /problem/);
  assert.equal(secret.status().protection, "none");
  assert.equal(secret.withBytes((bytes) => bytes[0]), 7);
});

test("`update` opens the pages for writing and closes them", () => {
  using secret = four();
  assert.equal(secret.update(() => secret.status().protection), "write");
  assert.equal(secret.status().protection, "none");
  assert.equal(secret.withBytes(() => secret.status().protection), "read");
});

test("reading inside `update` works and sees what was written", () => {
  using secret = four();
  secret.update((bytes) => {
    bytes[1] = 42;
    assert.equal(secret.withBytes((view) => view[1]), 42);
    assert.ok(secret.equals(new Uint8Array([1, 42, 3, 4])));
    const target = new Uint8Array(4);
    assert.equal(secret.readInto(target), 4);
    assert.equal(target[1], 42);
    using copy = secret.copy();
    assert.equal(copy.withBytes((view) => view[1]), 42);
    // Still the read-write window.
    bytes[1] = 43;
  });
  assert.equal(secret.withBytes((view) => view[1]), 43);
  assert.equal(secret.status().protection, "none");
});

test("`update` inside `withBytes` is busy, and the read window goes on", () => {
  using secret = four();
  secret.withBytes((bytes) => {
    refusedAsBusy(secret);
    assert.equal(bytes[0], 1);
    assert.equal(secret.status().protection, "read");
  });
  assert.equal(secret.status().protection, "none");
});

test("`update` inside `update` is busy, and the outer one goes on", () => {
  using secret = four();
  secret.update((bytes) => {
    refusedAsBusy(secret);
    bytes[0] = 5;
  });
  assert.equal(secret.withBytes((bytes) => bytes[0]), 5);
});

test("`update` inside `withBytes` inside `update` is busy", () => {
  using secret = four();
  secret.update((bytes) => {
    secret.withBytes(() => refusedAsBusy(secret));
    bytes[0] = 6;
  });
  assert.equal(secret.withBytes((bytes) => bytes[0]), 6);
});

test("`update` works again after it was refused", () => {
  using secret = four();
  secret.withBytes(() => refusedAsBusy(secret));
  secret.update((bytes) => void (bytes[3] = 1));
  assert.equal(secret.withBytes((bytes) => bytes[3]), 1);
});

test("`update` of one secret inside a window of another works both ways", () => {
  using a = four();
  using b = four();
  a.withBytes((source) => b.update((target) => target.set(source.subarray(2), 0)));
  assert.deepEqual(b.withBytes((bytes) => [...bytes]), [3, 4, 3, 4]);
  a.update((target) => b.withBytes((source) => target.set(source)));
  assert.ok(a.equals(b));
});

test("a secret of several pages is written on all of them", () => {
  const length = 3 * 65536 + 5;
  using secret = Secret.random(length);
  secret.update((bytes) => {
    bytes.fill(0x5a);
  });
  assert.ok(secret.equals(new Uint8Array(length).fill(0x5a)));
});

test("nothing but the payload changes: closing after `update` finds the surroundings whole", () => {
  for (const length of [1, 17, 4095, 4097]) {
    const secret = Secret.random(length);
    secret.update((bytes) => {
      bytes.fill(0xff);
    });
    secret.close();
    assert.equal(secret.isClosed, true);
  }
});

test("a window that could outlive `update` is refused inside it", async () => {
  using secret = Secret.random(32);
  let rejected: Promise<unknown> | undefined;
  secret.update(() => {
    assert.throws(() => secret.open(), SecretBusyError);
    rejected = assert.rejects(secret.withBytesAsync(() => 1), SecretBusyError);
  });
  await rejected;
  assert.equal(secret.status().protection, "none");
  using opened = secret.open();
  assert.equal(opened.bytes.length, 32);
});

test("inside `update`, a secret that was closed is closed, not busy", async () => {
  using secret = Secret.random(32);
  let rejected: Promise<unknown> | undefined;
  secret.update(() => {
    secret.close();
    assert.throws(() => secret.open(), SecretClosedError);
    rejected = assert.rejects(secret.withBytesAsync(() => 1), SecretClosedError);
  });
  await rejected;
});
