import assert from "node:assert/strict";
import { Secret, stats } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

test("closing twice, by whatever name, releases the secret once", async () => {
  const secret = four();
  const before = stats();
  secret.close();
  secret.close();
  secret[Symbol.dispose]();
  await secret[Symbol.asyncDispose]();
  secret.close();
  assert.equal(stats().inUse, before.inUse - 1);
});

test("`using` closes the secret at the end of the block, also when it throws", () => {
  const before = stats().inUse;
  let kept: Secret | undefined;
  {
    using secret = four();
    kept = secret;
    assert.equal(secret.isClosed, false);
  }
  assert.equal(kept.isClosed, true);
  assert.throws(() => {
    using secret = four();
    throw new Error(`problem ${secret.length}`);
  }, /problem 4/);
  assert.equal(stats().inUse, before);
});

test("`await using` closes the secret at the end of the block", async () => {
  const before = stats().inUse;
  let kept: Secret | undefined;
  {
    await using secret = four();
    kept = secret;
    assert.equal(secret.isClosed, false);
  }
  assert.equal(kept.isClosed, true);
  assert.equal(stats().inUse, before);
});

test("`asyncDispose` resolves when the bytes are gone, not before", async () => {
  const secret = four();
  const before = stats().inUse;
  let disposed = false;
  let end = () => {};
  const window = secret.withBytesAsync(async (bytes) => {
    await new Promise<void>((resolve) => end = resolve);
    return bytes[3];
  });
  const disposing = secret[Symbol.asyncDispose]().then(() => {
    disposed = true;
    assert.equal(stats().inUse, before - 1);
  });
  assert.equal(secret.isClosed, true);
  await pause();
  assert.equal(disposed, false);
  assert.equal(stats().inUse, before);
  end();
  assert.equal(await window, 4);
  await disposing;
  assert.equal(disposed, true);
});

test("`asyncDispose` called several times resolves every time", async () => {
  const secret = four();
  const opened = secret.open();
  const disposing = [1, 2, 3].map(() => secret[Symbol.asyncDispose]());
  opened[Symbol.dispose]();
  assert.deepEqual(await Promise.all(disposing), [undefined, undefined, undefined]);
  assert.equal(await secret[Symbol.asyncDispose](), undefined);
});

test("a stack of secrets closes all of them, also when one was closed before", async () => {
  const before = stats().inUse;
  {
    await using stack = new AsyncDisposableStack();
    const secrets = [1, 2, 3].map(() => stack.use(four()));
    secrets[1]?.close();
    assert.equal(stats().inUse, before + 2);
  }
  assert.equal(stats().inUse, before);
});
