import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withNative, withoutZig } from "./support/native.ts";
import { type Failure, moduleUrl, reported } from "./support/report.ts";

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
    // What follows must not need memory of the runtime's own: everything runs once before.
    const fill = (made) => {
      let refusal = null;
      while (refusal === null && made.length < 2000) {
        refusal = failureOf(() => made.push(Secret.from(new Uint8Array(32).fill(made.length + 1))));
      }
      return refusal;
    };
    const readsWell = (secret, first) => secret.withBytes((bytes) => bytes[0] === (first & 0xff));
    const warmUp = [];
    failureOf(() => Secret.from(new Uint8Array(0)));
    for (let round = 0; round < 20; round++) {
      warmUp.push(Secret.from(new Uint8Array([round + 1])));
      readsWell(warmUp[round], round + 1);
    }
    for (const secret of warmUp) secret.close();
  `;
}

interface UsedUp {
  readonly split: number;
  readonly refusal: Failure | null;
  readonly intact: boolean;
  readonly sourceIntact: boolean;
  readonly inUse: number;
  readonly later: Failure | null;
}

test("out of mappings, creation is a typed error; live secrets open, close and are wiped", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<UsedUp>(`
      ${hostile(path)}
      const made = [Secret.from(new Uint8Array(32).fill(1))];
      const source = new Uint8Array(100_000).fill(7);
      const split = useUp(0);
      const refusal = fill(made);
      failureOf(() => Secret.from(source));
      const intact = made.every((secret, index) => readsWell(secret, index + 1));
      for (const secret of made) secret.close();
      giveBack();
      const sourceIntact = source.every((byte) => byte === 7);
      const { inUse } = securememory.stats();
      const more = [];
      const later = failureOf(() => {
        while (more.length < 1000) more.push(Secret.random(32));
      });
      report({ split, refusal, intact, sourceIntact, inUse, later });
    `);
    assert.ok(seen.split > 10_000, `Only ${seen.split} mappings could be made`);
    assert.ok(seen.refusal, "Creation never failed");
    assert.equal(seen.refusal.ofAllocation, true, seen.refusal.message);
    assert.match(seen.refusal.code ?? "", /^(ALLOCATION_FAILED|LOCK_LIMIT)$/);
    assert.equal(seen.refusal.errno, 12, "ENOMEM");
    assert.match(seen.refusal.syscall ?? "", /^(mmap|mlock|mprotect|madvise_\w+)$/);
    assert.equal(seen.intact, true);
    assert.equal(seen.sourceIntact, true);
    assert.equal(seen.inUse, 0);
    assert.equal(seen.later, null, "With mappings again, creation works again");
  });
});

test("with few mappings left an arena is smaller, and its secrets work", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const { pages, count, refusal, intact } = await reported<
      { pages: number; count: number; refusal: Failure | null; intact: boolean }
    >(`
      ${hostile(path)}
      const made = [];
      const { freePages } = securememory.stats();
      while (made.length < freePages) made.push(Secret.from(new Uint8Array([made.length + 1])));
      const before = securememory.stats().pages;
      const others = made.length;
      useUp(60);
      const refusal = fill(made);
      const intact = made.every((secret, index) => readsWell(secret, index + 1));
      giveBack();
      const pages = securememory.stats().pages - before;
      report({ pages, count: made.length - others, refusal, intact });
    `);
    assert.ok(pages >= 5, `The arena has ${pages} pages`);
    assert.ok(pages < 128, `The arena has ${pages} pages`);
    assert.equal(count, pages);
    assert.ok(refusal?.ofAllocation);
    assert.equal(intact, true);
  });
});

test("a large secret is wiped and closed without mappings to spare", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const { closing, inUse, closed, refused } = await reported<
      { closing: Failure | null; inUse: number; closed: boolean; refused: Failure | null }
    >(`
      ${hostile(path)}
      const secret = Secret.from(new Uint8Array(1 << 20).fill(7));
      Secret.random(1 << 20).close();
      useUp(0);
      const closing = failureOf(() => secret.close());
      const refused = failureOf(() => secret.withBytes((bytes) => bytes[0]));
      giveBack();
      const { inUse } = securememory.stats();
      report({ closing, inUse, closed: secret.isClosed, refused });
    `);
    assert.equal(closing, null, closing?.message);
    assert.equal(inUse, 0);
    assert.equal(closed, true);
    assert.equal(refused?.code, "SECRET_CLOSED");
  });
});
