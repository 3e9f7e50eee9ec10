import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { capabilities, Secret, type SecretOptions, stats } from "../mod.ts";
import { lockableBytes } from "./support/host.ts";
import { neverSealed } from "./support/kind.ts";
import { MISSING, withNothingMissing } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

const PAGE = capabilities().pageSize;
const MIB = 2 ** 20;
const SIZES = [1, 15, 16, 31, 32, 33, 63, 64, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, MIB];

/** Bytes in which each differs from its neighbours, and pages from each other. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index * 31 + (index >> 8) + 7;
  return bytes;
}

/** Compared as a Buffer: deepEqual on a MiB takes seconds on some runtimes. */
function holds(secret: Secret, expected: Uint8Array): boolean {
  return secret.withBytes((bytes) => Buffer.compare(bytes, expected)) === 0;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

for (const size of SIZES) {
  test(`\`Secret.from()\` holds exactly ${size} bytes and wipes the source`, () => {
    const source = pattern(size);
    using secret = Secret.from(source);
    assert.equal(secret.length, size);
    assert.ok(isZero(source));
    assert.ok(holds(secret, pattern(size)));
  });

  test(`\`Secret.fill()\` hands out ${size} zero bytes and keeps what is written`, () => {
    let zero = false;
    let length = 0;
    using secret = Secret.fill(size, (bytes) => {
      zero = isZero(bytes);
      length = bytes.length;
      bytes.set(pattern(size));
    });
    assert.ok(zero);
    assert.equal(length, size);
    assert.equal(secret.length, size);
    assert.ok(holds(secret, pattern(size)));
  });

  test(`\`Secret.random()\` makes ${size} bytes`, () => {
    using secret = Secret.random(size);
    assert.equal(secret.length, size);
    assert.equal(secret.withBytes((bytes) => bytes.length), size);
  });

  test(`\`Secret.fromString()\` makes ${size} bytes of as many characters`, () => {
    using secret = Secret.fromString("x".repeat(size));
    assert.ok(holds(secret, new Uint8Array(size).fill(0x78)));
  });
}

test("a secret of 64 MiB holds its first, last and middle bytes", {
  skip: neverSealed("a pool that seals has 1 MiB of pages") ||
    unless("memlock", lockableBytes() >= 130 * MIB, "RLIMIT_MEMLOCK is below 130 MiB"),
}, () => {
  const size = 64 * MIB;
  const source = new Uint8Array(size).fill(0xa5);
  source[size / 2] = 1;
  source[size - 1] = 2;
  using secret = Secret.from(source);
  assert.equal(secret.withBytes((bytes) => bytes.length), size);
  assert.deepEqual(
    secret.withBytes((bytes) => [bytes[0], bytes[size / 2], bytes[size - 1], bytes[size - 2]]),
    [0xa5, 1, 2, 0xa5],
  );
  assert.equal(Buffer.compare(source, Buffer.alloc(size)), 0);
});

test("two random secrets differ, and no byte position is stuck", () => {
  using first = Secret.random(64);
  using second = Secret.random(64);
  assert.equal(first.equals(second), false);
  const seen = new Uint8Array(64);
  for (let round = 0; round < 64; round++) {
    using secret = Secret.random(64);
    secret.withBytes((bytes) => bytes.forEach((byte, index) => seen[index]! |= byte));
  }
  // A bit is 0 in all of 64 rounds with a probability of 2^-64.
  assert.deepEqual([...seen], new Array(64).fill(0xff));
});

test("zeros survive: all, first, last and in between", () => {
  for (const bytes of [[0, 0, 0, 0], [0, 1, 2, 0], [1, 0, 0, 2]]) {
    using secret = Secret.from(new Uint8Array(bytes));
    assert.deepEqual(secret.withBytes((view) => [...view]), bytes);
  }
});

const TEXTS: readonly (readonly [string, string, string])[] = [
  ["ASCII", "correct horse", "636f727265637420686f727365"],
  ["two bytes a character", "é߿", "c3a9dfbf"],
  ["three bytes a character", "ࠀ€\uffff", "e0a080e282acefbfbf"],
  ["emoji, four bytes", "🔑", "f09f9491"],
  ["a family of emoji", "👩‍👧", "f09f91a9e2808df09f91a7"],
  ["the last code point", "\u{10ffff}", "f48fbfbf"],
  ["NUL", "\0a\0", "006100"],
  ["a lone high surrogate", "a\ud800b", "61efbfbd62"],
  ["a lone low surrogate", "\udc00", "efbfbd"],
  ["a high surrogate at the end", "a\udbff", "61efbfbd"],
  ["surrogates in the wrong order", "\udc00\ud800", "efbfbdefbfbd"],
  ["a high surrogate before a character of two bytes", "\ud800é", "efbfbdc3a9"],
  ["two low surrogates", "\udc00\udc00", "efbfbdefbfbd"],
  ["a low surrogate after another character", "€\udc00", "e282acefbfbd"],
  [
    "a high surrogate before the first character after all surrogates",
    "\ud800\ue000",
    "efbfbdee8080",
  ],
  ["two high surrogates, then a low one", "\ud83d\ud83d\udd11", "efbfbdf09f9491"],
];

for (const [name, text, hex] of TEXTS) {
  test(`\`Secret.fromString()\` encodes ${name} as UTF-8`, () => {
    using secret = Secret.fromString(text);
    assert.equal(secret.withBytes((bytes) => Buffer.from(bytes).toString("hex")), hex);
    assert.equal(secret.length, hex.length / 2);
  });
}

test("`Secret.fromString()` encodes strings of every make, across pages too", () => {
  const rope = "abc".repeat(3) + String(Math.PI) + "é€🔑";
  const texts = [
    rope,
    rope.slice(1),
    (rope + rope).slice(5),
    "é".repeat(PAGE),
    `${"€".repeat(PAGE)}x`,
    `${"a".repeat(PAGE - 1)}🔑`,
    [..."abcé"].join(""),
  ];
  for (const text of texts) {
    using secret = Secret.fromString(text);
    assert.ok(holds(secret, Buffer.from(text)));
  }
});

test("`Secret.from()` takes bytes in a WebAssembly memory and wipes just these", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const all = new Uint8Array(memory.buffer).fill(9);
  using secret = Secret.from(all.subarray(100, 104));
  assert.ok(holds(secret, new Uint8Array(4).fill(9)));
  assert.deepEqual([...all.subarray(98, 106)], [9, 9, 0, 0, 0, 0, 9, 9]);
});

test("`Secret.from()` takes an ArrayBuffer and wipes all of it", () => {
  const source = pattern(100).buffer;
  using secret = Secret.from(source);
  assert.ok(holds(secret, pattern(100)));
  assert.ok(isZero(new Uint8Array(source)));
});

test("`Secret.from()` wipes a slice of a Buffer and nothing beside it", () => {
  const whole = Buffer.from("before|SECRET|after");
  using secret = Secret.from(whole.subarray(7, 13));
  assert.ok(holds(secret, Buffer.from("SECRET")));
  assert.equal(whole.toString("latin1"), "before|\0\0\0\0\0\0|after");
});

test("`Secret.from()` takes a source of a resizable buffer", () => {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  new Uint8Array(buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
  using secret = Secret.from(new Uint8Array(buffer, 2, 4));
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [3, 4, 5, 6]);
  assert.deepEqual([...new Uint8Array(buffer)], [1, 2, 0, 0, 0, 0, 7, 8]);
});

const FAILING: readonly (readonly [string, SecretOptions])[] = [
  ["a wrong option", { alignment: 24 }],
  ["an option of the wrong type", { label: 5 as never }],
  ["a missing rung", MISSING ?? {}],
];

for (const [name, options] of FAILING) {
  test(`\`Secret.from()\` leaves the source as it is when ${name} makes it fail`, {
    skip: Object.keys(options).length === 0 && withNothingMissing(),
  }, () => {
    const source = pattern(32);
    const before = stats();
    assert.throws(() => Secret.from(source, options));
    assert.deepEqual(source, pattern(32));
    assert.equal(stats().allocated, before.allocated);
  });
}

test("creating counts one secret as allocated and in use, closing one as out of use", () => {
  const before = stats();
  const secret = Secret.random(32);
  assert.equal(stats().allocated - before.allocated, 1);
  assert.equal(stats().inUse - before.inUse, 1);
  secret.close();
  assert.equal(stats().allocated - before.allocated, 1);
  assert.equal(stats().inUse, before.inUse);
});

test("twenty secrets are in use together and hold their own bytes", () => {
  const before = stats();
  const secrets = Array.from({ length: 20 }, (_, index) => Secret.from(new Uint8Array([index])));
  assert.equal(stats().inUse - before.inUse, 20);
  secrets.forEach((secret, index) => assert.ok(holds(secret, new Uint8Array([index]))));
  for (const secret of secrets) secret.close();
  assert.equal(stats().inUse, before.inUse);
});
