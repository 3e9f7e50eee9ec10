import assert from "node:assert/strict";
import { Secret, SecretClosedError, type SharedSecret, stats, UnsupportedError } from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]), { label: "four" });
}

test("`attach` gives a secret of the same bytes, without making one", () => {
  using secret = four();
  const before = stats();
  const same = Secret.attach(secret.share());
  assert.equal(same.length, 4);
  assert.equal(`${same}`, "Secret(4 bytes)");
  assert.deepEqual(same.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  assert.equal(same.equals(secret), true);
  assert.equal(stats().allocated, before.allocated);
  assert.equal(stats().inUse, before.inUse);
});

test("a ticket survives `structuredClone` and holds no bytes of the secret", () => {
  using secret = Secret.from(new Uint8Array(32).fill(0xc5));
  const ticket = structuredClone(secret.share());
  assert.deepEqual(Object.keys(ticket).sort(), [
    "handle",
    "instance",
    "label",
    "length",
    "pool",
    "state",
  ]);
  assert.equal(ticket.state.byteLength, 4);
  assert.equal(Secret.attach(ticket).equals(secret), true);
});

test("`share` twice gives tickets to one secret with one state", () => {
  using secret = four();
  const first = secret.share();
  const second = secret.share();
  assert.equal(first.state, second.state);
  assert.deepEqual({ ...first, state: 0 }, { ...second, state: 0 });
  assert.equal(first.label, "four");
  assert.equal(first.length, 4);
});

test("attached twice, an attached secret's own ticket: all are one secret", () => {
  using secret = four();
  const first = Secret.attach(secret.share());
  const second = Secret.attach(secret.share());
  const third = Secret.attach(structuredClone(second.share()));
  third.update((bytes) => void (bytes[0] = 9));
  for (const face of [secret, first, second, third]) {
    assert.equal(face.withBytes((bytes) => bytes[0]), 9);
  }
});

test("closed through one, a secret is closed for all", () => {
  const secret = four();
  const before = stats().inUse;
  const other = Secret.attach(secret.share());
  other.close();
  assert.equal(secret.isClosed, true);
  assert.equal(other.isClosed, true);
  assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
  assert.throws(() => other.withBytes(() => 0), SecretClosedError);
  secret.close();
  assert.equal(stats().inUse, before - 1);
});

test("closed through one inside a window of the other, the bytes stay until its end", () => {
  const secret = four();
  const other = Secret.attach(secret.share());
  const before = stats().inUse;
  const last = secret.withBytes((bytes) => {
    other.close();
    assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
    assert.throws(() => other.withBytes(() => 0), SecretClosedError);
    return bytes[3];
  });
  assert.equal(last, 4);
  assert.equal(stats().inUse, before - 1);
});

test("windows of one and of the other count together", () => {
  using secret = four();
  const other = Secret.attach(secret.share());
  secret.withBytes(() => {
    assert.equal(other.status().protection, "read");
    other.withBytes(() => {});
    assert.equal(secret.status().protection, "read");
    assert.throws(() => other.update(() => 0), { code: "SECRET_BUSY" });
  });
  assert.equal(secret.status().protection, "none");
});

test("sharing inside a window, of every kind, keeps the window and its count", async () => {
  using read = four();
  read.withBytes((bytes) => {
    const other = Secret.attach(read.share());
    assert.equal(other.withBytes((view) => view[3]), 4);
    assert.equal(bytes[0], 1);
  });
  assert.equal(read.status().protection, "none");

  using written = four();
  written.update((bytes) => {
    const other = Secret.attach(written.share());
    bytes[0] = 5;
    assert.throws(() => other.update(() => 0), { code: "SECRET_BUSY" });
  });
  assert.equal(written.status().protection, "none");
  assert.equal(written.withBytes((bytes) => bytes[0]), 5);

  using slow = four();
  await slow.withBytesAsync(async (bytes) => {
    slow.share();
    await Promise.resolve();
    return bytes[0];
  });
  assert.equal(slow.status().protection, "none");
  slow.update((bytes) => void (bytes[0] = 1));
});

test("a secret that was shared works as before: windows, update, copy, status, stream", async () => {
  using secret = four();
  secret.share();
  secret.update((bytes) => void (bytes[0] = 9));
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [9, 2, 3, 4]);
  assert.equal(await secret.withBytesAsync((bytes) => bytes[0]), 9);
  using copy = secret.copy();
  assert.equal(copy.equals(secret), true);
  for await (const chunk of secret.stream()) assert.deepEqual([...chunk], [9, 2, 3, 4]);
  const { locked, guarded, protection } = secret.status();
  assert.deepEqual([locked, guarded, protection], [true, true, "none"]);
});

test("`asyncDispose` of a shared secret resolves when the bytes are gone", async () => {
  const secret = four();
  secret.share();
  const before = stats().inUse;
  const opened = secret.open();
  const disposing = secret[Symbol.asyncDispose]();
  assert.equal(stats().inUse, before);
  opened[Symbol.dispose]();
  await disposing;
  assert.equal(stats().inUse, before - 1);
});

test("a ticket of a closed secret is refused, also once its pages are used again", () => {
  const secret = four();
  const ticket = secret.share();
  secret.close();
  assert.throws(() => secret.share(), SecretClosedError);
  assert.throws(() => Secret.attach(ticket), SecretClosedError);
  for (let rounds = stats().freePages + 200; rounds > 0; rounds--) {
    using other = four();
    assert.equal(other.isClosed, false);
    assert.throws(() => Secret.attach(ticket), SecretClosedError);
  }
});

test("a ticket of another process, or copy of the library, is unsupported", () => {
  using secret = four();
  const ticket = secret.share();
  const foreign = { ...ticket, instance: (ticket.instance + 1) % 2 ** 32 };
  assert.throws(() => Secret.attach(foreign), UnsupportedError);
});

test("a ticket with a handle or length of no secret is refused as closed", () => {
  using secret = four();
  const ticket = secret.share();
  for (const handle of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, ticket.handle ^ (1 << 20)]) {
    assert.throws(() => Secret.attach({ ...ticket, handle }), SecretClosedError, `${handle}`);
  }
});

const FORGED: readonly (readonly [string, (ticket: SharedSecret) => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a string", () => "ticket"],
  ["a number", (ticket) => ticket.handle],
  ["an empty object", () => ({})],
  ["an array", () => []],
  ["a Secret", () => four()],
  ["one without a state", ({ state: _, ...rest }) => rest],
  ["one without a handle", ({ handle: _, ...rest }) => rest],
  ["one without an instance", ({ instance: _, ...rest }) => rest],
  ["one without a length", ({ length: _, ...rest }) => rest],
  ["one with unshared state", (ticket) => ({ ...ticket, state: new ArrayBuffer(4) })],
  ["one with a state too short", (ticket) => ({ ...ticket, state: new SharedArrayBuffer(3) })],
  ["one with a state too long", (ticket) => ({ ...ticket, state: new SharedArrayBuffer(8) })],
  ["one with a negative handle", (ticket) => ({ ...ticket, handle: -1 })],
  ["one with a fractional handle", (ticket) => ({ ...ticket, handle: 1.5 })],
  ["one with a handle of 2^32", (ticket) => ({ ...ticket, handle: 2 ** 32 })],
  ["one with a bigint handle", (ticket) => ({ ...ticket, handle: BigInt(ticket.handle) })],
  ["one with a length of NaN", (ticket) => ({ ...ticket, length: NaN })],
  ["one with a length as text", (ticket) => ({ ...ticket, length: "4" })],
  ["one with an instance as text", (ticket) => ({ ...ticket, instance: "1" })],
  ["one with a label that is a number", (ticket) => ({ ...ticket, label: 4 })],
];

for (const [name, forge] of FORGED) {
  test(`a ticket that is ${name} is a TypeError`, () => {
    using secret = four();
    const forged = forge(secret.share());
    assert.throws(() => Secret.attach(forged as SharedSecret), {
      name: "TypeError",
      message: /^Cannot attach the secret: .*[^.]$/,
    });
    if (forged instanceof Secret) forged.close();
  });
}

test("a ticket of the wrong length is refused", () => {
  using secret = four();
  for (const length of [0, 3, 5, 0xffffffff]) {
    assert.throws(() => Secret.attach({ ...secret.share(), length }), TypeError);
  }
});
