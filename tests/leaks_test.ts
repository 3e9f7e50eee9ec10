/**
 * What becomes of secrets that nobody closed. See also collect_test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { withNative, withoutZig } from "./support/native.ts";
import { moduleUrl, reported } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

interface Leak {
  readonly message: string;
  readonly label?: string;
  readonly length: number;
  readonly stack?: string;
}

/**
 * Runs code in a child that collects garbage. `lose(make)` makes 20 secrets that nothing
 * reaches any more, and `lost(count)` waits until so many leaks were counted: how many a
 * collector finds is its own business, that it finds half of 20 is not.
 */
function collecting<T>(code: string, env: Readonly<Record<string, string>> = {}): Promise<T> {
  return reported<T>(
    `
    import { collect } from ${moduleUrl("tests/support/collect.ts")};
    import { addressOf, bytesAt } from ${moduleUrl("tests/support/memory.ts")};
    const { configure, purge, stats } = securememory;
    const leaks = [];
    const listen = () => configure({ onLeak: (leak) => leaks.push(leak) });
    const lose = (make) => {
      for (let index = 0; index < 20; index++) make(index);
    };
    const lost = (count = 10) => collect(() => stats().leaked >= count);
    /** The bait: once it was found, the collector had its chance at everything else. */
    const bait = async () => {
      const before = stats().leaked;
      lose(() => Secret.random(5, { label: "bait" }));
      return await collect(() => stats().leaked >= before + 10);
    };
    const others = () => leaks.filter((leak) => leak.label !== "bait").length;
    ${code}
    `,
    { flags: COLLECT_FLAGS, env },
  );
}

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  test(`a secret that is collected unclosed is wiped (${nameOf(rungs)})`, {
    skip: withoutZig || missing,
  }, async () => {
    const { before, after, found } = await withNative(
      "hostile",
      (path) =>
        collecting<{ before: number; after: number; found: boolean }>(
          `
        import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
        import { untilIdle } from ${moduleUrl("tests/support/idle.ts")};
        const { hostile_count } = detectRuntime().load(${JSON.stringify(path)}, {
          hostile_count: { parameters: ["buffer", "u32", "u32"], result: "u32" },
        });
        const addresses = [];
        const kept = [];
        lose(() => {
          const secret = Secret.from(new Uint8Array(64).fill(0xa7));
          addresses.push(secret.withBytes(addressOf));
          kept.push(secret);
        });
        await untilIdle();
        // Views of the memory alone, which keep no secret.
        const full = () =>
          addresses.filter((address) => hostile_count(bytesAt(address, 64), 64, 0xa7) === 64).length;
        const before = full();
        kept.length = 0;
        const found = await lost();
        await untilIdle();
        report({ before, after: full() - (20 - stats().leaked), found });
        `,
          environmentOf(rungs),
        ),
    );
    assert.equal(before, 20, "Nothing is proved where closed pages cannot be seen");
    assert.equal(found, true, "Nothing was collected");
    assert.equal(after, 0, "A collected secret still holds its bytes");
  });
}

test("a leak is counted and reported once, with message, label, length and stack", async () => {
  const { leaks, counted, inUse } = await collecting<
    { leaks: Leak[]; counted: number; inUse: number }
  >(`
    listen();
    // Not a tail call, which would leave no trace on the stack.
    const makeTheSecret = () => {
      const { length } = Secret.random(48, { label: "forgotten" });
      return length;
    };
    lose(makeTheSecret);
    await lost();
    const counted = stats().leaked;
    report({ leaks, counted, inUse: stats().inUse });
  `);
  assert.ok(counted >= 10);
  assert.equal(leaks.length, counted);
  assert.equal(inUse, 20 - counted);
  for (const leak of leaks) {
    assert.equal(
      leak.message,
      'SecureMemory: the secret "forgotten" of 48 bytes was collected without having been closed',
    );
    assert.equal(leak.label, "forgotten");
    assert.equal(leak.length, 48);
    assert.match(leak.stack ?? "", /makeTheSecret/);
  }
});

test("a leak without a label says so, and still has its length", async () => {
  const leak = await collecting<Leak>(`
    listen();
    lose(() => Secret.random(7));
    await lost();
    report(leaks[0]);
  `);
  assert.match(leak.message, /^SecureMemory: a secret of 7 bytes was collected/);
  assert.equal(leak.label, undefined);
});

test("the stack is known only of secrets made after onLeak was configured", async () => {
  const { early, late } = await collecting<{ early: boolean[]; late: boolean[] }>(`
    lose(() => Secret.random(5, { label: "early" }));
    listen();
    lose(() => Secret.random(5, { label: "late" }));
    const stacks = (label) =>
      leaks.filter((leak) => leak.label === label).map((leak) => typeof leak.stack === "string");
    await collect(() => stacks("early").length >= 10 && stacks("late").length >= 10);
    report({ early: stacks("early"), late: stacks("late") });
  `);
  assert.ok(early.length >= 10);
  assert.ok(late.length >= 10);
  assert.deepEqual(new Set(early), new Set([false]));
  assert.deepEqual(new Set(late), new Set([true]));
});

test("secrets that were closed in any way are no leaks", async () => {
  const { found, other, inUse } = await collecting<
    { found: boolean; other: number; inUse: number }
  >(`
    listen();
    const disposed = [];
    lose(() => Secret.random(5).close());
    lose(() => {
      using secret = Secret.random(5);
      secret.withBytes((bytes) => bytes[0]);
    });
    lose(() => {
      const secret = Secret.random(5);
      secret.withBytes(() => secret.close());
    });
    lose(() => disposed.push(Secret.random(5)[Symbol.asyncDispose]()));
    await Promise.all(disposed);
    lose(() => failureOf(() => Secret.fill(5, () => {
      throw new Error("The producer failed");
    })));
    lose(() => securememory.capabilities());
    const { inUse } = stats();
    const found = await bait();
    report({ found, other: others(), inUse });
  `);
  assert.equal(inUse, 0);
  assert.equal(found, true);
  assert.equal(other, 0);
});

test("whatever reaches the memory of a view keeps the secret: no bytes are lost under it", async () => {
  const { found, other, values } = await collecting<
    { found: boolean; other: number; values: number[][] }
  >(`
    listen();
    const windows = [];
    const kept = [];
    // The windows stay open, and what is kept of each is a view or its buffer alone.
    lose((index) => {
      const { bytes } = Secret.from(new Uint8Array([index, 2, 3, 4])).open();
      kept.push([bytes, bytes.buffer, bytes.subarray(1), new DataView(bytes.buffer)][index % 4]);
    });
    const found = await bait();
    const values = kept.map((memory, index) => [index, ...new Uint8Array(memory.buffer ?? memory)]);
    report({ found, other: others(), values });
  `);
  assert.equal(found, true);
  assert.equal(other, 0);
  for (const [index, first, ...rest] of values) {
    assert.equal(first, index);
    assert.deepEqual(rest, [2, 3, 4]);
  }
});

test("a callback under way keeps its secret, though nothing else has it", async () => {
  const { found, other, value } = await collecting<
    { found: boolean; other: number; value: number }
  >(`
    listen();
    let go;
    const gone = new Promise((resolve) => go = resolve);
    const running = Secret.from(new Uint8Array([9])).withBytesAsync(async (bytes) => {
      await gone;
      return bytes[0];
    });
    const found = await bait();
    const other = others();
    go();
    report({ found, other, value: await running });
  `);
  assert.equal(found, true);
  assert.equal(other, 0);
  assert.equal(value, 9);
});

test("a window that is lost with its secret is closed by the collector", async () => {
  const { before, after, found } = await collecting<
    { before: number; after: number; found: number }
  >(`
    lose(() => Secret.random(5).open());
    const before = stats().openWindows;
    await lost();
    const { leaked, openWindows } = stats();
    report({ before, after: openWindows, found: leaked });
  `);
  assert.equal(before, 20);
  assert.ok(found >= 10);
  assert.equal(after, 20 - found);
});

test("a secret that was shared is no leak: its tickets stay good", async () => {
  const { found, other, values } = await collecting<
    { found: boolean; other: number; values: number[] }
  >(`
    listen();
    const tickets = [];
    lose((index) => tickets.push(Secret.from(new Uint8Array([index])).share()));
    lose((index) => Secret.attach(tickets[index]));
    const found = await bait();
    const values = tickets.map((ticket) => Secret.attach(ticket).withBytes((bytes) => bytes[0]));
    report({ found, other: others(), values });
  `);
  assert.equal(found, true);
  assert.equal(other, 0);
  assert.deepEqual(values, Array.from({ length: 20 }, (_, index) => index));
});

test("a secret that was purged is no leak, and its page is used again", async () => {
  const { found, other, pages, inUse } = await collecting<
    { found: boolean; other: number; pages: number; inUse: number }
  >(`
    listen();
    const { pages: before } = (Secret.random(1).close(), stats());
    for (let round = 0; round < 20; round++) {
      lose(() => Secret.random(5).withBytes((bytes) => bytes[0]));
      purge();
      if (!await bait()) throw new Error("Nothing was collected");
      purge();
    }
    const found = await bait();
    const { pages, inUse } = stats();
    purge();
    report({ found, other: others(), pages: pages - before, inUse });
  `);
  assert.equal(found, true);
  assert.equal(other, 0);
  assert.ok(inUse <= 10, "Only what the collector has not found yet is in use");
  // 820 secrets were made; those that were found gave their pages back.
  assert.ok(pages <= 256, `${pages} more pages were needed`);
});
