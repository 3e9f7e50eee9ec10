import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilities, Secret, type SecretStatus, stats } from "../mod.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { statusBytes } from "./support/maps.ts";
import { addressOf } from "./support/memory.ts";
import { unless } from "./support/skip.ts";

const PAGE = capabilities().pageSize;
const skip = unless("proc", HAS_SMAPS, "there is no /proc/self/smaps");

/** One entry of /proc/self/smaps, read here and by no code of the library. */
interface Entry {
  readonly from: bigint;
  readonly to: bigint;
  readonly permissions: string;
  readonly flags: ReadonlySet<string>;
}

function smaps(): Entry[] {
  const entries: Entry[] = [];
  const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) /;
  let last: RegExpExecArray | null = null;
  for (const line of readFileSync("/proc/self/smaps", "utf8").split("\n")) {
    last = header.exec(line) ?? last;
    if (!line.startsWith("VmFlags:") || last === null) continue;
    entries.push({
      from: BigInt(`0x${last[1]}`),
      to: BigInt(`0x${last[2]}`),
      permissions: last[3]!,
      flags: new Set(line.slice("VmFlags:".length).trim().split(" ")),
    });
  }
  return entries;
}

/** What `status()` has to say, by the kernel's own words. */
function expected(address: bigint, length: number): Partial<SecretStatus> {
  const entries = smaps();
  const index = entries.findIndex(({ from, to }) => from <= address && address < to);
  const entry = entries[index]!;
  const before = entries[index - 1];
  const after = entries[index + 1];
  assert.ok(address + BigInt(length) <= entry.to, "the secret is on one mapping");
  return {
    locked: entry.flags.has("lo"),
    excludedFromDumps: entry.flags.has("dd"),
    fork: entry.flags.has("wf") ? "wiped" : "copied",
    unmergeable: !entry.flags.has("mg"),
    noHugePages: entry.flags.has("nh"),
    guarded: before?.to === entry.from && before.permissions === "---p" &&
      after?.from === entry.to && after.permissions === "---p",
    protection: ({ "---p": "none", "r--p": "read", "rw-p": "write" } as const)[entry.permissions],
  };
}

for (const length of [1, 32, PAGE, PAGE + 1, 5 * PAGE]) {
  test(`\`status()\` of ${length} bytes says what smaps says: before, in and after windows`, {
    skip,
  }, () => {
    using secret = Secret.random(length);
    const address = secret.withBytes(addressOf);
    const compare = (protection: string) => {
      const { store, gate, ...rest } = secret.status();
      assert.deepEqual(rest, expected(address, length));
      assert.deepEqual([store, gate, rest.protection], ["locked", "mprotect", protection]);
    };
    compare("none");
    secret.withBytes(() => compare("read"));
    secret.update(() => compare("write"));
    secret.withBytes(() => secret.withBytes(() => compare("read")));
    compare("none");
  });

  test(`the pages of ${length} bytes are locked, undumped, wiped on fork, unmerged and guarded`, {
    skip,
  }, () => {
    using secret = Secret.random(length);
    const address = secret.withBytes(addressOf);
    assert.deepEqual(expected(address, length), {
      locked: true,
      excludedFromDumps: true,
      fork: "wiped",
      unmergeable: true,
      noHugePages: true,
      guarded: true,
      protection: "none",
    });
    const { flags, from, to } = smaps().find(({ from, to }) => from <= address && address < to)!;
    // Not shared, not executable, and no wider than it has to be.
    for (const flag of ["sh", "ex", "rd", "wr"]) assert.equal(flags.has(flag), false, flag);
    assert.equal(Number(to - from), Math.ceil(length / PAGE) * PAGE);
  });
}

test("`status()` of a secret that was shared, copied or filled says the same", { skip }, () => {
  using secret = Secret.fill(32, (bytes) => void bytes.fill(1));
  const first = secret.status();
  secret.share();
  assert.deepEqual(secret.status(), first);
  using copy = secret.copy();
  assert.deepEqual(copy.status(), first);
  using text = Secret.fromString("text");
  assert.deepEqual(text.status(), first);
  assert.deepEqual(Object.keys(first).filter((key) => /address|pointer|handle/i.test(key)), []);
});

test("the kernel counts one locked page for each secret of a page or less, and no guard", {
  skip,
}, () => {
  const before = { ours: stats(), kernel: statusBytes("VmLck") };
  // More than there are free pages, whatever other tests have left.
  const count = before.ours.freePages + 100;
  const secrets = Array.from({ length: count }, () => Secret.random(32));
  const after = { ours: stats(), kernel: statusBytes("VmLck") };
  for (const secret of secrets) secret.close();
  const locked = after.ours.lockedBytes - before.ours.lockedBytes;
  // A new arena was needed, all of whose pages are locked at once.
  assert.ok(locked > 0);
  assert.equal(after.kernel - before.kernel, locked);
  assert.equal(locked, (after.ours.pages - before.ours.pages) * PAGE);
  const taken = locked / PAGE + before.ours.freePages - after.ours.freePages;
  assert.equal(taken, count);
});

test("a secret that finds a free page locks nothing more", { skip }, () => {
  // Closing makes the page of the first one free for sure, whatever other tests hold.
  Secret.random(32).close();
  assert.ok(stats().freePages > 0);
  const before = { ours: stats().lockedBytes, kernel: statusBytes("VmLck") };
  using secret = Secret.random(32);
  assert.equal(secret.length, 32);
  assert.equal(stats().lockedBytes, before.ours);
  assert.equal(statusBytes("VmLck"), before.kernel);
});

test("a secret of several pages locks just these, and gives them back when it is closed", {
  skip,
}, () => {
  const before = { ours: stats().lockedBytes, kernel: statusBytes("VmLck") };
  const secret = Secret.random(3 * PAGE + 1);
  assert.equal(stats().lockedBytes - before.ours, 4 * PAGE);
  assert.equal(statusBytes("VmLck") - before.kernel, 4 * PAGE);
  secret.close();
  assert.equal(stats().lockedBytes, before.ours);
  assert.equal(statusBytes("VmLck"), before.kernel);
});

test("`stats().systemLockedBytes` is what the kernel says", { skip }, () => {
  using secret = Secret.random(32);
  assert.equal(stats().systemLockedBytes, statusBytes("VmLck"));
  assert.ok(stats().lockedBytes <= statusBytes("VmLck"));
  assert.equal(secret.isClosed, false);
});

test("`capabilities().probe` is the status of a secret in its window's absence", () => {
  const { probe, supported, pageSize } = capabilities();
  using secret = Secret.random(1);
  assert.equal(supported, true);
  assert.deepEqual(probe, secret.status());
  assert.equal(pageSize & (pageSize - 1), 0);
});
