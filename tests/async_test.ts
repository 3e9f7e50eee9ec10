import assert from "node:assert/strict";
import { Secret, SecretBusyError, SecretClosedError, stats } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

/** Lets timers run, so that the callback is over what merely microtasks could do. */
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

test("`withBytesAsync` keeps the window open until the promise resolves", async () => {
  using secret = four();
  const running = secret.withBytesAsync(async (bytes) => {
    await pause();
    assert.equal(secret.status().protection, "read");
    return bytes[0]! + bytes[3]!;
  });
  assert.equal(secret.status().protection, "read");
  assert.equal(await running, 5);
  assert.equal(secret.status().protection, "none");
});

test("`withBytesAsync` calls the callback at once", async () => {
  using secret = four();
  let called = false;
  const running = secret.withBytesAsync(() => void (called = true));
  assert.equal(called, true);
  await running;
});

test("`withBytesAsync` takes a callback that returns no promise", async () => {
  using secret = four();
  assert.equal(await secret.withBytesAsync((bytes) => bytes[1]), 2);
  assert.equal(await secret.withBytesAsync(() => undefined), undefined);
  assert.equal(secret.status().protection, "none");
});

test("`withBytesAsync` follows a thenable", async () => {
  using secret = four();
  const thenable: PromiseLike<number> = {
    then(resolve) {
      setTimeout(() => resolve?.(secret.status().protection === "read" ? 1 : 0), 1);
      return undefined as never;
    },
  };
  assert.equal(await secret.withBytesAsync(() => thenable), 1);
  assert.equal(secret.status().protection, "none");
});

test("`withBytesAsync` rejects with what the promise rejects with, and closes the window", async () => {
  using secret = four();
  const problem = new Error("problem");
  const running = secret.withBytesAsync(async () => {
    await pause();
    throw problem;
  });
  await assert.rejects(running, (error) => error === problem);
  assert.equal(secret.status().protection, "none");
});

test("`withBytesAsync` rejects, not throws, when the callback throws synchronously", async () => {
  using secret = four();
  const problem = new Error("problem");
  const running = secret.withBytesAsync(() => {
    throw problem;
  });
  await assert.rejects(running, (error) => error === problem);
  assert.equal(secret.status().protection, "none");
});

test("`withBytesAsync` rejects with TypeError when the promise resolves to the view", async () => {
  using secret = four();
  await assert.rejects(
    secret.withBytesAsync(async (bytes) => {
      await pause();
      return bytes.subarray(1);
    }),
    { name: "TypeError" },
  );
  assert.equal(secret.status().protection, "none");
});

test("sync windows nest in an async one, and async ones in a sync one", async () => {
  using secret = four();
  const sum = await secret.withBytesAsync(async (bytes) => {
    const first = secret.withBytes((view) => view[0]!);
    await pause();
    return first + secret.withBytes((view) => view[1]!) + bytes[2]!;
  });
  assert.equal(sum, 6);

  let running: Promise<number> | undefined;
  secret.withBytes(() => {
    running = secret.withBytesAsync(async (bytes) => {
      await pause();
      return bytes[3]!;
    });
  });
  // The sync window is over, the async one is not.
  assert.equal(secret.status().protection, "read");
  assert.equal(await running, 4);
  assert.equal(secret.status().protection, "none");
});

test("fifty async windows at once close with the last, in whatever order they end", async () => {
  using secret = four();
  const before = stats().openWindows;
  const ends: (() => void)[] = [];
  const windows = Array.from({ length: 50 }, (_, index) =>
    secret.withBytesAsync(async (bytes) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      return bytes[index % 4];
    }));
  assert.equal(stats().openWindows, before + 1);
  // Ends the windows in an order that is neither first nor last come.
  const order = ends.map((_, index) => index).sort((a, b) => a * 7 % 50 - b * 7 % 50);
  for (const index of order) {
    assert.equal(stats().openWindows, before + 1);
    ends[index]!();
    await windows[index];
  }
  assert.equal(secret.status().protection, "none");
  const results = await Promise.all(windows);
  assert.deepEqual(results, Array.from({ length: 50 }, (_, index) => index % 4 + 1));
  assert.equal(stats().openWindows, before);
});

test("async windows of many secrets at once see their own bytes", async () => {
  const secrets = Array.from({ length: 20 }, (_, index) => Secret.from(new Uint8Array([index])));
  const results = await Promise.all(secrets.map((secret) =>
    secret.withBytesAsync(async (bytes) => {
      await pause();
      return bytes[0];
    })
  ));
  assert.deepEqual(results, Array.from({ length: 20 }, (_, index) => index));
  for (const secret of secrets) {
    assert.equal(secret.status().protection, "none");
    secret.close();
  }
});

test("`close()` during an async window refuses new windows and wipes with the last", async () => {
  const secret = four();
  const before = stats().inUse;
  const running = secret.withBytesAsync(async (bytes) => {
    await pause();
    assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
    return [...bytes];
  });
  secret.close();
  assert.equal(secret.isClosed, true);
  await assert.rejects(secret.withBytesAsync(() => 0), SecretClosedError);
  assert.equal(stats().inUse, before);
  assert.deepEqual(await running, [1, 2, 3, 4]);
  assert.equal(stats().inUse, before - 1);
});

test("`update` during an async window is busy, and free after it", async () => {
  using secret = four();
  const running = secret.withBytesAsync(pause);
  assert.throws(() => secret.update(() => 0), SecretBusyError);
  await running;
  assert.equal(secret.update((bytes) => bytes[0] = 9), 9);
});

test("`withBytesAsync` on a closed secret rejects and does not call", async () => {
  const secret = four();
  secret.close();
  let called = false;
  await assert.rejects(secret.withBytesAsync(() => void (called = true)), SecretClosedError);
  assert.equal(called, false);
});
