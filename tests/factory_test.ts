import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretFactory, type SecretOptions, stats } from "../mod.ts";
import { addressOf } from "./support/memory.ts";
import { missing, withNothingMissing } from "./support/rungs.ts";

const ALIGNED = 256n;

test("a factory makes secrets as the statics do", () => {
  const factory = new SecretFactory();
  const source = new Uint8Array([1, 2, 3]);
  using from = factory.from(source);
  using text = factory.fromString("é");
  using random = factory.random(33);
  using filled = factory.fill(2, (bytes) => void bytes.fill(7));
  using key = factory.fromPassword(text, { nonce: new Uint8Array(8), memory: 32, length: 5 });
  assert.equal(key.length, 5);
  assert.deepEqual([...source], [0, 0, 0]);
  assert.deepEqual(from.withBytes((bytes) => [...bytes]), [1, 2, 3]);
  assert.deepEqual(text.withBytes((bytes) => [...bytes]), [0xc3, 0xa9]);
  assert.equal(random.length, 33);
  assert.deepEqual(filled.withBytes((bytes) => [...bytes]), [7, 7]);
  for (const secret of [from, text, random, filled, key]) assert.ok(secret instanceof Secret);
});

test("every secret of a factory gets its options", () => {
  const factory = new SecretFactory({ alignment: 256 });
  const secrets = [
    factory.from(new Uint8Array([1])),
    factory.fromString("a"),
    factory.random(1),
    factory.fill(1, () => {}),
  ];
  secrets.push(
    factory.fromPassword(secrets[1] as Secret, { nonce: new Uint8Array(8), memory: 32 }),
  );
  for (const secret of secrets) {
    assert.equal(secret.withBytes(addressOf) % ALIGNED, 0n);
    secret.close();
  }
});

test("options of a call win over the factory's, one by one", () => {
  const factory = new SecretFactory({ alignment: 256, revokeViews: true });
  using secret = factory.random(1, { alignment: 16 });
  let kept: Uint8Array | undefined;
  const address = secret.withBytes((bytes) => {
    kept = bytes;
    return addressOf(bytes);
  });
  assert.notEqual(address % ALIGNED, 0n);
  assert.equal(kept?.byteLength, 0);
});

test("an option of a call that is `undefined` leaves the factory's", () => {
  const factory = new SecretFactory({ alignment: 256 });
  using secret = factory.random(1, { alignment: undefined });
  assert.equal(secret.withBytes(addressOf) % ALIGNED, 0n);
});

test("a factory checks the options of a call as the statics do", () => {
  const factory = new SecretFactory({ label: "keys" });
  for (const options of [null, 1, "text", true]) {
    const given = options as unknown as SecretOptions;
    assert.throws(() => factory.random(16, given), TypeError, `${options}`);
    assert.throws(() => factory.from(new Uint8Array(4), given), TypeError, `${options}`);
    assert.throws(() => factory.fromString("text", given), TypeError, `${options}`);
    assert.throws(() => factory.fill(4, () => {}, given), TypeError, `${options}`);
  }
  assert.throws(() => factory.random(16, { alignment: 3 }), RangeError);
});

test("a factory refuses a missing rung when it is made, and in the options of a call", {
  skip: withNothingMissing(),
}, () => {
  assert.throws(() => new SecretFactory(missing()), { code: "UNSUPPORTED" });
  assert.throws(() => new SecretFactory().random(16, missing()), { code: "UNSUPPORTED" });
});

test("a factory checks its arguments as the statics do", () => {
  const factory = new SecretFactory();
  assert.throws(() => factory.random(0), RangeError);
  assert.throws(() => factory.random("4" as never), TypeError);
  assert.throws(() => factory.from(new Uint8Array(0)), RangeError);
  assert.throws(() => factory.fromString(""), RangeError);
  assert.throws(() => factory.fill(4, undefined as never), TypeError);
});

test("changing the options object afterwards changes nothing", () => {
  const options: SecretOptions = { alignment: 256 };
  const factory = new SecretFactory(options);
  options.alignment = 3;
  using secret = factory.random(1);
  assert.equal(secret.withBytes(addressOf) % ALIGNED, 0n);
});

test("a factory refuses options that are none", () => {
  for (const options of [null, 1, "text", true]) {
    assert.throws(() => new SecretFactory(options as unknown as SecretOptions), TypeError);
  }
});

test("two factories do not know of each other; making one makes no secret", () => {
  const before = stats();
  const strict = new SecretFactory({ alignment: 256 });
  const plain = new SecretFactory({ alignment: 16 });
  assert.equal(stats().allocated, before.allocated);
  using one = strict.random(1);
  using other = plain.random(1);
  assert.equal(one.withBytes(addressOf) % ALIGNED, 0n);
  assert.notEqual(other.withBytes(addressOf) % ALIGNED, 0n);
});
