import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Secret,
  SecretClosedError,
  SecretPool,
  type SharedSecret,
  stats,
  UnsupportedError,
} from "../mod.ts";
import { testOnGates } from "./support/rungs.ts";
import { type TestWorker, withWorker } from "./support/worker.ts";

const POOL_WORKER = new URL("./workers/pool.ts", import.meta.url);
const HOLDER = new URL("./workers/holder.ts", import.meta.url);

async function ask(worker: TestWorker, order: unknown): Promise<unknown> {
  worker.post(order);
  return await worker.receive();
}

for (const onPressure of ["error", "seal"] as const) {
  testOnGates(`a Worker makes secrets in the same pool (${onPressure})`, async () => {
    using pool = new SecretPool({ onPressure, label: "both" });
    const ours = pool.fromString("ours");
    await withWorker(POOL_WORKER, async (worker) => {
      assert.equal(await ask(worker, { do: "attach", pool: pool.share() }), "SecretPool(both)");
      const ticket = await ask(worker, { do: "make", text: "theirs" }) as SharedSecret;
      assert.equal(pool.stats().secrets, 2);
      const theirs = Secret.attach(ticket);
      const both = pool.withBytes([ours, theirs], (one, other) => [one.length, other.length]);
      assert.deepEqual(both, [4, 6]);
      assert.equal(await ask(worker, { do: "attachSecret", secret: ours.share() }), 4);
      assert.equal(await ask(worker, { do: "many", count: 500 }), 500);
      assert.equal(pool.stats().secrets, 502);
      pool.close();
      assert.deepEqual(await ask(worker, { do: "closed" }), [true, true]);
      assert.equal(await ask(worker, { do: "make", text: "x" }), "SECRET_CLOSED");
    });
    assert.equal(ours.isClosed, true);
  });

  testOnGates(`a pool's secret goes to a Worker as any (${onPressure})`, async () => {
    using pool = new SecretPool({ onPressure });
    const secret = pool.from(new Uint8Array([1, 2, 3, 4]));
    await withWorker(HOLDER, async (worker) => {
      const ticket = secret.share();
      assert.deepEqual(await ask(worker, { do: "attach", ticket }), [4, "Secret(4 bytes)"]);
      assert.deepEqual(await ask(worker, { do: "read" }), [1, 2, 3, 4]);
      assert.deepEqual(await ask(worker, { do: "increment" }), [2, 3, 4, 5]);
      assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [2, 3, 4, 5]);
      secret.close();
      assert.equal(await ask(worker, { do: "isClosed" }), true);
      assert.deepEqual(await ask(worker, { do: "read" }), { code: "SECRET_CLOSED" });
    });
  });

  test(`a Worker closes the pool for all (${onPressure})`, async () => {
    using pool = new SecretPool({ onPressure });
    const before = stats().inUse;
    const secret = pool.random(8);
    await withWorker(POOL_WORKER, async (worker) => {
      await ask(worker, { do: "attach", pool: pool.share() });
      await ask(worker, { do: "many", count: 10 });
      await ask(worker, { do: "close" });
    });
    assert.equal(pool.isClosed, true);
    assert.equal(secret.isClosed, true);
    assert.throws(() => secret.withBytes(() => {}), SecretClosedError);
    assert.throws(() => pool.random(8), SecretClosedError);
    assert.equal(stats().inUse, before);
  });
}

test("a ticket is good for this process, and for a pool that is there", () => {
  const pool = new SecretPool({ label: "ticket" });
  const ticket = structuredClone(pool.share());
  const same = SecretPool.attach(ticket);
  assert.equal(`${same}`, "SecretPool(ticket)");
  assert.throws(
    () => SecretPool.attach({ ...ticket, instance: (ticket.instance ^ 1) >>> 0 }),
    UnsupportedError,
  );
  for (
    const wrong of [
      undefined,
      null,
      7,
      {},
      { ...ticket, pool: -1 },
      { ...ticket, seals: 1 },
      { ...ticket, label: 1 },
      { ...ticket, instance: "1" },
    ]
  ) assert.throws(() => SecretPool.attach(wrong as never), TypeError, JSON.stringify(wrong));
  assert.throws(() => SecretPool.attach({ ...ticket, pool: 0 }), SecretClosedError);
  same.close();
  assert.equal(pool.isClosed, true);
  assert.throws(() => SecretPool.attach(ticket), SecretClosedError);
  // Its number may be another one's by now.
  using next = new SecretPool();
  assert.throws(() => SecretPool.attach(ticket), SecretClosedError);
  assert.equal(next.isClosed, false);
});
