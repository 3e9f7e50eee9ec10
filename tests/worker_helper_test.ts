import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorker, withWorker } from "./support/worker.ts";

const echo = new URL("./workers/echo.ts", import.meta.url);

test("a worker's messages arrive in order", async () => {
  await withWorker(echo, async (worker) => {
    const ask = new SharedArrayBuffer(4);
    for (const message of [1, "two", { three: 3 }, ask]) worker.post(message);
    assert.equal(await worker.receive(), 1);
    assert.equal(await worker.receive(), "two");
    assert.deepEqual(await worker.receive(), { three: 3 });
    const same = await worker.receive();
    assert.ok(same instanceof SharedArrayBuffer);
    new Int32Array(ask)[0] = 5;
    assert.equal(new Int32Array(same)[0], 5);
  });
});

test("a worker that fails rejects who waits for it, now and later", async () => {
  await withWorker(echo, async (worker) => {
    const waiting = assert.rejects(worker.receive(), /told to throw/);
    worker.post("throw");
    await waiting;
    await assert.rejects(worker.receive(), /told to throw/);
  });
});

test("stopping a worker rejects who waits for it", async () => {
  const worker = startWorker(echo);
  const waiting = assert.rejects(worker.receive(), /ended/);
  await worker.stop();
  await waiting;
});
