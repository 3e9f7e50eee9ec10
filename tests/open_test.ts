import assert from "node:assert/strict";
import { Secret, type SecretWindow, stats } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

test("`open()` with `using` opens a window for the block", () => {
  using secret = four();
  {
    using opened = secret.open();
    assert.deepEqual([...opened.bytes], [1, 2, 3, 4]);
    assert.equal(secret.status().protection, "read");
  }
  assert.equal(secret.status().protection, "none");
});

test("`open()` with `using` closes the window when the block throws", () => {
  using secret = four();
  assert.throws(() => {
    using opened = secret.open();
    throw new Error(`problem ${opened.bytes.length}`);
  }, /problem 4/);
  assert.equal(secret.status().protection, "none");
});

test("disposing a window twice closes it once", () => {
  using secret = four();
  const before = stats().openWindows;
  const outer = secret.open();
  const inner = secret.open();
  inner[Symbol.dispose]();
  inner[Symbol.dispose]();
  assert.equal(secret.status().protection, "read");
  assert.deepEqual([...outer.bytes], [1, 2, 3, 4]);
  outer[Symbol.dispose]();
  outer[Symbol.dispose]();
  assert.equal(secret.status().protection, "none");
  assert.equal(stats().openWindows, before);
});

test("the bytes of a disposed window are a TypeError", () => {
  using secret = four();
  const opened = secret.open();
  opened[Symbol.dispose]();
  assert.throws(() => opened.bytes, {
    name: "TypeError",
    message: "Cannot read the bytes: the window is closed",
  });
});

test("the bytes of a disposed window are a TypeError while another window is open", () => {
  using secret = four();
  const opened = secret.open();
  secret.withBytes(() => {
    opened[Symbol.dispose]();
    assert.throws(() => opened.bytes, TypeError);
    assert.equal(secret.status().protection, "read");
  });
});

test("a window of `open()` may outlive the function that opened it", () => {
  using secret = four();
  const begin = (): SecretWindow => secret.open();
  const opened = begin();
  assert.equal(opened.bytes[2], 3);
  opened[Symbol.dispose]();
  assert.equal(secret.status().protection, "none");
});

test("`close()` while a window of `open()` is open waits for the window", () => {
  const secret = four();
  const before = stats().inUse;
  const opened = secret.open();
  secret.close();
  assert.equal(secret.isClosed, true);
  assert.deepEqual([...opened.bytes], [1, 2, 3, 4]);
  assert.equal(stats().inUse, before);
  opened[Symbol.dispose]();
  assert.equal(stats().inUse, before - 1);
  assert.throws(() => opened.bytes, TypeError);
});

test("`update` is refused while a window of `open()` is open", () => {
  using secret = four();
  {
    using opened = secret.open();
    assert.throws(() => secret.update(() => {}), { code: "SECRET_BUSY" });
    assert.equal(opened.bytes[0], 1);
  }
  secret.update((bytes) => void (bytes[0] = 8));
  assert.equal(secret.withBytes((bytes) => bytes[0]), 8);
});

test("a window and its secret in one `using` scope close in the right order", () => {
  const before = stats();
  {
    using secret = four();
    using opened = secret.open();
    assert.equal(opened.bytes[1], 2);
  }
  assert.equal(stats().inUse, before.inUse);
  assert.equal(stats().openWindows, before.openWindows);
});

test("a DisposableStack closes windows and secrets", () => {
  const before = stats();
  {
    using stack = new DisposableStack();
    const secret = stack.use(four());
    const opened = stack.use(secret.open());
    assert.equal(opened.bytes[1], 2);
    assert.equal(stats().openWindows, before.openWindows + 1);
  }
  assert.equal(stats().inUse, before.inUse);
  assert.equal(stats().openWindows, before.openWindows);
});
