/** What WebAssembly memory holds of secrets: all of it is looked through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CorruptionError, purge, Secret, stats } from "../../../edge.ts";
import { addressOf } from "../support/memory.ts";
import { count } from "../support/search.ts";

/** Bytes that are nowhere else; the array is the test's own. */
function unlikely(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  return bytes;
}

/** Bytes of a secret that the memory has no room for, and may get it. */
function tooLong(): number {
  const { memoryBytes, memoryLimitBytes } = stats();
  return Math.floor((memoryLimitBytes - memoryBytes) / 4);
}

for (const length of [8, 32, 1000, 100_000]) {
  test(`a secret of ${length} bytes is in the memory once in a window, and else nowhere`, async () => {
    const bytes = unlikely(length);
    const secret = Secret.from(bytes.slice());
    assert.equal(count(bytes), 0);
    secret.withBytes(() => {
      assert.equal(count(bytes), 1);
      secret.withBytes(() => assert.equal(count(bytes), 1));
      assert.equal(count(bytes), 1);
    });
    assert.equal(count(bytes), 0);
    await secret.withBytesAsync(async () => {
      await Promise.resolve();
      assert.equal(count(bytes), 1);
    });
    assert.equal(count(bytes), 0);
    {
      using _window = secret.open();
      assert.equal(count(bytes), 1);
    }
    const other = unlikely(length);
    secret.update((view) => view.set(other));
    assert.equal(count(bytes), 0);
    assert.equal(count(other), 0);
    secret.withBytes(() => {
      assert.equal(count(other), 1);
      secret.close();
      assert.equal(count(other), 1);
    });
    assert.equal(count(other), 0);
  });
}

test("nothing is left of copies, comparisons and strings", () => {
  const bytes = unlikely(64);
  using secret = Secret.from(bytes.slice());
  using copy = secret.copy();
  assert.equal(copy.equals(secret), true);
  assert.equal(secret.equals(bytes), true);
  assert.equal(secret.readInto(new Uint8Array(64)), 64);
  assert.equal(count(bytes), 0);
  using text = Secret.fromString("zQ7%kX9!wJ3#vB6");
  assert.equal(text.length, 15);
  assert.equal(count(new TextEncoder().encode("zQ7%kX9!wJ3#vB6")), 0);
  using inside = secret.open();
  // The control: the copy is there as well once it is open.
  copy.withBytes(() => assert.equal(count(bytes), 2));
  assert.equal(inside.bytes.length, 64);
});

test("a view that outlives its window shows ciphertext, and zeros after close", () => {
  const bytes = unlikely(32);
  const secret = Secret.from(bytes.slice());
  let view = new Uint8Array(0);
  secret.withBytes((inside) => void (view = inside as Uint8Array<ArrayBuffer>));
  const closed = view.slice();
  assert.equal(closed.length, 32);
  assert.ok(closed.filter((byte, index) => byte === bytes[index]).length < 8);
  // It stays as it is until something is written: a text has one ciphertext.
  secret.withBytes(() => assert.deepEqual([...view], [...bytes]));
  assert.deepEqual([...view], [...closed]);
  secret.update(() => {});
  assert.notDeepEqual([...view], [...closed]);
  secret.close();
  assert.deepEqual([...view], new Array(32).fill(0));
});

test("what is written in a read-only window is gone after it", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  secret.withBytes((bytes) => {
    bytes[0] = 99;
    assert.equal(bytes[0], 99);
  });
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  {
    using opened = secret.open();
    opened.bytes.fill(0);
  }
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("what is written outside of windows changes nothing", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  let view = new Uint8Array(0);
  secret.withBytes((inside) => void (view = inside as Uint8Array<ArrayBuffer>));
  view.fill(0);
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  view.fill(255);
  assert.equal(secret.equals(new Uint8Array([1, 2, 3, 4])), true);
});

for (const [name, place] of [["before", -1], ["behind", 32]] as const) {
  test(`a byte that was written ${name} a secret is a CorruptionError at close, and it is wiped`, () => {
    const bytes = unlikely(32);
    const secret = Secret.from(bytes.slice());
    let view = new Uint8Array(0);
    secret.withBytes((inside) => {
      view = inside as Uint8Array<ArrayBuffer>;
      const all = new Uint8Array(inside.buffer);
      all[inside.byteOffset + place] = (all[inside.byteOffset + place] as number) ^ 1;
    });
    assert.throws(() => secret.close(), (error) => error instanceof CorruptionError);
    assert.equal(secret.isClosed, true);
    assert.deepEqual([...view], new Array(32).fill(0));
  });
}

test("a block is used again, zeroed, and not at once", () => {
  const rounds = 200;
  const addresses: bigint[] = [];
  for (let round = 0; round < rounds; round++) {
    using _secret = Secret.fill(64, (bytes) => {
      addresses.push(addressOf(bytes));
      assert.ok(bytes.every((byte) => byte === 0));
      bytes.fill(0xff);
    });
  }
  assert.ok(new Set(addresses).size < rounds);
});

test("`purge` wipes what is open and what is closed", () => {
  const bytes = unlikely(32);
  const closed = Secret.from(bytes.slice());
  const open = Secret.from(bytes.slice());
  const opened = open.open();
  assert.equal(count(bytes), 1);
  purge();
  assert.deepEqual([...opened.bytes], new Array(32).fill(0));
  assert.equal(count(bytes), 0);
  assert.equal(closed.isClosed && open.isClosed, true);
  assert.throws(() => open.withBytes(() => 1), { code: "SECRET_CLOSED" });
  opened[Symbol.dispose]();
  closed.close();
  open.close();
  using later = Secret.from(bytes.slice());
  assert.equal(later.equals(bytes), true);
  assert.equal(stats().openWindows, 0);
});

test("the memory grows between windows, and views go on", () => {
  using first = Secret.from(new Uint8Array([1, 2, 3, 4]));
  let old = new Uint8Array(0);
  first.withBytes((bytes) => void (old = bytes as Uint8Array<ArrayBuffer>));
  const before = stats().memoryBytes;
  const length = tooLong();
  using large = Secret.random(length);
  assert.ok(stats().memoryBytes > before);
  assert.equal(old.length, 0);
  assert.deepEqual(first.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  assert.equal(large.withBytes((bytes) => bytes.length), length);
});

test("the memory does not grow inside a window: an AllocationError that says so", () => {
  using first = Secret.from(new Uint8Array([1, 2, 3, 4]));
  const length = tooLong();
  const source = new Uint8Array(length).fill(7);
  first.withBytes((bytes) => {
    assert.throws(() => Secret.from(source), {
      code: "ALLOCATION_FAILED",
      message: /cannot while a window is open/,
    });
    assert.deepEqual([...bytes], [1, 2, 3, 4]);
  });
  // The source is as it was, and there is memory afterwards.
  assert.equal(source[length - 1], 7);
  using second = Secret.from(source);
  assert.equal(second.length, length);
});

test("more than there can be is an AllocationError", () => {
  const { allocated, inUse } = stats();
  for (const length of [2 ** 27, 2 ** 31, 2 ** 32 - 1]) {
    assert.throws(() => Secret.random(length), {
      code: "ALLOCATION_FAILED",
      syscall: "memory.grow",
    });
  }
  assert.deepEqual([stats().allocated, stats().inUse], [allocated, inUse]);
});
