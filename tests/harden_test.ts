/**
 * Hardening concerns the whole process, so it is done in children.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HardenReport, SecretStatus } from "../mod.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { withNative, withoutZig } from "./support/native.ts";
import { CHILD_UID, reportedUnprivileged, withoutUser } from "./support/unprivileged.ts";

/** A soft and a hard limit on core dumps, which no process has by chance. */
const CORE = ["prlimit", "--core=1000000:2000000"];

const CORE_LIMITS = `
const coreLimits = () =>
  /^Max core file size +(\\S+) +(\\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")).slice(1, 3);
`;

test("harden() sets the soft limit on core dumps to 0, and leaves the hard one", {
  skip: notOnLinux,
}, async () => {
  const { before, after } = await reported<{ before: string[]; after: string[] }>(
    `${CORE_LIMITS}
    const before = coreLimits();
    securememory.harden();
    report({ before, after: coreLimits() });`,
    { wrapper: CORE },
  );
  assert.deepEqual(before, ["1000000", "2000000"]);
  assert.deepEqual(after, ["0", "2000000"]);
});

test("harden() says what it did and how to undo it, each time the same", {
  skip: notOnLinux,
}, async () => {
  const reports = await reported<HardenReport[]>(
    `report([securememory.harden(), securememory.harden(), securememory.harden()]);`,
  );
  const [first] = reports as [HardenReport];
  assert.deepEqual(reports, [first, first, first]);
  assert.deepEqual(Object.keys(first).sort(), ["noCoreDumps", "notDumpable"]);
  for (const part of Object.values(first)) {
    assert.deepEqual(Object.keys(part).sort(), ["applied", "note", "undo"]);
    assert.equal(part.applied, true);
    assert.equal(typeof part.note, "string");
  }
  assert.match(first.noCoreDumps.undo ?? "", /RLIMIT_CORE/);
  assert.match(first.notDumpable.undo ?? "", /PR_SET_DUMPABLE/);
});

test("harden() makes the process not dumpable", { skip: withoutZig }, async () => {
  await withNative("hostile", async (path) => {
    const dumpable = await reported<number[]>(`
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const { hostile_dumpable: dumpable } = detectRuntime().load(${JSON.stringify(path)}, {
        hostile_dumpable: { parameters: [], result: "i32" },
      });
      const before = dumpable();
      securememory.harden();
      report([before, dumpable()]);
    `);
    assert.deepEqual(dumpable, [1, 0]);
  });
});

test("neither the import nor any use of secrets hardens the process", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<unknown>(
      `${CORE_LIMITS}
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const { hostile_dumpable: dumpable } = detectRuntime().load(${JSON.stringify(path)}, {
        hostile_dumpable: { parameters: [], result: "i32" },
      });
      const secret = Secret.random(32);
      secret.withBytes((bytes) => bytes[0]);
      secret.share();
      Secret.random(100_000).close();
      securememory.configure({ label: "label" });
      securememory.capabilities();
      securememory.stats();
      securememory.purge();
      report({ dumpable: dumpable(), limits: coreLimits() });`,
      { wrapper: CORE },
    );
    assert.deepEqual(seen, { dumpable: 1, limits: ["1000000", "2000000"] });
  });
});

interface Neighbour {
  readonly owners: number[];
  readonly before: boolean;
  readonly after: boolean;
  readonly status: SecretStatus;
  readonly supported: boolean;
  readonly value: number[];
}

/** What other processes of the user see, before and after. */
const AS_A_USER = `
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import process from "node:process";
import { capabilities, harden, Secret } from ${moduleUrl("mod.ts")};

const owner = () => statSync("/proc/self/mem").uid;
/** Whether another process of the user may look into this one. */
const readable = () =>
  spawnSync("head", ["-c", "1", "/proc/" + process.pid + "/environ"], { stdio: "ignore" }).status === 0;
const secret = Secret.from(new Uint8Array([1, 2, 3]));
const owners = [owner()];
const before = readable();
harden();
owners.push(owner());
console.log(JSON.stringify({
  owners,
  before,
  after: readable(),
  status: secret.status(),
  supported: capabilities().supported,
  value: secret.withBytes((bytes) => [...bytes]),
}));
`;

test("after harden() no other process of the same user can look into this one", {
  skip: withoutUser,
}, async () => {
  const { owners, before, after } = await reportedUnprivileged<Neighbour>(AS_A_USER);
  assert.deepEqual(owners, [CHILD_UID, 0], "Whom /proc/self/mem belongs to");
  assert.equal(before, true, "Nothing is proved where it could not look before");
  assert.equal(after, false);
});

test("after harden() secrets, their status and capabilities() work as before", {
  skip: withoutUser,
}, async () => {
  const { status, supported, value } = await reportedUnprivileged<Neighbour>(AS_A_USER);
  const { locked, guarded, fork, store } = status;
  assert.deepEqual({ locked, guarded, fork }, {
    locked: true,
    guarded: true,
    fork: store === "secretmem" ? "absent" : "wiped",
  });
  assert.equal(supported, true);
  assert.deepEqual(value, [1, 2, 3]);
});
