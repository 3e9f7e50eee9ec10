import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, configure, Secret, SecretFactory, type SecretOptions } from "../mod.ts";
import { addressOf } from "./support/memory.ts";
import { AUTO, MISSING, missing, RUNGS, type Rungs, withNothingMissing } from "./support/rungs.ts";

const PAGE = capabilities().pageSize;

type Kind = typeof TypeError | typeof RangeError;

const WRONG: readonly (readonly [string, object, Kind])[] = [
  ["a store that does not exist", { store: "mlock" }, TypeError],
  ["a store in capitals", { store: "LOCKED" }, TypeError],
  ["an empty store", { store: "" }, TypeError],
  ["a store that is null", { store: null }, TypeError],
  ["a store that is a number", { store: 1 }, TypeError],
  ["a store that is an array", { store: ["locked"] }, TypeError],
  ["a gate that does not exist", { gate: "mpk" }, TypeError],
  ["an empty gate", { gate: "" }, TypeError],
  ["a gate that is null", { gate: null }, TypeError],
  ["a gate that is a boolean", { gate: true }, TypeError],
  ["allowUnlocked as text", { allowUnlocked: "false" }, TypeError],
  ["allowUnlocked as number", { allowUnlocked: 1 }, TypeError],
  ["allowUnlocked null", { allowUnlocked: null }, TypeError],
  ["revokeViews as text", { revokeViews: "true" }, TypeError],
  ["revokeViews null", { revokeViews: null }, TypeError],
  ["a label that is a number", { label: 5 }, TypeError],
  ["a label that is null", { label: null }, TypeError],
  ["a label that is bytes", { label: new Uint8Array(4) }, TypeError],
  ["an alignment as text", { alignment: "16" }, TypeError],
  ["an alignment that is a bigint", { alignment: 16n }, TypeError],
  ["an alignment that is null", { alignment: null }, TypeError],
  ...[0, -16, 1, 2, 4, 8, 15, 17, 24, 48, 16.5, NaN, -Infinity].map((alignment) =>
    [`an alignment of ${alignment}`, { alignment }, RangeError] as const
  ),
];

/** Powers of two beyond the page size; and what is not a size at all. */
const TOO_LARGE = [2 * PAGE, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 53, Infinity];

for (const [name, options, kind] of WRONG) {
  test(`${name} is a ${kind.name} for secrets, factories and \`configure()\``, () => {
    const check = (error: Error) => {
      assert.equal(error.constructor, kind, `${error}`);
      assert.match(error.message, /^Cannot .*[^.]$/);
      return true;
    };
    assert.throws(() => Secret.random(16, options as SecretOptions), check);
    assert.throws(() => new SecretFactory(options as SecretOptions), check);
    assert.throws(() => configure(options as SecretOptions), check);
    // What was refused was not kept.
    using secret = Secret.random(16);
    assert.equal(secret.withBytes(addressOf) % 16n, 0n);
  });
}

for (const alignment of TOO_LARGE) {
  test(`an alignment of ${alignment} is a RangeError for secrets and factories`, () => {
    assert.throws(() => Secret.random(16, { alignment }), RangeError);
    assert.throws(() => new SecretFactory({ alignment }), RangeError);
  });
}

test("`configure()` refuses what is not options", () => {
  for (const value of [undefined, null, 1, "store", () => {}]) {
    assert.throws(() => configure(value as never), TypeError);
  }
  assert.throws(() => configure({ onLeak: "log" as never }), TypeError);
  assert.throws(() => configure({ onLeak: null as never }), TypeError);
});

test("options that are `undefined` are options not given", () => {
  const options = {
    store: undefined,
    gate: undefined,
    allowUnlocked: undefined,
    alignment: undefined,
    revokeViews: undefined,
    label: undefined,
  };
  using secret = Secret.random(16, options);
  assert.equal(secret.length, 16);
  configure(options);
  using other = new SecretFactory(options).random(16);
  assert.equal(other.length, 16);
});

test("a rung that is missing is unsupported when it is required, and the error names it", {
  skip: withNothingMissing(),
}, () => {
  const options = missing();
  const [rung] = Object.values(MISSING ?? {});
  const expected = {
    name: "UnsupportedError",
    code: "UNSUPPORTED",
    message: new RegExp(`^Cannot .*"${rung}" is required`),
  };
  assert.throws(() => Secret.random(16, options), expected);
  assert.throws(() => Secret.fill(16, () => assert.fail("called"), options), expected);
  assert.throws(() => Secret.fromString("text", options), expected);
  assert.throws(() => new SecretFactory(options), expected);
});

test("the rungs that are there can be required, and hold", () => {
  const required: readonly (readonly [SecretOptions, Rungs])[] = [
    ...RUNGS.map((rungs) => [rungs, rungs] as const),
    [{ store: "locked" }, { ...AUTO, store: "locked" }],
    [{ store: "locked", gate: "auto" }, { ...AUTO, store: "locked" }],
  ];
  for (const [options, { store, gate }] of required) {
    for (const length of [16, 3 * PAGE]) {
      using secret = Secret.random(length, options);
      const status = secret.status();
      assert.deepEqual([status.store, status.gate], [store, gate], JSON.stringify(options));
    }
  }
});

test("`capabilities()` agrees with what can be required", () => {
  const { stores, gates } = capabilities();
  const works = (options: SecretOptions) => {
    try {
      Secret.random(1, options).close();
      return true;
    } catch {
      return false;
    }
  };
  for (const store of ["secretmem", "locked"] as const) {
    assert.equal(stores[store].available, works({ store }), store);
    assert.equal(stores[store].reason === undefined, works({ store }), store);
  }
  for (const gate of ["pkey", "mprotect"] as const) {
    assert.equal(gates[gate].available, works({ gate }), gate);
    assert.equal(gates[gate].reason === undefined, works({ gate }), gate);
  }
});

test("an option of an unknown name is a TypeError that names it", () => {
  const typo = { stores: "locked" } as unknown as SecretOptions;
  assert.throws(() => Secret.random(1, typo), { name: "TypeError", message: /stores/ });
  assert.throws(() => configure(typo), { name: "TypeError", message: /stores/ });
});

test("an alignment beyond every page size is refused by `configure()` already", () => {
  for (const alignment of [131072, Infinity, 2 ** 40]) {
    assert.throws(() => configure({ alignment }), RangeError);
  }
});

test("`configure()` takes an idle timeout of 2 to 60,000 milliseconds and nothing else", () => {
  for (const idleTimeout of [0, 1, -100, 60_001, Infinity, NaN]) {
    assert.throws(() => configure({ idleTimeout }), RangeError, `${idleTimeout}`);
  }
  for (const idleTimeout of ["100", null, 100n, true]) {
    assert.throws(() => configure({ idleTimeout: idleTimeout as never }), TypeError);
  }
  for (const idleTimeout of [2, 99.5, 60_000, undefined]) configure({ idleTimeout });
});

test("`configure()` takes an option back that is undefined", () => {
  configure({ revokeViews: true });
  configure({ revokeViews: undefined });
  let kept: Uint8Array | undefined;
  using secret = Secret.random(8);
  secret.withBytes((bytes) => void (kept = bytes));
  assert.equal(kept?.byteLength, 8);
});
