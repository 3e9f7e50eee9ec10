import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, configure, type PoolOptions, SecretPool, UnsupportedError } from "../mod.ts";
import { addressOf } from "./support/memory.ts";
import { missing, RUNGS, withNothingMissing } from "./support/rungs.ts";

const PAGE = capabilities().pageSize;

test("what is no option of a pool is refused", () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [null, /they must be an object, current value is null/],
    ["seal", /they must be an object/],
    [{ size: 3 }, /option size: there is none/],
    [{ alignment: 32 }, /option alignment: there is none/],
    [{ diagnostics: true }, /option diagnostics: there is none/],
    [
      { onPressure: "encrypt" },
      /onPressure: it must be one of error, seal, current value is "encrypt"/,
    ],
    [{ onPressure: true }, /onPressure/],
    [{ hotBytes: "4096" }, /hotBytes: it must be a number/],
    [{ hotBytes: 4096n }, /hotBytes: it must be a number/],
    [{ store: "heap" }, /store/],
    [{ gate: 1 }, /gate/],
    [{ allowUnlocked: 1 }, /allowUnlocked/],
    [{ revokeViews: "no" }, /revokeViews/],
    [{ label: 7 }, /label/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => new SecretPool(options as PoolOptions),
      (error) => error instanceof TypeError && message.test(error.message),
      `${message}`,
    );
  }
  for (const hotBytes of [0, -1, 1.5, NaN, Infinity, 2 ** 32]) {
    assert.throws(() => new SecretPool({ hotBytes }), RangeError, `${hotBytes}`);
  }
});

test("an option that is undefined is as one that is not given", () => {
  using pool = new SecretPool({
    ...{ onPressure: undefined, hotBytes: undefined, label: undefined, store: undefined },
  });
  assert.equal(`${pool}`, "SecretPool");
  using secret = pool.random(4);
  assert.equal(secret.length, 4);
});

test("lengths and sources are checked as everywhere", () => {
  using pool = new SecretPool();
  for (const length of [0, -1, 1.5, NaN, 2 ** 32]) {
    assert.throws(() => pool.random(length), RangeError, `${length}`);
    assert.throws(() => pool.fill(length, () => {}), RangeError, `${length}`);
  }
  assert.throws(() => pool.random("1" as unknown as number), TypeError);
  assert.throws(() => pool.from(new Uint8Array()), RangeError);
  assert.throws(() => pool.from("text" as unknown as Uint8Array), TypeError);
  assert.throws(() => pool.fromString(""), RangeError);
  assert.throws(() => pool.fromString(1 as unknown as string), TypeError);
  assert.throws(() => pool.fill(1, undefined as unknown as () => void), TypeError);
  assert.throws(() => pool.fill(1, (async () => {}) as unknown as () => void), TypeError);
  assert.throws(() => SecretPool.attach({} as never), TypeError);
  assert.equal(pool.stats().secrets, 0);
});

for (const rungs of RUNGS) {
  test(`a pool's secrets have the rungs that it asks for (${rungs.store}, ${rungs.gate})`, () => {
    for (const onPressure of ["error", "seal"] as const) {
      using pool = new SecretPool({ ...rungs, onPressure });
      using secret = pool.random(32);
      const { store, gate, locked, guarded, pooled } = secret.status();
      assert.deepEqual({ store, gate, locked, guarded, pooled }, {
        ...rungs,
        ...{ locked: true, guarded: true, pooled: true },
      });
    }
  });
}

test("a rung that is missing is refused when the pool is made", {
  skip: withNothingMissing(),
}, () => {
  assert.throws(() => new SecretPool(missing() as PoolOptions), UnsupportedError);
});

test("`configure()` holds for pools that are made afterwards", () => {
  configure({ revokeViews: true, label: "configured" });
  try {
    using pool = new SecretPool();
    assert.equal(`${pool}`, "SecretPool(configured)");
    using secret = pool.random(4);
    let kept: Uint8Array | undefined;
    secret.withBytes((bytes) => void (kept = bytes));
    assert.equal(kept?.length, 0);
  } finally {
    configure({ revokeViews: undefined, label: undefined });
  }
});

test("`hotBytes` is rounded to pages, of which there is one", () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: 1 });
  for (let index = 0; index < 500; index++) pool.random(32).withBytes(() => {});
  assert.equal(pool.stats().lockedBytes, PAGE);
});

test("bytes of a pool's secret are aligned to 16", () => {
  using pool = new SecretPool();
  for (const length of [1, 17, 33, 100, 1024]) {
    for (let index = 0; index < 5; index++) {
      const address = pool.random(length).withBytes((bytes) => addressOf(bytes));
      assert.equal(address % 16n, 0n, `${length} bytes at ${address}`);
    }
  }
});
