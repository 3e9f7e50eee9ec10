import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, Secret, stats } from "../mod.ts";
import { KIND } from "./support/kind.ts";
import { addressOf } from "./support/memory.ts";
import { missing, RUNGS, withNothingMissing } from "./support/rungs.ts";

const PAGE = capabilities().pageSize;

function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

test("`equals` is true for the same bytes, as Secret, Uint8Array or Buffer", () => {
  using a = four();
  using b = four();
  assert.equal(a.equals(b), true);
  assert.equal(b.equals(a), true);
  assert.equal(a.equals(a), true);
  assert.equal(a.equals(new Uint8Array([1, 2, 3, 4])), true);
  assert.equal(a.equals(new Uint8Array([0, 1, 2, 3, 4, 5]).subarray(1, 5)), true);
});

test("`equals` is false for different lengths, also an empty one and a prefix", () => {
  using a = four();
  using prefix = Secret.from(new Uint8Array([1, 2, 3]));
  assert.equal(a.equals(prefix), false);
  assert.equal(prefix.equals(a), false);
  assert.equal(a.equals(new Uint8Array(0)), false);
  assert.equal(a.equals(new Uint8Array([1, 2, 3])), false);
  assert.equal(a.equals(new Uint8Array([1, 2, 3, 4, 0])), false);
});

for (const length of [1, 15, 16, 31, 32, 33, 64, 100, PAGE, PAGE + 1]) {
  test(`\`equals\` sees a difference of one bit at every place of ${length} bytes`, () => {
    const bytes = new Uint8Array(length).fill(0x55);
    using secret = Secret.from(bytes.slice());
    assert.equal(secret.equals(bytes), true);
    // Every place of short secrets; of long ones the ends and some between.
    const step = length <= 100 ? 1 : 97;
    for (let index = 0; index < length; index += step) {
      const at = length - 1 - index;
      bytes[at]! ^= 1 << (index % 8);
      assert.equal(secret.equals(bytes), false, `${at}`);
      using other = Secret.from(bytes.slice());
      assert.equal(secret.equals(other), false, `${at}`);
      bytes[at]! ^= 1 << (index % 8);
    }
    assert.equal(secret.equals(bytes), true);
  });
}

test("`equals` takes bytes in shared memory", () => {
  using secret = four();
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  assert.equal(secret.equals(shared), false);
  shared.set([1, 2, 3, 4]);
  assert.equal(secret.equals(shared), true);
});

test("`equals` takes the view of another secret's window, and of its own", () => {
  using a = four();
  using b = four();
  assert.equal(b.withBytes((bytes) => a.equals(bytes)), true);
  assert.equal(a.withBytes((bytes) => a.equals(bytes)), true);
  assert.equal(a.withBytes((bytes) => a.equals(bytes.subarray(1))), false);
});

test("`equals` refuses what is neither Secret nor Uint8Array, before any window opens", () => {
  using secret = four();
  const values = [undefined, null, "1234", 1234, {}, [1, 2, 3, 4], new Uint16Array(2)];
  for (const value of [...values, new DataView(new ArrayBuffer(4)), new ArrayBuffer(4)]) {
    assert.throws(() => secret.equals(value as never), {
      name: "TypeError",
      message: /^Cannot compare the secret: .*[^.]$/,
    });
  }
  assert.equal(secret.status().protection, "none");
});

test("`equals` leaves both secrets closed, and does not change them", () => {
  using a = four();
  using b = four();
  a.equals(b);
  assert.equal(a.status().protection, "none");
  assert.equal(b.status().protection, "none");
  a.withBytes(() => {
    a.equals(b);
    assert.equal(a.status().protection, "read");
    assert.equal(b.status().protection, KIND === "own" ? "none" : "read");
  });
  assert.deepEqual(a.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("`copy` makes an independent secret of the same bytes on other pages", () => {
  for (const length of [1, 32, PAGE, PAGE + 1]) {
    using original = Secret.random(length);
    using copy = original.copy();
    assert.equal(copy.length, length);
    assert.equal(copy.equals(original), true);
    assert.notEqual(copy.withBytes(addressOf), original.withBytes(addressOf));
    copy.update((bytes) => void (bytes[0]! ^= 1));
    assert.equal(copy.equals(original), false);
  }
});

test("a copy lives on when the original is closed, and the other way round", () => {
  const original = four();
  const copy = original.copy();
  original.close();
  assert.deepEqual(copy.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  const second = copy.copy();
  second.close();
  assert.deepEqual(copy.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  copy.close();
});

test("`copy` takes options of its own", () => {
  using original = Secret.from(new Uint8Array([1, 2, 3, 4]), { revokeViews: true });
  using copy = original.copy({ alignment: 256 });
  assert.equal(copy.withBytes(addressOf) % 256n, 0n);
  let kept: Uint8Array | undefined;
  copy.withBytes((bytes) => void (kept = bytes));
  assert.equal(kept?.byteLength, 4);
});

test("`copy` with options that fail leaves the original closed and makes nothing", () => {
  using original = four();
  const before = stats();
  assert.throws(() => original.copy({ alignment: 3 }), RangeError);
  assert.equal(stats().allocated, before.allocated);
  assert.equal(original.status().protection, "none");
});

test("`copy` to a rung that is missing leaves the original closed and makes nothing", {
  skip: withNothingMissing(),
}, () => {
  using original = four();
  const before = stats();
  assert.throws(() => original.copy(missing()), { code: "UNSUPPORTED" });
  assert.equal(stats().allocated, before.allocated);
  assert.equal(original.status().protection, "none");
});

test("`copy` goes from every rung to every other", () => {
  for (const from of RUNGS) {
    for (const to of RUNGS) {
      using original = Secret.from(new Uint8Array([1, 2, 3, 4]), from);
      using copy = original.copy(to);
      const { store, gate } = copy.status();
      assert.deepEqual({ store, gate }, { ...to });
      assert.equal(copy.equals(original), true);
      assert.deepEqual(copy.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
      assert.deepEqual([original.status().protection, copy.status().protection], ["none", "none"]);
    }
  }
});

test("`copy` inside windows of the original works", () => {
  using original = four();
  const before = stats().inUse;
  original.withBytes(() => original.copy().close());
  original.update((bytes) => {
    bytes[0] = 9;
    using copy = original.copy();
    assert.equal(copy.withBytes((view) => view[0]), 9);
  });
  assert.equal(stats().inUse, before);
});
