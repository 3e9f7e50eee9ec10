import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Secret, SecretBusyError, SecretClosedError, stats } from "../mod.ts";
import { runCode } from "./support/child.ts";
import { eventually } from "./support/eventually.ts";
import { environmentOf, testOnGates as test } from "./support/rungs.ts";
import { startWorker, type TestWorker, withWorker } from "./support/worker.ts";

const holder = new URL("./workers/holder.ts", import.meta.url);

// One for all tests, since Deno checks the types of its script at each start. Every test
// attaches a secret of its own.
let worker: TestWorker;
before(() => {
  worker = startWorker(holder);
});
after(() => worker.stop());

/** Has the worker do something and answer. */
async function ask(worker: TestWorker, action: string, more: object = {}): Promise<unknown> {
  worker.post({ do: action, ...more });
  return await worker.receive();
}

test("a Worker attaches a shared secret, reads, updates and closes it", async () => {
  const before = stats();
  const secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  assert.deepEqual(await ask(worker, "attach", { ticket: secret.share() }), [
    4,
    "Secret(4 bytes)",
  ]);
  assert.deepEqual(await ask(worker, "read"), [1, 2, 3, 4]);
  assert.deepEqual(await ask(worker, "increment"), [2, 3, 4, 5]);
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [2, 3, 4, 5]);
  secret.update((bytes) => void (bytes[0] = 100));
  assert.deepEqual(await ask(worker, "read"), [100, 3, 4, 5]);
  assert.deepEqual(await ask(worker, "readInto"), [2, 3, 4]);
  assert.equal(await ask(worker, "copy"), true);
  assert.equal(stats().inUse, before.inUse + 1);

  await ask(worker, "close");
  assert.equal(secret.isClosed, true);
  assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
  assert.equal(stats().inUse, before.inUse);
  assert.deepEqual(await ask(worker, "read"), { code: "SECRET_CLOSED" });
});

test("closed on the main thread, a secret is closed in the Worker", async () => {
  const secret = Secret.random(8);
  await ask(worker, "attach", { ticket: secret.share() });
  assert.equal(await ask(worker, "isClosed"), false);
  secret.close();
  assert.equal(await ask(worker, "isClosed"), true);
  for (const action of ["read", "increment", "readInto", "copy", "share"]) {
    assert.deepEqual(await ask(worker, action), { code: "SECRET_CLOSED" }, action);
  }
});

test("a window here and one in a Worker are open together; `update` is busy on both sides", async () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  await ask(worker, "attach", { ticket: secret.share() });

  await secret.withBytesAsync(async (bytes) => {
    assert.deepEqual(await ask(worker, "read"), [1, 2, 3, 4]);
    assert.deepEqual(await ask(worker, "increment"), { code: "SECRET_BUSY" });
    // The Worker's windows have ended; this one has not.
    assert.equal(bytes[0], 1);
  });

  assert.equal(await ask(worker, "open"), "read");
  assert.equal(secret.withBytes((bytes) => bytes[1]), 2);
  assert.equal(secret.status().protection, "read");
  assert.throws(() => secret.update(() => 0), SecretBusyError);
  await ask(worker, "end");
  assert.ok(await eventually(() => secret.status().protection === "none"));
  assert.deepEqual(await ask(worker, "increment"), [2, 3, 4, 5]);
});

test("closed while a Worker's window is open, the bytes go with that window", async () => {
  const secret = Secret.random(8);
  const before = stats().inUse;
  await ask(worker, "attach", { ticket: secret.share() });
  await ask(worker, "open");
  let disposed = false;
  const disposing = secret[Symbol.asyncDispose]().then(() => disposed = true);
  assert.deepEqual(await ask(worker, "read"), { code: "SECRET_CLOSED" });
  assert.equal(disposed, false);
  assert.equal(stats().inUse, before);
  await ask(worker, "end");
  await disposing;
  assert.equal(stats().inUse, before - 1);
});

test("a ticket travels from Worker to Worker by way of the main thread", async () => {
  using secret = Secret.from(new Uint8Array([7, 8]));
  await withWorker(holder, async (second) => {
    await ask(worker, "attach", { ticket: secret.share() });
    await ask(second, "attach", { ticket: await ask(worker, "share") });
    await ask(worker, "increment");
    assert.deepEqual(await ask(second, "read"), [8, 9]);
    await ask(second, "increment");
    assert.deepEqual(await ask(worker, "read"), [9, 10]);
    assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [9, 10]);
  });
});

test("a ticket of the wrong length is refused in a Worker", async () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  for (const length of [0, 3, 5, 0xffffffff]) {
    const ticket = { ...secret.share(), length };
    assert.deepEqual(await ask(worker, "attach", { ticket }), { code: "TypeError" });
  }
});

test("a Worker that ends without closing leaves the secret as it is", async () => {
  using secret = Secret.from(new Uint8Array([7, 8]));
  await withWorker(holder, async (worker) => {
    await ask(worker, "attach", { ticket: secret.share() });
    await ask(worker, "read");
  });
  assert.equal(secret.isClosed, false);
  secret.update((bytes) => void (bytes[0] = 1));
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 8]);
});

test("a secret itself cannot be posted to a Worker", () => {
  using secret = Secret.random(8);
  for (const message of [secret, { secret }, [secret]]) {
    // A DataCloneError, which Deno's node:worker_threads makes a TypeError.
    assert.throws(() => worker.post(message), /\bclone/);
  }
});

test("a window of a Worker that was ended inside it stays counted, until a purge", async (rungs) => {
  // In a child, since purging concerns every secret of the process.
  const source = `
    import assert from "node:assert/strict";
    import process from "node:process";
    import { startWorker } from ${
    JSON.stringify(new URL("./support/worker.ts", import.meta.url).href)
  };
    const { purge, Secret, stats } = securememory;
    const secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
    const worker = startWorker(new URL(${JSON.stringify(holder.href)}));
    worker.post({ do: "attach", ticket: secret.share() });
    await worker.receive();
    worker.post({ do: "open" });
    assert.equal(await worker.receive(), "read");
    await worker.stop();
    assert.equal(secret.withBytes((bytes) => bytes[3]), 4);
    assert.throws(() => secret.update(() => 0), { code: "SECRET_BUSY" });
    const disposing = secret[Symbol.asyncDispose]();
    assert.equal(secret.isClosed, true);
    assert.equal(stats().inUse, 1);
    purge();
    await disposing;
    assert.equal(stats().inUse, 0);
    console.log("done");
    process.exit(0);
  `;
  const outcome = await runCode(source, { env: environmentOf(rungs) });
  assert.deepEqual([outcome.stdout, outcome.status], ["done\n", 0], outcome.stderr);
});
