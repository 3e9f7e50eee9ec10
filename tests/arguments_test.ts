import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, stats } from "../mod.ts";

/** Values that are of no use anywhere in this library; names are for the test's title. */
const NEVER: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a boolean", true],
  ["a bigint", 32n],
  ["a symbol", Symbol("s")],
  ["an object", {}],
  ["an array", [1, 2, 3]],
];

/** Makes nothing, throws an error of just this class, and says so in a decent message. */
function refuses(make: () => unknown, kind: typeof TypeError | typeof RangeError): void {
  const before = stats();
  assert.throws(make, (error: Error) => {
    assert.equal(error.constructor, kind, `${error}`);
    assert.match(error.message, /^Cannot .*[^.]$/);
    return true;
  });
  assert.equal(stats().allocated, before.allocated);
  assert.equal(stats().inUse, before.inUse);
}

const LENGTHS: readonly (readonly [string, unknown, typeof TypeError | typeof RangeError])[] = [
  ["0", 0, RangeError],
  ["-0", -0, RangeError],
  ["-1", -1, RangeError],
  ["1.5", 1.5, RangeError],
  ["NaN", NaN, RangeError],
  ["Infinity", Infinity, RangeError],
  ["2^32", 2 ** 32, RangeError],
  ["2^32 + 1", 2 ** 32 + 1, RangeError],
  ["2^53", 2 ** 53, RangeError],
  ["2^62", 2 ** 62, RangeError],
  ["a numeric string", "32", TypeError],
  ["a number object", Object(32), TypeError],
  ["a function", () => 32, TypeError],
  ...NEVER.map(([name, value]) => [name, value, TypeError] as const),
];

for (const [name, length, kind] of LENGTHS) {
  test(`a length of ${name} is a ${kind.name} for \`random()\` and \`fill()\``, () => {
    let called = false;
    refuses(() => Secret.random(length as number), kind);
    refuses(() => Secret.fill(length as number, () => void (called = true)), kind);
    assert.equal(called, false);
  });
}

const SOURCES: readonly (readonly [string, unknown, typeof TypeError | typeof RangeError])[] = [
  ["an empty Uint8Array", new Uint8Array(0), RangeError],
  ["an empty ArrayBuffer", new ArrayBuffer(0), RangeError],
  ["a string", "secret", TypeError],
  ["a number", 32, TypeError],
  ["a Uint8ClampedArray", new Uint8ClampedArray(4), TypeError],
  ["an Int8Array", new Int8Array(4), TypeError],
  ["a Uint16Array", new Uint16Array(4), TypeError],
  ["a DataView", new DataView(new ArrayBuffer(4)), TypeError],
  ["a SharedArrayBuffer", new SharedArrayBuffer(4), TypeError],
  ["a Uint8Array over shared memory", new Uint8Array(new SharedArrayBuffer(4)), TypeError],
  ["an array-like object", { length: 4, 0: 1 }, TypeError],
  ["an imitation of a Uint8Array", Object.create(Uint8Array.prototype), TypeError],
  ...NEVER.map(([name, value]) => [name, value, TypeError] as const),
];

for (const [name, source, kind] of SOURCES) {
  test(`a source that is ${name} is a ${kind.name} for \`from()\``, () => {
    if (name.startsWith("an imitation")) {
      // Its accessors throw: an error of the engine's, but the right class.
      assert.throws(() => Secret.from(source as Uint8Array), TypeError);
    } else {
      refuses(() => Secret.from(source as Uint8Array), kind);
    }
  });
}

test("a source over shared memory is left as it is", () => {
  const source = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
  assert.throws(() => Secret.from(source), /shared memory/);
  assert.deepEqual([...source], [7, 7, 7, 7]);
});

test("a source whose buffer was transferred away is refused", () => {
  const source = new Uint8Array(4);
  const buffer = source.buffer;
  structuredClone(buffer, { transfer: [buffer] });
  assert.throws(() => Secret.from(source), RangeError);
  assert.throws(() => Secret.from(buffer), TypeError);
});

const STRINGS: readonly (readonly [string, unknown, typeof TypeError | typeof RangeError])[] = [
  ["an empty string", "", RangeError],
  ["a string object", Object("secret"), TypeError],
  ["a number", 32, TypeError],
  ["bytes", new Uint8Array(4), TypeError],
  ...NEVER.map(([name, value]) => [name, value, TypeError] as const),
];

for (const [name, text, kind] of STRINGS) {
  test(`a text that is ${name} is a ${kind.name} for \`fromString()\``, () => {
    refuses(() => Secret.fromString(text as string), kind);
  });
}

for (const [name, value] of [...NEVER, ["a string", "fn"], ["a number", 1]] as const) {
  test(`a callback that is ${name} is a TypeError, and no window opens`, async () => {
    using secret = Secret.random(16);
    const fn = value as () => void;
    refuses(() => Secret.fill(16, fn), TypeError);
    refuses(() => secret.withBytes(fn), TypeError);
    refuses(() => secret.update(fn), TypeError);
    await assert.rejects(secret.withBytesAsync(fn), TypeError);
    assert.equal(secret.status().protection, "none");
    // Nested, where checks might be left out for speed.
    secret.withBytes(() => refuses(() => secret.withBytes(fn), TypeError));
    assert.equal(secret.status().protection, "none");
  });
}

for (const [name, value] of [...NEVER.slice(1), ["a string", "secret"]] as const) {
  if (name === "an object" || name === "an array") continue;
  test(`options that are ${name} are a TypeError for every constructor and \`copy()\``, () => {
    const options = value as never;
    const source = new Uint8Array([1, 2, 3]);
    using secret = Secret.random(16);
    refuses(() => Secret.from(source, options), TypeError);
    refuses(() => Secret.fromString("text", options), TypeError);
    refuses(() => Secret.random(16, options), TypeError);
    refuses(() => Secret.fill(16, () => {}, options), TypeError);
    refuses(() => secret.copy(options), TypeError);
    assert.deepEqual([...source], [1, 2, 3]);
  });
}

test("a Secret cannot be constructed directly", () => {
  const Constructor = Secret as unknown as new (argument?: unknown) => Secret;
  refuses(() => new Constructor(), TypeError);
  refuses(() => new Constructor({ handle: 1, length: 32 }), TypeError);
});

test("methods refuse a receiver that is not a Secret", () => {
  const imitation = Object.create(Secret.prototype) as Secret;
  assert.throws(() => imitation.length, TypeError);
  assert.throws(() => imitation.withBytes(() => 1), TypeError);
  assert.throws(() => imitation.close(), TypeError);
});
