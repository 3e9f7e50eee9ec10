import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilities, Secret, stats } from "../mod.ts";
import { type Outcome, runCode } from "./support/child.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { KIND, ownPages } from "./support/kind.ts";
import { addressOf } from "./support/memory.ts";
import { notOnLinux, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";

const PAGE = capabilities().pageSize;

/** So many closed secrets rest at most; the next one ends the rest of the oldest. */
const RESTING_MAX = 64;

/** Makes, uses and closes a secret; its view, and where it was. */
function used(length = 32): { view: Uint8Array; address: bigint } {
  const secret = Secret.random(length);
  const result = secret.withBytes((view) => ({ view, address: addressOf(view) }));
  secret.close();
  assert.equal(result.view.byteLength, length);
  return result;
}

/**
 * Free pages are a queue: so many secrets, one after another, come to a page that is
 * free now, or rests, again.
 */
function roundsToReuse(): number {
  return stats().freePages + RESTING_MAX + 200;
}

/** Makes, uses and closes secrets until whatever rested before does no more. */
function flush(): void {
  for (let round = 0; round < RESTING_MAX; round++) used();
}

test("the address of a closed secret is not used again before its view is detached", () => {
  const { view, address } = used();
  let detachedAt = -1;
  let usedAgain = 0;
  const rounds = roundsToReuse();
  for (let round = 0; round < rounds; round++) {
    const other = used();
    if (detachedAt < 0 && view.byteLength === 0) detachedAt = round;
    if (other.address === address) {
      assert.equal(view.byteLength, 0, `${round}`);
      usedAgain += 1;
    }
  }
  assert.equal(detachedAt, RESTING_MAX - 1);
  // The page was not lost.
  assert.ok(usedAgain > 0);
});

test("a detached view reads nothing, and its length is 0", () => {
  const { view } = used();
  flush();
  assert.equal(view.byteLength, 0);
  assert.equal(view[0], undefined);
  assert.equal((view.buffer as ArrayBuffer).detached, true);
});

test("a secret that nobody looked at does not rest", () => {
  flush();
  const before = stats();
  for (let round = 0; round < 10; round++) Secret.random(32).close();
  assert.equal(stats().restingPages, before.restingPages);
  assert.equal(stats().freePages, before.freePages);
});

test("so many pages rest and no more, of all sizes, and none is lost", () => {
  const mixed = () => {
    for (let round = 0; round < 3 * RESTING_MAX; round++) used(round % 3 === 0 ? 2 * PAGE : 32);
    flush();
  };
  // Address space of large secrets is kept for later ones: as much as rests at most.
  mixed();
  const before = stats();
  for (let round = 0; round < 3 * RESTING_MAX; round++) used(round % 3 === 0 ? 2 * PAGE : 32);
  assert.equal(stats().restingPages, before.restingPages);
  flush();
  const after = stats();
  assert.equal(after.pages, before.pages);
  assert.equal(after.freePages, before.freePages);
  assert.equal(after.arenas, before.arenas);
  assert.equal(after.lockedBytes, before.lockedBytes);
  assert.equal(after.retiredPages, before.retiredPages);
});

test("the bound holds at every one of 10,000 closes, and the oldest goes first", () => {
  flush();
  const { restingPages, arenas, pages, lockedBytes } = stats();
  const views: Uint8Array[] = [];
  for (let round = 0; round < 10_000; round++) {
    views.push(used().view);
    const now = stats();
    assert.equal(now.restingPages, restingPages, `${round}`);
    // The one that has rested longest, and none of those after it.
    const oldest = views.length - 1 - RESTING_MAX;
    if (oldest >= 0) assert.equal(views[oldest]?.byteLength, 0, `${round}`);
    assert.equal(views[Math.max(oldest + 1, 0)]?.byteLength, 32, `${round}`);
  }
  const detached = views.filter(({ byteLength }) => byteLength === 0).length;
  assert.equal(detached, views.length - RESTING_MAX);
  const after = stats();
  assert.deepEqual(
    { arenas: after.arenas, pages: after.pages, lockedBytes: after.lockedBytes },
    { arenas, pages, lockedBytes },
  );
});

/** Closes a secret, then so many others, and reads the view of the first. */
function readsStale(others: number): Promise<Outcome> {
  return runCode(`
    const { Secret } = securememory;
    const use = () => {
      const secret = Secret.from(new Uint8Array(32).fill(0x41));
      const view = secret.withBytes((bytes) => ({ bytes })).bytes;
      secret.close();
      return view;
    };
    const stale = use();
    for (let round = 0; round < ${others}; round++) use();
    console.log("before", stale.length);
    console.log("after", stale[0], stale.length);
  `);
}

test("a view of a page that rests faults, to the last moment of its rest", {
  skip: unless("proc", HAS_SMAPS, "faults are not signals here"),
}, async () => {
  for (const others of [0, RESTING_MAX - 1]) {
    const { signal, stdout } = await readsStale(others);
    assert.deepEqual([signal, stdout], ["SIGSEGV", "before 32\n"], `${others}`);
  }
});

test("a view of a page whose rest is over reads nothing, and nothing faults", async () => {
  const { signal, status, stdout } = await readsStale(RESTING_MAX);
  assert.deepEqual([signal, status], [null, 0]);
  assert.equal(stdout, "before 0\nafter undefined 0\n");
});

test("the kernel has no more mappings after 10,000 closes than after 1,000", {
  skip: notOnLinux,
}, async () => {
  const { early, late } = await reported<{ early: number; late: number }>(`
    const use = () => {
      const secret = Secret.random(32);
      secret.withBytes((bytes) => bytes[0]);
      secret.close();
    };
    // Ours alone: the runtime maps what it likes meanwhile.
    const locked = () =>
      (readFileSync("/proc/self/smaps", "utf8").match(/^VmFlags:.* lo /gm) ?? []).length;
    for (let round = 0; round < 1_000; round++) use();
    const early = locked();
    for (let round = 0; round < 9_000; round++) use();
    report({ early, late: locked() });
  `);
  assert.ok(early > 0);
  assert.equal(late, early);
});

test("a secret of several pages rests without its memory", () => {
  const before = stats().lockedBytes;
  const { view } = used(3 * PAGE);
  assert.equal(view.byteLength, 3 * PAGE);
  assert.equal(stats().lockedBytes, before);
  flush();
  assert.equal(view.byteLength, 0);
});

test("the address of a secret that was shared is never used again", () => {
  const before = stats().retiredPages;
  let taken = 0n;
  {
    using secret = Secret.random(32);
    taken = secret.withBytes(addressOf);
    secret.share();
  }
  // Of a pool it is a place.
  assert.equal(stats().retiredPages, before + Number(KIND === "own"));
  const seen = new Set<bigint>();
  const rounds = roundsToReuse();
  for (let round = 0; round < rounds; round++) seen.add(used().address);
  assert.ok(seen.size < rounds);
  assert.equal(seen.has(taken), false);
});

test("with `revokeViews` a closed secret's page is free at once: no view can be alive", {
  skip: ownPages("a pool keeps a page"),
}, () => {
  flush();
  const before = stats();
  for (let round = 0; round < 10; round++) {
    using secret = Secret.random(32, { revokeViews: true });
    secret.withBytes((bytes) => bytes[0]);
  }
  assert.equal(stats().restingPages, before.restingPages);
  assert.equal(stats().freePages, before.freePages);
});
