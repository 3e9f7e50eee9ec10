import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilities, Secret, type SecretStatus, stats } from "../mod.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { untilIdle } from "./support/idle.ts";
import { KIND, ownPages } from "./support/kind.ts";
import { statusBytes } from "./support/maps.ts";
import { addressOf } from "./support/memory.ts";
import { AUTO, EVERY_RUNG, nameOf, type Rungs, testOnRungs } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

const { pageSize: PAGE, guardSealing } = capabilities();
const skip = unless("proc", HAS_SMAPS, "there is no /proc/self/smaps");

/** One entry of /proc/self/smaps, read here and by no code of the library. */
interface Entry {
  readonly from: bigint;
  readonly to: bigint;
  readonly permissions: string;
  /** Path of what is mapped, if anything. */
  readonly path: string;
  /** 0 outside the gate `pkey`. */
  readonly key: number;
  readonly flags: ReadonlySet<string>;
}

function smaps(): Entry[] {
  const entries: Entry[] = [];
  const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/;
  let last: RegExpExecArray | null = null;
  let key = 0;
  for (const line of readFileSync("/proc/self/smaps", "utf8").split("\n")) {
    last = header.exec(line) ?? last;
    // The line stands before the flags, on processors that have keys.
    if (line.startsWith("ProtectionKey:")) key = Number(line.slice("ProtectionKey:".length));
    if (!line.startsWith("VmFlags:") || last === null) continue;
    entries.push({
      from: BigInt(`0x${last[1]}`),
      to: BigInt(`0x${last[2]}`),
      permissions: last[3]!,
      path: last[4]!,
      key,
      flags: new Set(line.slice("VmFlags:".length).trim().split(" ")),
    });
  }
  return entries;
}

/** What the kernel says of a secret's pages. */
interface Seen {
  /** What `status()` has to say; the gate and a thread's rights are not among the kernel's words. */
  readonly status: SecretStatus;
  /** What the page table allows: without keys the protection; with a key all, and the rights decide. */
  readonly table: string;
  readonly entry: Entry;
}

function look(
  address: bigint,
  length: number,
  { gate }: Rungs,
  protection: SecretStatus["protection"],
): Seen {
  const entries = smaps();
  const index = entries.findIndex(({ from, to }) => from <= address && address < to);
  const entry = entries[index]!;
  const before = entries[index - 1];
  const after = entries[index + 1];
  assert.ok(address + BigInt(length) <= entry.to, "the secret is on one mapping");
  const guarded = before?.to === entry.from && before.permissions === "---p" &&
    after?.from === entry.to && after.permissions === "---p";
  const locked = entry.flags.has("lo");
  const status: SecretStatus = {
    store: entry.path.startsWith("/secretmem") ? "secretmem" : locked ? "locked" : "unlocked",
    gate,
    pkey: entry.key === 0 ? undefined : entry.key,
    locked,
    excludedFromDumps: entry.flags.has("dd"),
    fork: entry.flags.has("wf") ? "wiped" : entry.flags.has("dc") ? "absent" : "copied",
    guarded,
    guardsSealed: guarded && before.flags.has("sl") && after.flags.has("sl"),
    unmergeable: !entry.flags.has("mg"),
    noHugePages: entry.flags.has("nh"),
    protection,
    pooled: KIND !== "own",
    suspect: false,
  };
  const key = `${entry.key === 0 ? "without" : "with"} a key`;
  return { status, table: `${entry.permissions.slice(0, 3)} ${key}`, entry };
}

const OPEN = { none: "--- without a key", read: "r-- without a key", write: "rw- without a key" };

const SHARED_PAGES = ownPages("secrets of a pool share pages");

const LENGTHS = [1, PAGE, PAGE + 1, 9 * PAGE + 1];

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  const { store, gate } = rungs;
  const keyed = "rw- with a key";
  for (const length of LENGTHS) {
    test(
      `\`status()\` of ${length} bytes says what smaps says: before, in and after windows (${
        nameOf(rungs)
      })`,
      { skip: skip || missing },
      async () => {
        using secret = Secret.random(length, rungs);
        const address = secret.withBytes(addressOf);
        const compare = (protection: SecretStatus["protection"], table: string) => {
          const seen = look(address, length, rungs, protection);
          assert.deepEqual(secret.status(), seen.status);
          assert.deepEqual([seen.status.store, seen.table], [store, table]);
        };
        const own = (protection: SecretStatus["protection"]) =>
          compare(protection, gate === "pkey" ? keyed : OPEN[protection]);
        own("none");
        secret.withBytes(() => own("read"));
        secret.update(() => own("write"));
        secret.withBytes(() => secret.withBytes(() => own("read")));
        own("none");
        // A window that may outlive its call is for all threads, whatever the gate.
        await secret.withBytesAsync(async () => {
          compare("read", OPEN.read);
          await Promise.resolve();
          secret.withBytes(() => compare("read", OPEN.read));
          compare("read", OPEN.read);
        });
        own("none");
        {
          using _opened = secret.open();
          compare("read", OPEN.read);
        }
        secret.withBytes(() => {
          const opened = secret.open();
          compare("read", OPEN.read);
          opened[Symbol.dispose]();
          own("read");
        });
        own("none");
        await untilIdle();
        compare("none", OPEN.none);
        secret.withBytes(() => own("read"));
      },
    );

    test(
      `the pages of ${length} bytes are locked, undumped, not forked, unmerged and guarded (${
        nameOf(rungs)
      })`,
      { skip: skip || missing },
      async () => {
        using secret = Secret.random(length, rungs);
        const address = secret.withBytes(addressOf);
        await untilIdle();
        const { status, entry } = look(address, length, rungs, "none");
        assert.deepEqual(status, {
          store,
          gate,
          pkey: undefined,
          locked: true,
          excludedFromDumps: true,
          fork: store === "secretmem" ? "absent" : "wiped",
          guarded: true,
          guardsSealed: guardSealing.available,
          unmergeable: true,
          noHugePages: true,
          protection: "none",
          pooled: KIND !== "own",
          suspect: false,
        });
        const { flags, from, to } = entry;
        // Not executable, shared only as an area is that no child gets, and no wider than it has to be.
        for (const flag of ["ex", "rd", "wr"]) assert.equal(flags.has(flag), false, flag);
        assert.equal(flags.has("sh"), store === "secretmem");
        const pages = Math.ceil(length / PAGE);
        const span = Number(to - from) / PAGE;
        assert.ok(span >= pages && span <= (pages <= 8 ? pages : pages * 1.25), `${span} pages`);
      },
    );
  }
}

testOnRungs("`status()` of a secret that was shared, copied or filled says the same", async () => {
  using secret = Secret.fill(32, (bytes) => void bytes.fill(1));
  const first = await statusAtRest(secret);
  secret.share();
  assert.deepEqual(await statusAtRest(secret), first);
  using copy = secret.copy();
  assert.deepEqual(await statusAtRest(copy), { ...first, pooled: false });
  using text = Secret.fromString("text");
  assert.deepEqual(await statusAtRest(text), first);
  assert.deepEqual(Object.keys(first).filter((key) => /address|pointer|handle/i.test(key)), []);
}, { skip });

async function statusAtRest(secret: Secret): Promise<SecretStatus> {
  await untilIdle();
  return secret.status();
}

test("secrets in use at the same time carry keys of their own, as many as there are", {
  skip: skip || SHARED_PAGES,
}, () => {
  const { protectionKeys } = stats();
  const secrets = Array.from({ length: protectionKeys + 2 }, () => Secret.random(32));
  const descend = (index: number): (number | undefined)[] =>
    index === secrets.length
      ? secrets.map((secret) => secret.status().pkey)
      : secrets[index]!.withBytes(() => descend(index + 1));
  const keys = descend(0).filter((key) => key !== undefined);
  assert.equal(new Set(keys).size, AUTO.gate === "pkey" ? protectionKeys : 0);
  assert.equal(keys.length, new Set(keys).size, "two secrets carry one key");
  for (const secret of secrets) secret.close();
});

testOnRungs("the kernel counts one locked page for each small secret, and no guard", () => {
  const before = { ours: stats(), kernel: statusBytes("VmLck") };
  // Until an arena had to be made; other stores may have free pages, too.
  const secrets: Secret[] = [];
  while (stats().lockedBytes === before.ours.lockedBytes) {
    assert.ok(secrets.length <= before.ours.freePages, "free pages were there, and not taken");
    secrets.push(Secret.random(32));
  }
  const after = { ours: stats(), kernel: statusBytes("VmLck") };
  for (const secret of secrets) secret.close();
  const locked = after.ours.lockedBytes - before.ours.lockedBytes;
  // A new arena was needed, all of whose pages are locked at once.
  assert.equal(after.kernel - before.kernel, locked);
  assert.equal(locked, (after.ours.pages - before.ours.pages) * PAGE);
  const taken = locked / PAGE + before.ours.freePages - after.ours.freePages;
  assert.equal(taken, secrets.length);
}, { skip: skip || SHARED_PAGES });

testOnRungs("a secret that finds a free page locks nothing more", () => {
  // Closing makes the page of the first one free for sure, whatever other tests hold.
  Secret.random(32).close();
  assert.ok(stats().freePages > 0);
  const before = { ours: stats().lockedBytes, kernel: statusBytes("VmLck") };
  using secret = Secret.random(32);
  assert.equal(secret.length, 32);
  assert.equal(stats().lockedBytes, before.ours);
  assert.equal(statusBytes("VmLck"), before.kernel);
}, { skip });

testOnRungs("a secret of several pages locks just these, and gives them back", () => {
  const before = { ours: stats().lockedBytes, kernel: statusBytes("VmLck") };
  const secret = Secret.random(3 * PAGE + 1);
  assert.equal(stats().lockedBytes - before.ours, 4 * PAGE);
  assert.equal(statusBytes("VmLck") - before.kernel, 4 * PAGE);
  secret.close();
  assert.equal(stats().lockedBytes, before.ours);
  assert.equal(statusBytes("VmLck"), before.kernel);
}, { skip });

test("`stats().systemLockedBytes` is what the kernel says", { skip }, () => {
  using secret = Secret.random(32);
  assert.equal(stats().systemLockedBytes, statusBytes("VmLck"));
  assert.ok(stats().lockedBytes <= statusBytes("VmLck"));
  assert.equal(secret.isClosed, false);
});

test("`capabilities().probe` is the status of a secret in its window's absence", async () => {
  const { probe, supported, pageSize } = capabilities();
  using secret = Secret.random(1);
  assert.equal(supported, true);
  await untilIdle();
  assert.deepEqual({ ...probe, pkey: undefined }, secret.status());
  assert.equal(pageSize & (pageSize - 1), 0);
});
