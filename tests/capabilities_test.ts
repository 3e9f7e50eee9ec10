import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { type Capabilities, capabilities, Secret, stats } from "../mod.ts";
import { RUNTIME } from "./support/child.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { type Failure, notOnLinux, reported } from "./support/report.ts";
import { autoOfChild } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

test("capabilities() names this runtime, its version and the library", () => {
  const { supported, reason, runtime, runtimeVersion, library } = capabilities();
  assert.equal(supported, true);
  assert.equal(reason, undefined);
  assert.equal(runtime, RUNTIME);
  assert.equal(runtimeVersion, process.versions[RUNTIME]);
  assert.match(library ?? "", /securememory/);
});

test("capabilities() has the page size and the lock limit of the kernel", {
  skip: notOnLinux,
}, () => {
  const { pageSize, lockLimitBytes, lockedBytes } = capabilities();
  assert.equal(pageSize, Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));
  const limits = readFileSync("/proc/self/limits", "utf8");
  const limit = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  assert.equal(lockLimitBytes, limit === "unlimited" ? Infinity : Number(limit));
  assert.equal(lockedBytes, stats().lockedBytes);
});

test("what capabilities() says of the rungs is what a secret of this host has", {
  skip: notOnLinux,
}, () => {
  const { stores, gates, dumpExclusion, probe } = capabilities();
  using secret = Secret.random(32);
  // Each secret has a protection key of its own, if any.
  assert.deepEqual({ ...probe, pkey: 0 }, { ...secret.status(), pkey: 0 });
  assert.deepEqual(stores.locked, { available: true, reason: undefined });
  assert.deepEqual(gates.mprotect, { available: true, reason: undefined });
  assert.deepEqual(dumpExclusion, { available: true, reason: undefined });
});

test("`auto` is the best rung, but no store that takes hibernation away", {
  skip: notOnLinux,
}, async () => {
  const expected = autoOfChild();
  const { probe, stores, gates, hibernation } = await reported<Capabilities>(
    "report(securememory.capabilities());",
  );
  assert.deepEqual({ store: probe?.store, gate: probe?.gate }, { ...expected });
  if (hibernation !== "unavailable") assert.equal(probe?.store, "locked");
  // The processor's flag that the kernel lets processes use keys.
  const keys = /^flags\s*:.*\bospke\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
  assert.equal(gates.pkey.available, keys);
  assert.equal(probe?.gate, keys ? "pkey" : "mprotect");
  const guards = stores.locked.available && probe?.guarded;
  assert.equal(guards, true);
});

test("a secret that requires the store `secretmem` blocks hibernation, and `auto` follows it", {
  skip: unless("secretmem", capabilities().stores.secretmem.available, "there is no memfd_secret"),
}, async () => {
  const { before, after } = await reported<{ before: Capabilities; after: Capabilities }>(`
    const before = securememory.capabilities();
    using secret = Secret.random(1, { store: "secretmem" });
    report({ before, after: securememory.capabilities() });
  `);
  const follows = { unavailable: "unavailable", available: "blocked", unknown: "unknown" };
  assert.equal(after.hibernation, follows[before.hibernation as keyof typeof follows]);
  assert.equal(after.probe?.store, "secretmem");
});

test("a rung is available exactly if it can be required", () => {
  const { stores, gates } = capabilities();
  for (const [store, { available, reason }] of Object.entries(stores)) {
    const make = () => Secret.random(1, { store: store as "locked" }).close();
    if (available) make();
    else assert.throws(make, { code: "UNSUPPORTED" });
    assert.equal(reason === undefined, available);
  }
  for (const [gate, { available, reason }] of Object.entries(gates)) {
    const make = () => Secret.random(1, { gate: gate as "mprotect" }).close();
    if (available) make();
    else assert.throws(make, { code: "UNSUPPORTED" });
    assert.equal(reason === undefined, available);
  }
});

test("the error for a required rung gives the reason that capabilities() gives", () => {
  const { stores, gates } = capabilities();
  for (
    const { option, reason } of [
      { option: { store: "secretmem" }, reason: stores.secretmem.reason },
      { option: { gate: "pkey" }, reason: gates.pkey.reason },
    ] as const
  ) {
    if (reason === undefined) continue;
    assert.throws(() => Secret.random(1, option), (error) => {
      assert.ok(error instanceof Error);
      assert.ok(error.message.includes(reason), error.message);
      return true;
    });
  }
});

test("capabilities() leaves no secret behind, and says the same each time", () => {
  const before = stats();
  const look = () => {
    const known = capabilities();
    return { ...known, probe: { ...known.probe, pkey: 0 } };
  };
  const first = look();
  assert.deepEqual(look(), first);
  const after = stats();
  assert.equal(after.inUse, before.inUse);
  assert.equal(after.openWindows, before.openWindows);
  assert.equal(after.restingPages, before.restingPages);
});

test("capabilities() survives JSON, but for an unlimited budget", () => {
  const known = capabilities();
  const read = JSON.parse(JSON.stringify(known)) as Capabilities;
  assert.equal(read.supported, known.supported);
  assert.deepEqual(read.probe, JSON.parse(JSON.stringify(known.probe)));
  assert.equal(read.probe?.store, known.probe?.store);
  assert.deepEqual(
    Object.keys(read).sort(),
    Object.keys(known).filter((key) => key !== "reason").sort(),
  );
  assert.equal(
    read.lockLimitBytes,
    Number.isFinite(known.lockLimitBytes) ? known.lockLimitBytes : null,
  );
});

test("without the library capabilities() gives the reason, and nothing is available", async () => {
  const { known, thrown } = await reported<{ known: Capabilities; thrown: string }>(
    `report({
      known: securememory.capabilities(),
      thrown: failureOf(() => Secret.random(1)).message,
    });`,
    { env: { SECUREMEMORY_LIBRARY: "/nonexistent/library.so" } },
  );
  assert.equal(known.supported, false);
  assert.equal(known.reason, thrown);
  assert.match(known.reason ?? "", /nonexistent/);
  const { stores, gates, dumpExclusion } = known;
  for (const rung of [stores.secretmem, stores.locked, gates.pkey, gates.mprotect, dumpExclusion]) {
    assert.equal(rung.available, false);
    assert.equal(typeof rung.reason, "string");
  }
  assert.equal(known.pageSize, 0);
  assert.equal(known.probe, undefined);
  assert.equal(known.library, undefined);
});

test("without a lock budget capabilities() gives the limit as the reason", {
  skip: withoutMemlock,
}, async () => {
  const { supported, reason, lockLimitBytes, stores, runtime, pageSize } = await reported<
    Capabilities
  >("report(securememory.capabilities());", { wrapper: memlock(0) });
  assert.equal(supported, false);
  assert.match(reason ?? "", /the limit for locked memory is 0 bytes/);
  assert.equal(lockLimitBytes, 0);
  assert.equal(stores.locked.available, false);
  // Of the same limit: only what could not be done differs.
  const limit = (text = "") => text.slice(text.indexOf(": the limit"));
  assert.equal(limit(stores.locked.reason), limit(reason));
  assert.equal(stores.secretmem.available, false);
  assert.equal(runtime, RUNTIME);
  assert.ok(pageSize >= 4096);
});

test("with memory that need not be locked capabilities() says that the lock is missing", {
  skip: withoutMemlock,
}, async () => {
  const { supported, stores, gates, dumpExclusion, probe } = await reported<Capabilities>(
    `securememory.configure({ allowUnlocked: true });
    report(securememory.capabilities());`,
    { wrapper: memlock(0) },
  );
  assert.equal(supported, true);
  assert.equal(probe?.store, "unlocked");
  assert.equal(stores.locked.available, false);
  assert.match(stores.locked.reason ?? "", /lock/);
  assert.equal(gates.mprotect.available, true);
  assert.equal(dumpExclusion.available, true);
});

test("capabilities() does not throw for a rung that is required and missing", async () => {
  for (
    const setting of [
      'securememory.configure({ store: "secretmem" })',
      'securememory.configure({ gate: "pkey" })',
      'process.env.SECUREMEMORY_STORE = "secretmem"',
    ]
  ) {
    const known = await reported<Capabilities>(
      `${setting}; report(securememory.capabilities());`,
    );
    assert.equal(known.supported, known.reason === undefined, setting);
  }
});

test("capabilities() says what the host has, whatever rung is required", async () => {
  const required = await reported<Capabilities>(`
    securememory.configure({ store: "secretmem" });
    report(securememory.capabilities());
  `);
  const free = await reported<Capabilities>("report(securememory.capabilities());");
  assert.deepEqual(required.stores, free.stores);
  assert.deepEqual(required.gates, free.gates);
});

test("capabilities() does not throw for a wrong environment: it is the reason", async () => {
  const { failure, known } = await reported<{ failure: Failure | null; known: Capabilities }>(
    `
    let known;
    const failure = failureOf(() => known = securememory.capabilities());
    report({ failure, known });
    `,
    { env: { SECUREMEMORY_STORE: "nonsense" } },
  );
  assert.equal(failure, null);
  assert.equal(known.supported, false);
  assert.match(known.reason ?? "", /SECUREMEMORY_STORE.*nonsense/);
});
