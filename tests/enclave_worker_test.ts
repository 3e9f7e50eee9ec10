/**
 * One enclave in several Workers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Enclave, purge, Secret, SecretClosedError, type SharedEnclave, stats } from "../mod.ts";
import { withCache } from "./support/enclaves.ts";
import { eventually } from "./support/eventually.ts";
import { peek } from "./support/peek.ts";
import { notOnLinux, reported } from "./support/report.ts";
import { testOnGates as test } from "./support/rungs.ts";
import { startWorker, type TestWorker } from "./support/worker.ts";

const script = new URL("./workers/enclave.ts", import.meta.url);

let worker: TestWorker;
before(() => {
  worker = startWorker(script);
});
after(() => worker.stop());

/** Has the worker do something and answer. */
async function ask(action: string, more: object = {}, of = worker): Promise<unknown> {
  of.post({ do: action, ...more });
  return await of.receive();
}

test("a Worker attaches a shared enclave, reads, opens and closes it", async () => {
  const enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
  const before = stats();
  assert.deepEqual(await ask("attach", { ticket: enclave.share() }), [4, "Enclave(4 bytes)"]);
  for (let round = 0; round < 4; round++) assert.deepEqual(await ask("read"), [1, 2, 3, 4]);
  assert.deepEqual(await ask("open"), [1, 2, 3, 4]);
  assert.equal(stats().sealed, before.sealed);

  await ask("close");
  assert.equal(enclave.isClosed, true);
  assert.throws(() => enclave.withBytes(() => 0), SecretClosedError);
  assert.throws(() => enclave.share(), SecretClosedError);
  assert.equal(stats().sealed, before.sealed - 1);
  assert.deepEqual(await ask("read"), { code: "SECRET_CLOSED" });
  enclave.close();
});

test("closed on the main thread, an enclave is closed in the Worker, open there or not", async () => {
  for (const slots of [0, 4]) {
    await ask("configure", { slots });
    const enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
    await ask("attach", { ticket: enclave.share() });
    for (let round = 0; round < 3; round++) await ask("read");
    assert.equal(await ask("isClosed"), false);
    enclave.close();
    assert.equal(await ask("isClosed"), true);
    for (const action of ["read", "open"]) {
      assert.deepEqual(await ask(action), { code: "SECRET_CLOSED" }, action);
    }
    await ask("close");
  }
  await ask("configure");
});

test("closed here, an enclave's open copy in a Worker is wiped after a while", async () => {
  const child = startWorker(script);
  try {
    await ask("configure", { slots: 4, idle: 2000, store: "locked" }, child);
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const enclave = Enclave.seal(bytes.slice());
    await ask("attach", { ticket: enclave.share() }, child);
    await ask("address", {}, child);
    const address = BigInt(await ask("address", {}, child) as string);
    const isThere = () => {
      const seen = peek(address, bytes.length);
      return seen !== undefined && seen.every((byte, index) => byte === bytes[index]);
    };
    assert.equal(isThere(), true);
    enclave.close();
    assert.equal(await eventually(() => !isThere()), true);
  } finally {
    await child.stop();
  }
}, { skip: notOnLinux });

test("an enclave that a Worker has sealed outlives it, and its key is that of the process", async () => {
  const child = startWorker(script);
  const ticket = await ask("seal", {}, child) as SharedEnclave;
  await child.stop();
  using enclave = Enclave.attach(ticket);
  assert.equal(ticket.label, "made in the worker");
  assert.deepEqual(enclave.withBytes((bytes) => [...bytes]), [5, 6, 7]);
});

test("another key, made in a Worker, is everybody's", async () => {
  const enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
  await ask("attach", { ticket: enclave.share() });
  assert.ok(await ask("rekey") as number >= 1);
  assert.deepEqual(enclave.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  assert.deepEqual(await ask("read"), [1, 2, 3, 4]);
  enclave.close();
});

test("a purge here ends the enclave there", async () => {
  const enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
  await ask("attach", { ticket: enclave.share() });
  for (let round = 0; round < 3; round++) await ask("read");
  purge();
  assert.equal(await ask("isClosed"), true);
  assert.deepEqual(await ask("read"), { code: "SECRET_CLOSED" });
  const next = Enclave.seal(new Uint8Array([4]));
  await ask("attach", { ticket: next.share() });
  assert.deepEqual(await ask("read"), [4]);
  await ask("close");
});

test("a window in a Worker outlives the close here", async () => {
  const enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
  await ask("attach", { ticket: enclave.share() });
  assert.ok(await ask("hold") as number >= 1);
  enclave.close();
  assert.equal(await ask("isClosed"), true);
  await ask("end");
});

test("threads that seal, open and close at once do not get each other's bytes", async () => {
  const workers = [startWorker(script), startWorker(script)];
  try {
    using enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
    const ticket = enclave.share();
    await Promise.all(workers.map((each) => ask("attach", { ticket }, each)));
    const before = stats();
    const storms = workers.map((each) => ask("storm", {}, each));
    for (let round = 0; round < 2000; round++) {
      using own = Enclave.seal(new Uint8Array(round % 50 + 1).fill(round));
      assert.ok(own.withBytes((bytes) => bytes.every((byte) => byte === (round & 255))));
      assert.equal(enclave.withBytes((bytes) => bytes[0]), 1);
    }
    assert.deepEqual(await Promise.all(storms), [2000, 2000]);
    assert.equal(stats().sealed, before.sealed);
  } finally {
    await Promise.all(workers.map((each) => each.stop()));
  }
});

test("a ticket survives `structuredClone` and holds no bytes of the enclave", () => {
  const enclave = Enclave.seal(new Uint8Array([1, 2]));
  const ticket = structuredClone(enclave.share());
  assert.deepEqual(Object.keys(ticket).sort(), ["handle", "instance", "label", "length", "state"]);
  assert.equal(ticket.state.byteLength, 4);
  const same = Enclave.attach(ticket);
  same.close();
  assert.equal(enclave.isClosed, true);
});

test("attached twice, an attached enclave's own ticket: all are one enclave", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const enclave = Enclave.seal(new Uint8Array([1, 2]));
    for (let round = 0; round < 3; round++) enclave.withBytes((bytes) => bytes[0]);
    const first = Enclave.attach(enclave.share());
    const second = Enclave.attach(first.share());
    const all = [enclave, first, second];
    for (const each of all) assert.equal(each.withBytes((bytes) => bytes[1]), 2);
    second.close();
    assert.deepEqual(all.map((each) => each.isClosed), [true, true, true]);
    for (const each of all) {
      assert.throws(() => each.withBytes(() => 0), SecretClosedError);
      each.close();
    }
  });
});

const FORGED: readonly (readonly [string, (ticket: SharedEnclave) => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a string", () => "ticket"],
  ["a number", (ticket) => ticket.handle],
  ["an empty object", () => ({})],
  ["an enclave", () => Enclave.seal(new Uint8Array([1]))],
  ["one without a state", ({ state: _, ...rest }) => rest],
  ["one without a handle", ({ handle: _, ...rest }) => rest],
  ["one with unshared state", (ticket) => ({ ...ticket, state: new ArrayBuffer(4) })],
  ["one with a state too long", (ticket) => ({ ...ticket, state: new SharedArrayBuffer(8) })],
  ["one with a negative handle", (ticket) => ({ ...ticket, handle: -1 })],
  ["one with a fractional handle", (ticket) => ({ ...ticket, handle: 1.5 })],
  ["one with another length", (ticket) => ({ ...ticket, length: 3 })],
  ["one with a length as text", (ticket) => ({ ...ticket, length: "4" })],
  ["one with a label that is a number", (ticket) => ({ ...ticket, label: 4 })],
];

for (const [name, forge] of FORGED) {
  test(`a ticket that is ${name} is a TypeError`, () => {
    using enclave = Enclave.seal(new Uint8Array(4));
    const forged = forge(enclave.share());
    assert.throws(() => Enclave.attach(forged as SharedEnclave), {
      name: "TypeError",
      message:
        /^Cannot attach the enclave: the argument must come from enclave\.share\(\), .*[^.]$/,
    });
    if (forged instanceof Enclave) forged.close();
  });
}

test("a ticket of a secret is none of an enclave, and the other way round", () => {
  using secret = Secret.random(4);
  using enclave = Enclave.seal(new Uint8Array(4));
  assert.throws(() => Enclave.attach(secret.share() as never), SecretClosedError);
  assert.throws(() => Secret.attach(enclave.share() as never));
  assert.equal(enclave.isClosed, false);
  assert.equal(secret.isClosed, false);
});

test("a ticket of another process, or copy of the library, is unsupported", () => {
  using enclave = Enclave.seal(new Uint8Array(4));
  const ticket = enclave.share();
  const foreign = { ...ticket, instance: (ticket.instance + 1) % 2 ** 32 };
  assert.throws(() => Enclave.attach(foreign), { code: "UNSUPPORTED" });
  for (const handle of [0, 1, 0x7fffffff, 0xffffffff, ticket.handle ^ (1 << 25)]) {
    assert.throws(() => Enclave.attach({ ...ticket, handle }), SecretClosedError, `${handle}`);
  }
});

test("a ticket of a closed enclave is refused, also once the number is another one's", () => {
  const enclave = Enclave.seal(new Uint8Array(4));
  const ticket = enclave.share();
  enclave.close();
  for (let round = 0; round < 3000; round++) {
    using other = Enclave.seal(new Uint8Array(4));
    assert.equal(other.isClosed, false);
    assert.throws(() => Enclave.attach(ticket), SecretClosedError);
  }
});

test("Workers that end leave the process's enclaves alone, and nothing of their own open", async () => {
  const { values, sealed, inUse, resting } = await reported<
    { values: number[]; sealed: number; inUse: number[]; resting: number }
  >(`
    const { Enclave, stats } = securememory;
    const { Worker } = await import("node:worker_threads");
    const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
    const ticket = enclave.share();
    const values = [];
    const inUse = [];
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(new URL(${JSON.stringify(script.href)}));
      const answer = () => new Promise((resolve) => worker.once("message", resolve));
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      for (const order of ["attach", "read", "read", "read"]) {
        worker.postMessage({ do: order, ticket });
        values.push(await answer());
      }
      worker.postMessage({ do: "exit" });
      await ended;
      inUse.push(stats().inUse);
    }
    values.push(enclave.withBytes((bytes) => [...bytes]));
    report({ values, sealed: stats().sealed, inUse, resting: stats().restingPages });
    process.exit(0);
  `);
  const rounds = Array.from({ length: 3 }, () => [
    ...[[3, "Enclave(3 bytes)"], [1, 2, 3]],
    ...[[1, 2, 3], [1, 2, 3]],
  ]).flat();
  assert.deepEqual(values, [...rounds, [1, 2, 3]]);
  assert.equal(sealed, 1);
  // The enclave alone: neither the Workers' open copies nor their pages for others.
  assert.deepEqual(inUse, [1, 1, 1]);
  assert.ok(resting <= 6, `${resting}`);
});
