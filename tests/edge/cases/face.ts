/** What is different about the edge: what it does not have, and says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  capabilities,
  configure,
  Secret,
  SecretFactory,
  SecretWriter,
  stats,
} from "../../../edge.ts";

const MISSING: readonly (readonly [string, () => unknown])[] = [
  ["attach", () => Secret.attach({})],
  ["fromEnv", () => Secret.fromEnv("NAME")],
  ["fromFile", () => Secret.fromFile("/path")],
  ["fromFd", () => Secret.fromFd(0)],
  ["prompt", () => Secret.prompt("Password: ")],
  ["share", () => Secret.random(1).share()],
  ["the store secretmem", () => Secret.random(1, { store: "secretmem" })],
  ["the store locked", () => Secret.random(1, { store: "locked" })],
  ["the gate pkey", () => Secret.random(1, { gate: "pkey" })],
  ["the gate mprotect", () => Secret.random(1, { gate: "mprotect" })],
  ["revokeViews", () => Secret.random(1, { revokeViews: true })],
  ["a factory with a rung", () => new SecretFactory({ store: "locked" })],
];

for (const [name, run] of MISSING) {
  test(`${name} is an UnsupportedError that says why`, () => {
    const { inUse } = stats();
    assert.throws(run, { code: "UNSUPPORTED", message: /^Cannot .*[^.]$/ });
    assert.ok(stats().inUse - inUse <= 1);
  });
}

test("a required rung of `configure` is refused for every secret, until it is taken back", () => {
  configure({ store: "locked" });
  try {
    assert.throws(() => Secret.random(1), { code: "UNSUPPORTED" });
    using secret = Secret.random(1, { store: "auto" });
    assert.equal(secret.length, 1);
  } finally {
    configure({ store: undefined });
  }
  using secret = Secret.random(1);
  assert.equal(secret.status().store, "wasm");
});

test("`capabilities` says what does not hold", () => {
  const told = capabilities();
  assert.equal(told.supported, true);
  assert.equal(told.reason, undefined);
  assert.equal(told.encryption.available, true);
  const absent = [
    told.stores.secretmem,
    told.stores.locked,
    told.gates.pkey,
    told.gates.mprotect,
    told.guards,
    told.dumpExclusion,
    told.isolation,
  ];
  for (const { available, reason } of absent) {
    assert.equal(available, false);
    assert.match(reason ?? "", /^[A-Za-z].{20,}[^.]$/);
  }
  assert.equal(told.probe?.locked, false);
  assert.equal(told.probe?.protection, "none");
  assert.ok(told.runtime !== undefined);
});

test("`capabilities` leaves no secret behind", () => {
  const { inUse } = stats();
  capabilities();
  assert.equal(stats().inUse, inUse);
});

test("a SecretWriter collects a stream, and wipes its chunks", async () => {
  const chunk = new Uint8Array([1, 2, 3]);
  using writer = new SecretWriter({ maxBytes: 8 });
  const out = writer.writable.getWriter();
  await out.write(chunk);
  await out.write(new Uint8Array([4, 5]));
  await out.close();
  using secret = await writer.secret;
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4, 5]);
  assert.deepEqual([...chunk], [0, 0, 0]);
});

test("a SecretWriter refuses more than it may take, and leaves nothing", async () => {
  const { inUse } = stats();
  using writer = new SecretWriter({ maxBytes: 2 });
  const out = writer.writable.getWriter();
  await assert.rejects(out.write(new Uint8Array(3)), { code: "SOURCE_FAILED" });
  await assert.rejects(writer.secret, { code: "SOURCE_FAILED" });
  assert.equal(stats().inUse, inUse);
});

test("a SecretWriter refuses a secret's own view", async () => {
  using secret = Secret.random(4);
  using writer = new SecretWriter();
  const out = writer.writable.getWriter();
  using opened = secret.open();
  await assert.rejects(out.write(opened.bytes), { name: "TypeError" });
});

test("a part of a view that is not writable is no source and no target", () => {
  using secret = Secret.random(16);
  using other = Secret.random(8);
  secret.withBytes((bytes) => {
    assert.throws(() => Secret.from(bytes.subarray(2, 4)), { name: "TypeError" });
    assert.throws(() => other.readInto(bytes.subarray(8)), { name: "TypeError" });
  });
  secret.update((bytes) => {
    assert.equal(other.readInto(bytes.subarray(8)), 8);
    using part = Secret.from(bytes.subarray(8));
    assert.equal(part.equals(other), true);
    assert.deepEqual([...bytes.subarray(8)], new Array(8).fill(0));
  });
});
