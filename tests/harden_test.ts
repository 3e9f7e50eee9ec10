/**
 * Hardening concerns the whole process, so it is done in children.
 */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { HardenReport, SecretStatus } from "../mod.ts";
import { FAULTS } from "./support/faults.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { buildProgram, withFolder, withNative, withoutZig } from "./support/native.ts";
import { unless } from "./support/skip.ts";
import { CHILD_UID, reportedUnprivileged, withoutUser } from "./support/unprivileged.ts";

/** A soft and a hard limit on core dumps, which no process has by chance. */
const CORE = ["prlimit", "--core=1000000:2000000"];

/** Where Yama lets none but ancestors look (ptrace(2)), nothing can be seen before either. */
const YAMA = "/proc/sys/kernel/yama/ptrace_scope";
const withoutAttaching = unless(
  "attach",
  !existsSync(YAMA) || readFileSync(YAMA, "utf8").trim() === "0",
  "Yama keeps processes of a user from looking into each other already",
);

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

test("harden() says what it did and what it costs, each time the same", {
  skip: notOnLinux,
}, async () => {
  const reports = await reported<HardenReport[]>(
    `report([securememory.harden(), securememory.harden(), securememory.harden()]);`,
    { wrapper: CORE },
  );
  const [first] = reports as [HardenReport];
  assert.deepEqual(reports, [first, first, first]);
  for (const { note, ...part } of [first.noCoreDumps, first.notDumpable]) {
    assert.deepEqual(part, { applied: true, already: false, reversible: true });
    assert.match(note, /\((core\(5|prctl\(2)/);
  }
});

test("undo() puts back what was there before the first harden()", {
  skip: withoutZig,
}, async () => {
  const seen = await dumpableAndLimits<unknown>(`
    const states = [state()];
    securememory.harden();
    const hardened = securememory.harden();
    states.push(state());
    hardened.undo();
    states.push(state());
    hardened.undo();
    states.push(state());
    securememory.harden();
    states.push(state());
    report(states);
  `);
  const open = { dumpable: 1, limits: ["1000000", "2000000"] };
  const hard = { dumpable: 0, limits: ["0", "2000000"] };
  assert.deepEqual(seen, [open, hard, open, open, hard]);
});

test("what held before harden() is reported, and is not taken back", {
  skip: withoutZig,
}, async () => {
  const { report, after } = await dumpableAndLimits<{ report: HardenReport; after: unknown }>(
    `
    setDumpable(0);
    const hardened = securememory.harden();
    hardened.undo();
    report({ report: hardened, after: state() });
    `,
    ["prlimit", "--core=0:2000000"],
  );
  for (const { note: _, ...part } of [report.noCoreDumps, report.notDumpable]) {
    assert.deepEqual(part, { applied: true, already: true, reversible: false });
  }
  assert.deepEqual(after, { dumpable: 0, limits: ["0", "2000000"] });
});

test("undo() leaves alone what somebody has changed since, and minds a lowered hard limit", {
  skip: withoutZig,
}, async () => {
  const seen = await dumpableAndLimits<unknown>(`
    import { spawnSync } from "node:child_process";
    const limit = (value) => {
      const { status } = spawnSync("prlimit", ["--pid=" + process.pid, "--core=" + value]);
      if (status !== 0) throw new Error("prlimit failed");
    };
    const states = [];
    const first = securememory.harden();
    setDumpable(1);
    limit("5000:2000000");
    first.undo();
    states.push(state());
    const second = securememory.harden();
    limit("0:400");
    second.undo();
    states.push(state());
    report(states);
  `);
  assert.deepEqual(seen, [
    { dumpable: 1, limits: ["5000", "2000000"] },
    { dumpable: 1, limits: ["400", "400"] },
  ]);
});

test("harden() and undo() that fail at any call of theirs leave everything as it was", {
  skip: withoutZig,
}, async () => {
  const { hardening, undoing } = await dumpableAndLimits<Failures>(
    `
    import { library } from ${moduleUrl("src/native/library.ts")};
    const { runtime, path } = library();
    const { securememory_fault_arm } = runtime.load(path, {
      securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
    });
    /** Each call of the operation fails in turn, until none is left that could. */
    const failures = (operation, after) => {
      const seen = [];
      for (let k = 1; k < 20; k++) {
        securememory_fault_arm(k, 1, 1);
        const failure = failureOf(operation);
        securememory_fault_arm(0, 0, 0);
        if (failure === null) return seen;
        seen.push({ code: failure.code, syscall: failure.syscall, errno: failure.errno, ...state() });
      }
    };
    const hardening = failures(() => securememory.harden());
    const hardened = securememory.harden();
    report({ hardening, undoing: failures(() => hardened.undo()), end: state() });
    `,
    CORE,
    { SECUREMEMORY_LIBRARY: FAULTS },
  );
  const steps = (seen: Failures["hardening"]) => seen.map(({ syscall }) => syscall);
  assert.deepEqual(steps(hardening), ["getrlimit", "getrlimit", "setrlimit", "prctl", "prctl"]);
  for (const { code, errno, dumpable, limits } of hardening) {
    assert.deepEqual({ code, errno }, { code: "UNSUPPORTED", errno: 1 });
    assert.deepEqual({ dumpable, limits }, { dumpable: 1, limits: ["1000000", "2000000"] });
  }
  // Undoing stops where it fails: what was undone until then stays so.
  const half = { dumpable: 0, limits: ["1000000", "2000000"] };
  const whole = { dumpable: 0, limits: ["0", "2000000"] };
  assert.deepEqual(steps(undoing), ["getrlimit", "getrlimit", "setrlimit", "prctl"]);
  assert.deepEqual(
    undoing.map(({ dumpable, limits }) => ({ dumpable, limits })),
    [whole, whole, whole, half],
  );
});

interface Failures {
  readonly hardening: readonly {
    readonly code: string;
    readonly syscall: string;
    readonly errno: number;
    readonly dumpable: number;
    readonly limits: readonly string[];
  }[];
  readonly undoing: Failures["hardening"];
}

/** Runs a child that sees, by `state()`, both settings of its process. */
function dumpableAndLimits<T>(
  code: string,
  wrapper: readonly string[] = CORE,
  env: Readonly<Record<string, string>> = {},
): Promise<T> {
  return withNative("hostile", (path) =>
    reported<T>(
      `${CORE_LIMITS}
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const { hostile_dumpable, hostile_set_dumpable: setDumpable } =
        detectRuntime().load(${JSON.stringify(path)}, {
          hostile_dumpable: { parameters: [], result: "i32" },
          hostile_set_dumpable: { parameters: ["u32"], result: "i32" },
        });
      const state = () => ({ dumpable: hostile_dumpable(), limits: coreLimits() });
      ${code}`,
      { wrapper, env },
    ));
}

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

/** What look_into.zig says: the errno of each way in, and how much of the secret it saw. */
interface LookedInto {
  readonly attach: number;
  readonly mem: number;
  readonly vm: number;
  readonly content: number;
}

const REFUSED = { attach: 1, mem: 13, vm: 1, content: 0 }; // EPERM, EACCES
const SEEN = { attach: 0, mem: 0, vm: 0, content: 32 };

/** What a program of the same user sees of a secret in an open window. */
function lookedInto(hardening: string): Promise<LookedInto[]> {
  return withFolder((folder) => {
    chmodSync(folder, 0o755);
    const program = buildProgram("look_into", folder);
    return reportedUnprivileged<LookedInto[]>(`
      import { spawnSync } from "node:child_process";
      import process from "node:process";
      import { harden, Secret } from ${moduleUrl("mod.ts")};
      import { addressOf } from ${moduleUrl("tests/support/memory.ts")};
      const secret = Secret.from(new Uint8Array(32).fill(0xa7), { store: "locked" });
      const look = () => secret.withBytes((bytes) => {
        const place = addressOf(bytes).toString(16);
        const args = [String(process.pid), place];
        return JSON.parse(spawnSync(${JSON.stringify(program)}, args, { encoding: "utf8" }).stdout);
      });
      ${hardening}
    `);
  });
}

test("after harden() a process of the same user can neither attach nor read memory", {
  skip: withoutUser || withoutZig || withoutAttaching,
}, async () => {
  const [before, after, undone] = await lookedInto(`
    const seen = [look()];
    const hardened = harden();
    seen.push(look());
    hardened.undo();
    seen.push(look());
    console.log(JSON.stringify(seen));
  `);
  assert.deepEqual(before, SEEN, "Nothing is proved where it could not look before");
  assert.deepEqual(after, REFUSED);
  assert.deepEqual(undone, SEEN);
});
