/**
 * The life cycle of an enclave: sealing, opening, closing, and what is refused.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  capabilities,
  CorruptionError,
  Enclave,
  purge,
  Secret,
  SecretBusyError,
  SecretClosedError,
  SecretPool,
  stats,
} from "../mod.ts";
import { testOnGates as test } from "./support/rungs.ts";
import { addressOf, bytesAt } from "./support/memory.ts";
import { withCache } from "./support/enclaves.ts";

const PAGE = capabilities().pageSize;

/** What it holds, as a copy. */
const read = (enclave: Enclave) => enclave.withBytes((bytes) => [...bytes]);

test("`seal` takes a secret: it is closed, and its bytes are in the enclave", () => {
  const before = stats();
  const secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  using enclave = Enclave.seal(secret);
  assert.equal(secret.isClosed, true);
  assert.throws(() => secret.withBytes(() => 0), SecretClosedError);
  assert.equal(enclave.length, 4);
  assert.equal(enclave.isClosed, false);
  assert.deepEqual(read(enclave), [1, 2, 3, 4]);
  assert.equal(stats().sealed, before.sealed + 1);
  assert.ok(stats().sealedBytes >= before.sealedBytes + 4 + 16);
});

test("`seal` takes bytes, and wipes them", () => {
  for (const length of [1, 4, 15, 16, 17, 1000, 1024, 1025, PAGE, PAGE + 1, 100_000]) {
    const source = new Uint8Array(length).map((_, index) => index * 7 + 1);
    const copy = [...source];
    using enclave = Enclave.seal(source);
    assert.ok(source.every((byte) => byte === 0), `${length}`);
    assert.equal(enclave.length, length);
    assert.deepEqual(read(enclave), copy);
    assert.deepEqual(read(enclave), copy);
  }
});

test("`seal` takes a view of a part of a buffer, and wipes no more", () => {
  const whole = new Uint8Array([9, 1, 2, 3, 9]);
  using enclave = Enclave.seal(whole.subarray(1, 4));
  assert.deepEqual([...whole], [9, 0, 0, 0, 9]);
  assert.deepEqual(read(enclave), [1, 2, 3]);
});

test("`seal` takes a secret of a pool, asleep and awake", () => {
  for (const onPressure of ["error", "seal"] as const) {
    using pool = new SecretPool({ onPressure });
    const asleep = pool.from(new Uint8Array([1, 2, 3]));
    const awake = pool.from(new Uint8Array([4, 5, 6]));
    awake.withBytes((bytes) => bytes[0]);
    using first = Enclave.seal(asleep);
    using second = Enclave.seal(awake);
    assert.deepEqual([asleep.isClosed, awake.isClosed], [true, true]);
    assert.deepEqual([read(first), read(second)], [[1, 2, 3], [4, 5, 6]]);
    assert.throws(() => Enclave.seal(asleep), SecretClosedError);
    assert.equal(pool.stats().secrets, 0);
  }
});

test("a secret that is sealed inside its window is readable until the window's end", () => {
  const secret = Secret.from(new Uint8Array([1, 2, 3]));
  const enclave = secret.withBytes((bytes) => {
    const made = Enclave.seal(secret);
    assert.equal(secret.isClosed, true);
    assert.deepEqual([...bytes], [1, 2, 3]);
    return made;
  });
  assert.deepEqual(read(enclave), [1, 2, 3]);
  enclave.close();
});

test("a shared secret is sealed: it is closed for all who have it", () => {
  const secret = Secret.from(new Uint8Array([1, 2, 3]));
  const other = Secret.attach(secret.share());
  using enclave = Enclave.seal(other);
  assert.equal(secret.isClosed, true);
  assert.deepEqual(read(enclave), [1, 2, 3]);
});

test("a closed secret cannot be sealed, and one that is written to is busy", () => {
  const closed = Secret.random(4);
  closed.close();
  const before = stats();
  assert.throws(() => Enclave.seal(closed), {
    constructor: SecretClosedError,
    message: /^Cannot seal the secret: it is closed$/,
  });
  using secret = Secret.from(new Uint8Array([1, 2, 3]));
  secret.update((bytes) => {
    assert.throws(() => Enclave.seal(secret), {
      constructor: SecretBusyError,
      message: /^Cannot seal the secret: .*[^.]$/,
    });
    bytes[0] = 7;
  });
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [7, 2, 3]);
  assert.equal(stats().sealed, before.sealed);
});

const WRONG: readonly (readonly [string, unknown, typeof TypeError | typeof RangeError])[] = [
  ["undefined", undefined, TypeError],
  ["null", null, TypeError],
  ["a string", "secret", TypeError],
  ["a number", 32, TypeError],
  ["an array", [1, 2, 3], TypeError],
  ["an ArrayBuffer", new ArrayBuffer(4), TypeError],
  ["a Uint16Array", new Uint16Array(4), TypeError],
  ["a DataView", new DataView(new ArrayBuffer(4)), TypeError],
  ["no bytes", new Uint8Array(), RangeError],
  ["shared memory", new Uint8Array(new SharedArrayBuffer(4)), TypeError],
  ["an object like a secret", Object.create(Secret.prototype), TypeError],
];

for (const [name, source, kind] of WRONG) {
  test(`sealing ${name} is a ${kind.name}`, () => {
    const before = stats();
    assert.throws(() => Enclave.seal(source as Uint8Array), (error: Error) => {
      assert.equal(error.constructor, kind, `${error}`);
      return true;
    });
    assert.equal(stats().sealed, before.sealed);
  });
}

test("messages about the source say what was wanted and what came", () => {
  assert.throws(() => Enclave.seal("password" as never), {
    message: "Cannot seal the source: it must be a Secret or a Uint8Array, current value is string",
  });
  assert.throws(() => Enclave.seal(new Uint8Array()), {
    message: "Cannot seal the source: it must not be empty",
  });
});

test("a source that is refused is left as it is", () => {
  const source = new Uint8Array([1, 2, 3]);
  using secret = Secret.random(4);
  for (const options of [null, 1, "label", { label: 5 }, { labels: "x" }, { store: "locked" }]) {
    assert.throws(() => Enclave.seal(source, options as never), TypeError);
    assert.throws(() => Enclave.seal(secret, options as never), TypeError);
  }
  assert.deepEqual([...source], [1, 2, 3]);
  assert.equal(secret.isClosed, false);
});

test("a view of a secret is no source unless it can be wiped", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  secret.withBytes((bytes) => {
    assert.throws(() => Enclave.seal(bytes), { name: "TypeError", message: /view of a secret/ });
  });
  using enclave = secret.update((bytes) => Enclave.seal(bytes.subarray(0, 2)));
  assert.deepEqual(read(enclave), [1, 2]);
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [0, 0, 3, 4]);
});

test("options that are undefined are options not given, and a label shows nowhere else", () => {
  using first = Enclave.seal(new Uint8Array([1]), undefined);
  using second = Enclave.seal(new Uint8Array([1]), { label: undefined as never });
  using third = Enclave.seal(new Uint8Array([1]), { label: "key of the backups" });
  for (const enclave of [first, second, third]) assert.equal(`${enclave}`, "Enclave(1 byte)");
  assert.equal(third.share().label, "key of the backups");
  assert.equal(first.share().label, undefined);
});

test("an enclave is made by `seal` and `attach` alone", () => {
  const Constructor = Enclave as unknown as new (...given: unknown[]) => Enclave;
  assert.throws(() => new Constructor(), { name: "TypeError", message: /Enclave\.seal/ });
  assert.throws(() => new Constructor(1 << 30, { length: 4 }), TypeError);
});

test("`open` gives a secret of the same bytes, as often as it is asked for", () => {
  using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
  using first = enclave.open();
  using second = enclave.open({ alignment: 64, label: "opened" });
  assert.equal(first.equals(second), true);
  first.update((bytes) => void (bytes[0] = 9));
  assert.deepEqual(read(enclave), [1, 2, 3]);
  enclave.close();
  assert.deepEqual(second.withBytes((bytes) => [...bytes]), [1, 2, 3]);
});

test("`open` takes the options of a secret", () => {
  using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
  using locked = enclave.open({ store: "locked", gate: "mprotect" });
  const { store, gate, locked: isLocked } = locked.status();
  assert.deepEqual([store, gate, isLocked], ["locked", "mprotect", true]);
  assert.throws(() => enclave.open({ store: "disk" as never }), TypeError);
  assert.throws(() => enclave.open({ alignment: 3 }), RangeError);
});

test("`close` wipes the box, and every use after it is a SecretClosedError", async () => {
  const before = stats();
  const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
  enclave.withBytes((bytes) => bytes[0]);
  enclave.close();
  enclave.close();
  enclave[Symbol.dispose]();
  assert.equal(enclave.isClosed, true);
  assert.equal(enclave.length, 3);
  assert.equal(`${enclave}`, "Enclave(3 bytes)");
  assert.equal(stats().sealed, before.sealed);
  assert.equal(stats().sealedBytes, before.sealedBytes);
  const closed = {
    constructor: SecretClosedError,
    code: "SECRET_CLOSED",
    message: "Cannot use the enclave: it is closed",
  };
  assert.throws(() => enclave.withBytes(() => assert.fail("called")), closed);
  assert.throws(() => enclave.open(), closed);
  assert.throws(() => enclave.share(), closed);
  await assert.rejects(enclave.withBytesAsync(() => assert.fail("called")), closed);
});

test("`using` closes an enclave", () => {
  const before = stats().sealed;
  {
    using enclave = Enclave.seal(new Uint8Array([1]));
    assert.equal(enclave.isClosed, false);
    assert.equal(stats().sealed, before + 1);
  }
  assert.equal(stats().sealed, before);
});

test("a purge ends every enclave, those that are open beside their box too", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const cold = Enclave.seal(new Uint8Array([1, 2, 3]));
    const hot = Enclave.seal(new Uint8Array([1, 2, 3]));
    for (const _ of [1, 2, 3]) hot.withBytes((bytes) => bytes[0]);
    const ticket = cold.share();
    purge();
    assert.deepEqual([cold.isClosed, hot.isClosed], [true, true]);
    for (const enclave of [cold, hot]) {
      assert.throws(() => enclave.withBytes(() => 0), SecretClosedError);
      assert.throws(() => enclave.open(), SecretClosedError);
    }
    assert.throws(() => Enclave.attach(ticket), SecretClosedError);
    assert.deepEqual([stats().sealed, stats().inUse], [0, 0]);
    cold.close();
    hot.close();
    // The next ones have another key.
    using later = Enclave.seal(new Uint8Array([4, 5]));
    assert.deepEqual(read(later), [4, 5]);
    assert.deepEqual(read(later), [4, 5]);
    assert.deepEqual(read(later), [4, 5]);
  });
});

test("what is closed leaves room for as many again, and nothing is mixed up", () => {
  const made: Enclave[] = [];
  const before = stats();
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 2000; index++) {
      const bytes = new Uint8Array(8 + index % 3 * 16);
      new DataView(bytes.buffer).setUint32(0, round << 16 | index);
      made.push(Enclave.seal(bytes));
    }
    for (const [index, enclave] of made.entries()) {
      const number = enclave.withBytes((bytes) => new DataView(bytes.buffer).getUint32(0));
      assert.equal(number, round << 16 | index);
    }
    for (const enclave of made.splice(0)) enclave.close();
  }
  assert.equal(stats().sealed, before.sealed);
  assert.equal(stats().sealedBytes, before.sealedBytes);
  assert.equal(stats().leaked, before.leaked);
});

test("a secret with a damaged canary is not sealed: it is closed, and the damage reported", () => {
  const before = stats();
  const secret = Secret.random(32);
  secret.update((bytes) => {
    bytesAt(addressOf(bytes) - 1n, 1)[0]! ^= 1;
  });
  assert.throws(() => Enclave.seal(secret), CorruptionError);
  assert.equal(secret.isClosed, true);
  assert.deepEqual([stats().sealed, stats().inUse], [before.sealed, before.inUse]);
});
