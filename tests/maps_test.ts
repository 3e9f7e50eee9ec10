import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withNative, withoutZig } from "./support/native.ts";
import { type Failure, moduleUrl, reported } from "./support/report.ts";
import { AUTO, environmentOf, nameOf, RUNGS } from "./support/rungs.ts";

/** In a child: `useUp(spare)` leaves so many mappings of vm.max_map_count, `giveBack()` all. */
function hostile(path: string): string {
  const limit = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8"));
  return `
    import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
    const native = detectRuntime().load(${JSON.stringify(path)}, {
      hostile_use_up_mappings: { parameters: ["u32", "u32"], result: "u32" },
      hostile_give_mappings_back: { parameters: [], result: "i32" },
    });
    const useUp = (spare) => native.hostile_use_up_mappings(${limit}, spare);
    const giveBack = () => native.hostile_give_mappings_back();
    /** Without a mapping to spare runtimes soon die, so what happens there is one short step. */
    const without = (spare, action) => {
      useUp(spare);
      try {
        return action();
      } finally {
        giveBack();
      }
    };
    const make = (fill) => Secret.from(new Uint8Array(32).fill(fill));
    const reads = (secret, fill) => secret.withBytes((bytes) => bytes.every((byte) => byte === fill));
    // Everything runs once before, since running it for the first time takes memory.
    const warm = [make(1), make(1)];
    failureOf(() => Secret.from(new Uint8Array(0)));
    reads(warm[0], 1);
    warm[1].close();
    without(1000, () => make(1));
  `;
}

/** Makes secrets until every page that there is holds one. */
const TAKE_ALL = `
  const made = [];
  while (securememory.stats().freePages > 0) made.push(make(7));
`;

test("out of mappings, creation is a typed error, and works again later", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const { refusals, intact, allIntact, later, arenas } = await reported<
      {
        refusals: (Failure | null)[];
        intact: boolean;
        allIntact: boolean;
        later: Failure | null;
        arenas: number;
      }
    >(`
      ${hostile(path)}
      ${TAKE_ALL}
      const before = securememory.stats();
      const source = new Uint8Array(32).fill(7);
      let calls = 0;
      const refusals = [
        () => Secret.from(source),
        () => Secret.fill(32, () => calls += 1),
        () => Secret.random(1 << 20),
      ].map((action) => without(0, () => failureOf(action)));
      const intact = source.every((byte) => byte === 7) && calls === 0;
      const arenas = securememory.stats().arenas - before.arenas;
      const allIntact = made.every((secret) => reads(secret, 7));
      const later = failureOf(() => make(7));
      report({ refusals, intact, allIntact, later, arenas });
    `);
    for (const refusal of refusals) {
      assert.ok(refusal, "Creation did not fail");
      assert.equal(refusal.ofAllocation, true, refusal.message);
      assert.match(refusal.code ?? "", /^(ALLOCATION_FAILED|LOCK_LIMIT)$/);
      // madvise(2) says EAGAIN where the others say ENOMEM.
      assert.equal(refusal.errno, refusal.syscall?.startsWith("madvise") ? 11 : 12);
      assert.match(refusal.syscall ?? "", /^(mmap|mlock|mprotect|madvise_\w+)$/);
    }
    assert.equal(intact, true, "The source was wiped, or the producer was called");
    assert.equal(allIntact, true);
    assert.equal(arenas, 0, "A failed creation left an arena behind");
    assert.equal(later, null);
  });
});

test("out of mappings, live secrets open, close and are wiped", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<Record<string, unknown>>(`
      ${hostile(path)}
      const first = make(7);
      const second = make(9);
      const read = without(0, () => reads(first, 7));
      const closing = without(0, () => failureOf(() => first.close()));
      const purging = without(0, () => failureOf(() => securememory.purge()));
      report({
        read,
        closing,
        purging,
        closed: [first.isClosed, second.isClosed],
        inUse: securememory.stats().inUse,
      });
    `);
    assert.deepEqual(seen, {
      read: true,
      closing: null,
      purging: null,
      closed: [true, true],
      inUse: 0,
    });
  });
});

for (const rungs of RUNGS.filter(({ gate }) => gate === AUTO.gate)) {
  test(`with few mappings left an arena is smaller, and its secrets work (${nameOf(rungs)})`, {
    skip: withoutZig,
  }, async () => {
    await withNative("hostile", async (path) => {
      const { pages, count, intact, store } = await reported<
        { pages: number; count: number; intact: boolean; store: string }
      >(
        `
      ${hostile(path)}
      ${TAKE_ALL}
      const before = securememory.stats().pages;
      const first = without(60, () => make(7));
      const pages = securememory.stats().pages - before;
      const more = [first];
      while (securememory.stats().freePages > 0) more.push(make(7));
      const intact = more.every((secret) => reads(secret, 7));
      report({ pages, count: more.length, intact, store: first.status().store });
    `,
        { env: environmentOf(rungs) },
      );
      assert.equal(store, rungs.store);
      assert.ok(pages >= 5, `The arena has ${pages} pages`);
      assert.ok(pages < 128, `The arena has ${pages} pages`);
      assert.equal(count, pages);
      assert.equal(intact, true);
    });
  });
}

test("out of mappings, a large secret is wiped and closed in good order", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const { closing, inUse, closed, refused } = await reported<
      { closing: Failure | null; inUse: number; closed: boolean; refused: Failure | null }
    >(`
      ${hostile(path)}
      Secret.random(1 << 20).close();
      const secret = Secret.from(new Uint8Array(1 << 20).fill(7));
      const before = securememory.stats().inUse;
      const closing = without(0, () => failureOf(() => secret.close()));
      const refused = failureOf(() => reads(secret, 7));
      const inUse = before - securememory.stats().inUse;
      report({ closing, inUse, closed: secret.isClosed, refused });
    `);
    assert.equal(closing, null);
    assert.equal(inUse, 1);
    assert.equal(closed, true);
    assert.equal(refused?.code, "SECRET_CLOSED");
  });
});
