import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilities, Secret, type Stats, stats } from "../mod.ts";
import { untilIdle } from "./support/idle.ts";
import { statusBytes } from "./support/maps.ts";
import { notOnLinux, reported } from "./support/report.ts";
import { RUNGS, testOnRungs } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

const make = () => Secret.from(new Uint8Array([1, 2, 3]));

test("allocated and inUse count 20 secrets, and inUse is back after they were closed", () => {
  const before = stats();
  const secrets = Array.from({ length: 20 }, make);
  const between = stats();
  assert.equal(between.allocated - before.allocated, 20);
  assert.equal(between.inUse - before.inUse, 20);
  for (const secret of secrets.slice(5)) secret.close();
  assert.equal(stats().inUse - before.inUse, 5);
  for (const secret of secrets) secret.close();
  const after = stats();
  assert.equal(after.inUse, before.inUse);
  assert.equal(after.allocated, between.allocated, "allocated never falls");
});

test("a copy counts as a secret of its own; a shared and an attached one as the same", () => {
  const before = stats();
  const secret = make();
  const copy = secret.copy();
  assert.equal(stats().inUse - before.inUse, 2);
  const attached = Secret.attach(secret.share());
  assert.equal(stats().inUse - before.inUse, 2);
  assert.equal(stats().allocated - before.allocated, 2);
  attached.close();
  assert.equal(stats().inUse - before.inUse, 1);
  copy.close();
  assert.equal(stats().inUse, before.inUse);
});

test("openWindows counts secrets that are open, however many windows each has", () => {
  const { openWindows: before } = stats();
  const open = () => stats().openWindows - before;
  using first = make();
  using second = make();
  assert.equal(open(), 0);
  first.withBytes(() => {
    assert.equal(open(), 1);
    first.withBytes(() => first.withBytes(() => assert.equal(open(), 1)));
    second.withBytes(() => assert.equal(open(), 2));
    assert.equal(open(), 1);
  });
  assert.equal(open(), 0);
  const windows = [first.open(), first.open(), second.open()];
  assert.equal(open(), 2);
  for (const window of windows) window[Symbol.dispose]();
  assert.equal(open(), 0);
  first.update(() => assert.equal(open(), 1));
  assert.throws(() =>
    first.withBytes(() => {
      throw new RangeError("The callback failed");
    }), RangeError);
  assert.equal(open(), 0);
});

test("openWindows counts an asynchronous window until it has settled", async () => {
  const { openWindows: before } = stats();
  using secret = make();
  const running = secret.withBytesAsync(async (bytes) => {
    await null;
    return bytes[0];
  });
  assert.equal(stats().openWindows - before, 1);
  assert.equal(await running, 1);
  assert.equal(stats().openWindows, before);
});

test("a secret that is closed in its window is in use until the window is over", () => {
  const before = stats();
  const secret = make();
  secret.withBytes(() => {
    secret.close();
    assert.equal(stats().inUse - before.inUse, 1);
    assert.equal(stats().openWindows - before.openWindows, 1);
  });
  assert.equal(stats().inUse, before.inUse);
  assert.equal(stats().openWindows, before.openWindows);
});

test("a creation that fails counts nowhere", () => {
  const before = stats();
  assert.throws(() => Secret.random(0));
  assert.throws(() => Secret.random(16, { alignment: 3 }));
  assert.throws(() =>
    Secret.fill(3, () => {
      throw new Error("The producer failed");
    })
  );
  const { inUse, openWindows } = stats();
  assert.deepEqual({ inUse, openWindows }, {
    inUse: before.inUse,
    openWindows: before.openWindows,
  });
});

test("lockedBytes grows with a large secret, and is back after close", () => {
  const { lockedBytes: before, arenas } = stats();
  const page = capabilities().pageSize;
  const pages = Math.ceil(100_000 / page);
  const secret = Secret.random(pages * page);
  const locked = stats().lockedBytes - before;
  // Beyond eight pages sizes come in classes.
  assert.ok(locked >= pages * page && locked <= pages * page * 1.25, `${locked}`);
  assert.equal(locked % page, 0);
  // Unless there was room of its size, which another test has left.
  const now = stats().arenas;
  assert.ok(now - arenas <= 1);
  secret.close();
  assert.equal(stats().lockedBytes, before);
  // Its address space is kept, and the next one of its size has it.
  assert.equal(stats().arenas, now);
  for (let round = 0; round < 3; round++) Secret.random(pages * page - round).close();
  assert.equal(stats().arenas, now);
});

testOnRungs("secretmemBytes counts the locked bytes that are of that store", ({ store }) => {
  const before = stats();
  const count = before.freePages + 1;
  const secrets = Array.from({ length: count }, () => Secret.random(32));
  const large = Secret.random(20 * capabilities().pageSize);
  const locked = stats().lockedBytes - before.lockedBytes;
  const secretmem = stats().secretmemBytes - before.secretmemBytes;
  assert.ok(locked > 0);
  assert.equal(secretmem, store === "secretmem" ? locked : 0);
  large.close();
  for (const secret of secrets) secret.close();
});

testOnRungs("keyedSecrets counts secrets that were in use just now, by the keys there are", async ({
  gate,
}) => {
  const { protectionKeys } = stats();
  assert.equal(protectionKeys > 0, RUNGS.some((rungs) => rungs.gate === "pkey"));
  await untilIdle();
  const keyed = () => stats().keyedSecrets;
  assert.equal(keyed(), 0);
  const secrets = Array.from({ length: 20 }, make);
  assert.equal(keyed(), gate === "pkey" ? protectionKeys : 0);
  for (const secret of secrets) secret.withBytes((bytes) => bytes[0]);
  assert.equal(keyed(), gate === "pkey" ? protectionKeys : 0);
  for (const secret of secrets) secret.close();
  assert.equal(keyed(), 0);
});

test("the limit and the locked bytes of the process are the kernel's", {
  skip: notOnLinux,
}, () => {
  using _secret = make();
  const { lockLimitBytes, systemLockedBytes, lockedBytes } = stats();
  assert.equal(systemLockedBytes, statusBytes("VmLck"));
  assert.ok(systemLockedBytes >= lockedBytes);
  const limits = readFileSync("/proc/self/limits", "utf8");
  const limit = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  assert.equal(lockLimitBytes, limit === "unlimited" ? Infinity : Number(limit));
});

const unlimited = ["prlimit", "--memlock=unlimited:unlimited"];
const withoutUnlimited = unless(
  "unlimited",
  spawnSync("prlimit", [...unlimited.slice(1), "true"], { stdio: "ignore" }).status === 0,
  "the limit for locked memory cannot be raised here",
);

test("an unlimited budget is Infinity", { skip: withoutUnlimited }, async () => {
  const infinite = await reported<boolean>(
    "report(securememory.stats().lockLimitBytes === Infinity);",
    { wrapper: unlimited },
  );
  assert.equal(infinite, true);
});

test("each page of an arena is free, in use, resting or retired", async () => {
  const seen = await reported<{ before: Stats; after: Stats }>(`
    const secrets = Array.from({ length: 30 }, () => Secret.random(32));
    for (const secret of secrets.slice(0, 20)) secret.withBytes((bytes) => bytes[0]);
    for (const secret of secrets.slice(20, 22)) secret.share();
    const before = securememory.stats();
    for (const secret of secrets.slice(10, 25)) secret.close();
    report({ before, after: securememory.stats() });
  `);
  const { before, after } = seen;
  assert.equal(before.pages, before.freePages + 30);
  assert.equal(before.restingPages, 0);
  // Of 15 closed ones ten have a view that may be alive, two may have one elsewhere.
  assert.equal(after.inUse, 15);
  assert.equal(after.restingPages, 10);
  assert.equal(after.retiredPages, 2);
  assert.equal(after.pages, before.pages - 2, "A retired page is no page of an arena any more");
  assert.equal(after.freePages, before.freePages + 3);
  assert.equal(after.lockedBytes, before.lockedBytes - 2 * (before.lockedBytes / before.pages));
});

test("allocated never falls, whatever happens", async () => {
  const counts = await reported<number[]>(`
    const counts = [];
    const look = () => counts.push(securememory.stats().allocated);
    look();
    const secret = Secret.random(32);
    look();
    secret.copy().close();
    look();
    failureOf(() => Secret.random(-1));
    look();
    securememory.purge();
    look();
    Secret.random(100_000).close();
    look();
    report(counts);
  `);
  assert.deepEqual(counts, [0, 1, 2, 2, 2, 3]);
});

test("purges counts calls of purge", async () => {
  const { before, after } = await reported<{ before: number; after: number }>(`
    const { purges: before } = (Secret.random(1), securememory.stats());
    securememory.purge();
    securememory.purge();
    report({ before, after: securememory.stats().purges });
  `);
  assert.deepEqual([before, after], [0, 2]);
});

test("all statistics are numbers of at least 0, and there is one for each name", () => {
  const numbers = stats();
  assert.deepEqual(Object.keys(numbers).sort(), [
    "allocated",
    "arenas",
    "freePages",
    "inUse",
    "keyedSecrets",
    "leaked",
    "lockLimitBytes",
    "lockedBytes",
    "openWindows",
    "pages",
    "poolPages",
    "protectionKeys",
    "purges",
    "restingPages",
    "retiredPages",
    "sealed",
    "sealedBytes",
    "secretmemBytes",
    "systemLockedBytes",
  ]);
  for (const [name, value] of Object.entries(numbers)) {
    assert.equal(typeof value, "number", name);
    assert.ok(value >= 0, name);
  }
});
