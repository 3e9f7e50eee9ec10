/** The doctor on hosts that lack something: real ones, made by limits, users, filters and flags. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { Picture, Report, RowName } from "../doctor.ts";
import { commandLine, ROOT, RUNTIME } from "./support/child.ts";
import { doctor, examined, idsOf, rowOf, unwrapped } from "./support/doctor.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { withoutMounts } from "./support/mounts.ts";
import { buildNative, withFolder, withoutZig } from "./support/native.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { MISSING, RUNGS, withNothingMissing } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";
import { reportedUnprivileged, withoutUser } from "./support/unprivileged.ts";

const LIMITS = ["docker-ulimit", "systemd-limit", "kubernetes-node", "login-limit"];

test("without a lock budget the doctor says so, how to raise it, and ends with 1", {
  skip: withoutMemlock,
}, async () => {
  const { status, printed } = await examined([], { wrapper: memlock(0) });
  assert.equal(status, 1);
  assert.equal(printed.ok, false);
  assert.equal(printed.supported, false);
  assert.deepEqual(printed.lock, {
    limitBytes: 0,
    unlimited: false,
    mayExceed: false,
    lockedBytes: 0,
  });
  assert.match(printed.secret.reason ?? "", /the limit for locked memory is 0 bytes/);
  const locked = rowOf(printed, "locked");
  assert.equal(locked.available, false);
  for (const ids of [idsOf(printed.secret.advice), idsOf(locked.advice)]) {
    assert.deepEqual([...ids].sort(), [...LIMITS, "close-or-allow-unlocked"].sort());
  }
  assert.equal(printed.picture, null);
  const { status: again, stdout } = await doctor([], { wrapper: memlock(0) });
  assert.equal(again, 1);
  for (const word of ["LimitMEMLOCK=", "--ulimit memlock=", "--cap-add IPC_LOCK", "limits.conf"]) {
    assert.ok(stdout.includes(word), word);
  }
  // Each piece of advice once, however many rows lack the same.
  assert.equal(stdout.split("A systemd service:").length, 2);
  assert.match(stdout, /-> as above/);
});

test("what is required is missing without a lock budget, and is named", {
  skip: withoutMemlock,
}, async () => {
  const { status, printed } = await examined(["--require", "mprotect,locked"], {
    wrapper: memlock(0),
  });
  assert.equal(status, 1);
  assert.deepEqual(printed.missing, ["locked"]);
});

test("nothing works without a lock budget, even if all that is required is there", {
  skip: withoutMemlock,
}, async () => {
  const { status, stdout } = await doctor(["--require", "mprotect"], { wrapper: memlock(0) });
  assert.equal(status, 1);
  assert.match(stdout, /^Nothing works here\.$/m);
});

test("a budget of 64 KiB is enough", { skip: withoutMemlock }, async () => {
  const { status, printed } = await examined(["--require", "locked"], { wrapper: memlock(65536) });
  assert.equal(status, 0);
  assert.equal(printed.lock.limitBytes, 65536);
  assert.equal(printed.lock.mayExceed, false);
  assert.equal(printed.picture?.moments.length !== 0, true);
});

test("an ordinary user is told that the limit binds", { skip: withoutUser }, async () => {
  const { lock, secret, picture } = await reportedUnprivileged<Report>(`
    import { examine } from ${moduleUrl("doctor.ts")};
    console.log(JSON.stringify(examine()));
  `);
  assert.equal(lock.mayExceed, false);
  assert.equal(secret.made, true);
  assert.equal(picture?.source, "smaps");
});

/** System calls that a sandbox may refuse, the row that then lacks something, and the words. */
const REFUSALS: readonly (readonly [call: string, row: RowName, says: RegExp])[] = [
  ["memfd_secret", "secretmem", /refuse.* memfd_secret/],
  ["pkey_alloc", "pkey", /refuse.* pkey_alloc/],
  ["mseal", "sealed-guards", /refuse.* mseal/],
  ["mlock2", "locked", /refuse.* mlock2/],
];

test("a seccomp filter that refuses a call is named as what refuses it", {
  skip: notOnLinux || withoutZig,
}, async () => {
  await withFolder(async (folder) => {
    const filter = JSON.stringify(buildNative("seccomp", folder));
    for (const [name, row, says] of REFUSALS) {
      // mlock takes over where mlock2 is missing, so both are refused.
      const names = name === "mlock2" ? ["mlock2", "mlock"] : [name];
      const rules = names.map((call) => ({ name: call, errno: 1 }));
      const report = await reported<Report>(`
        import { examine } from ${moduleUrl("doctor.ts")};
        import { installFilter } from ${moduleUrl("tests/support/seccomp.ts")};
        import { detectRuntime, library } from ${moduleUrl("src/native/library.ts")};
        library();
        installFilter(${filter}, library().path, ${JSON.stringify(rules)});
        report(examine());
      `);
      const { available, advice, reason } = rowOf(report, row);
      assert.equal(available, false, name);
      assert.match(reason ?? "", /failed with EPERM 1/, name);
      assert.equal(report.host.seccomp, true);
      assert.deepEqual(idsOf(advice), ["seccomp"], name);
      assert.match(advice[0]?.text ?? "", /^This process runs under a seccomp filter/);
      assert.match(advice[0]?.text ?? "", says);
    }
  });
});

test("a filter that says ENOSYS is not taken for an old kernel alone", {
  skip: notOnLinux || withoutZig,
}, async () => {
  await withFolder(async (folder) => {
    const filter = JSON.stringify(buildNative("seccomp", folder));
    const rules = ["memfd_secret", "mseal"].map((name) => ({ name, errno: 38 }));
    const report = await reported<Report>(`
      import { examine } from ${moduleUrl("doctor.ts")};
      import { installFilter } from ${moduleUrl("tests/support/seccomp.ts")};
      import { library } from ${moduleUrl("src/native/library.ts")};
      library();
      installFilter(${filter}, library().path, ${JSON.stringify(rules)});
      report(examine());
    `);
    const secretmem = idsOf(rowOf(report, "secretmem").advice);
    assert.ok(secretmem.includes("seccomp"), secretmem.join());
    assert.ok(secretmem.includes("secretmem-enable"), secretmem.join());
    const sealed = idsOf(rowOf(report, "sealed-guards").advice);
    assert.ok(sealed.includes("seccomp"), sealed.join());
  });
});

test("a rung that the environment requires and that is missing is why nothing works", {
  skip: withNothingMissing(),
}, async () => {
  const [[ladder, rung]] = Object.entries(MISSING ?? {}) as [[string, string]];
  const env = { [`SECUREMEMORY_${ladder.toUpperCase()}`]: rung };
  const { status, printed } = await examined([], { env });
  assert.equal(status, 1);
  assert.equal(printed.supported, true);
  assert.equal(printed.secret.made, false);
  assert.match(printed.secret.reason ?? "", new RegExp(`the ${ladder} "${rung}" is required`));
  assert.deepEqual(idsOf(printed.secret.advice), ["required-rung"]);
});

test("a wrong variable is why nothing works", async () => {
  const { status, printed } = await examined([], { env: { SECUREMEMORY_STORE: "nonsense" } });
  assert.equal(status, 1);
  assert.match(printed.secret.reason ?? "", /SECUREMEMORY_STORE.*nonsense/);
  assert.deepEqual(idsOf(printed.secret.advice), ["environment"]);
});

test("without the library the doctor says which one is missing", async () => {
  const { status, printed } = await examined([], {
    env: { SECUREMEMORY_LIBRARY: "/nonexistent/library.so" },
  });
  assert.equal(status, 1);
  assert.equal(printed.library, null);
  assert.match(printed.secret.reason ?? "", /nonexistent/);
  assert.equal(printed.crypto.loaded, false);
  assert.equal(printed.crypto.reason, printed.secret.reason);
  assert.deepEqual(idsOf(printed.secret.advice), ["reinstall"]);
  for (const { available, reason, advice } of printed.rows) {
    assert.deepEqual([available, reason], [false, "secrets cannot be made here"]);
    assert.deepEqual(idsOf(advice), ["secrets-first"]);
  }
});

const notOnDeno = unless("deno", RUNTIME === "deno", "this is about Deno's permissions");
const notOnNode = unless("node", RUNTIME === "node", "this is about Node's permissions");

/** Deno started by Deno with no permission at all gets those of its parent. */
const NONE = ["--allow-env=NONE_OF_OURS"];

test("without a permission Deno does not die: the flags are named", {
  skip: notOnDeno,
}, async () => {
  const { status, stdout, stderr } = await doctor([], { flags: NONE });
  assert.deepEqual([status, stderr], [1, ""]);
  assert.match(unwrapped(stdout), /run Deno with --allow-ffi/);
  assert.match(stdout, /deno run -A jsr:@securememory\/core\/doctor/);
  const { printed } = await examined([], { flags: NONE });
  assert.deepEqual(idsOf(printed.secret.advice), ["deno-allow-ffi"]);
  assert.equal(printed.host.kernel, null);
});

const withoutScript = unless(
  "script",
  spawnSync("script", ["--version"]).status === 0,
  "script (util-linux) cannot make a terminal here",
);

test("on a terminal Deno does not ask for a permission", {
  skip: notOnDeno || withoutScript,
}, () => {
  for (const flags of [[], ["--allow-ffi"], ["--allow-ffi", "--allow-read"]]) {
    const line = commandLine(join(ROOT, "doctor.ts"), { flags }).map((word) => `'${word}'`);
    const { status, stdout } = spawnSync("script", ["-qec", line.join(" "), "/dev/null"], {
      encoding: "utf8",
    });
    assert.match(stdout, /SecureMemory \d/);
    assert.doesNotMatch(stdout, /Allow\?|requests/);
    assert.equal(status, flags.length === 0 ? 1 : 0);
  }
});

test("with --allow-ffi alone Deno shows what status() says, and how to see more", {
  skip: notOnDeno,
}, async () => {
  const { status, printed } = await examined([], { flags: ["--allow-ffi"] });
  assert.equal(status, 0);
  assert.equal(printed.picture?.source, "status");
  assert.match(printed.picture?.reason ?? "", /--allow-all/);
  assert.deepEqual(
    printed.picture?.moments.map(({ pages }) => pages.permissions),
    ["---", "r--", "rw-", "---"],
  );
  assert.equal(printed.library?.sha256, null);
  const { stdout } = await doctor([], { flags: ["--allow-ffi"] });
  assert.match(stdout, /locked: never swapped out/);
});

test("with --allow-ffi for the library alone Deno shows as much", { skip: notOnDeno }, async () => {
  const { printed: { library } } = await examined();
  const { status, printed } = await examined([], { flags: [`--allow-ffi=${library?.path}`] });
  assert.equal(status, 0);
  assert.deepEqual(printed.secret.advice, []);
  // Keyed operations take the other library's path as well.
  assert.equal(printed.crypto.loaded, false);
  assert.deepEqual(idsOf(printed.crypto.advice), ["deno-allow-ffi"]);
  assert.match(printed.crypto.reason ?? "", /run Deno with --allow-ffi=\/.*crypto/);
  const folder = dirname(library?.path as string);
  const both = await examined([], { flags: [`--allow-ffi=${folder}`] });
  assert.equal(both.printed.crypto.loaded, true);
});

/** The folders that modules are read from. */
const READ = ["--permission", `--allow-fs-read=${new URL("../", import.meta.url).pathname}`];

test("under Node's --permission the flags are named", { skip: notOnNode }, async () => {
  const { status, printed } = await examined([], { flags: READ });
  assert.equal(status, 1);
  assert.deepEqual(idsOf(printed.secret.advice), ["node-allow-ffi"]);
  const { stdout } = await doctor([], { flags: READ });
  assert.match(unwrapped(stdout), /run Node with --allow-ffi/);
});

test("with --allow-ffi alone Node shows what status() says, and how to see more", {
  skip: notOnNode || notOnLinux,
}, async () => {
  const flags = [...READ, "--allow-ffi"];
  const { status, printed } = await examined([], { flags });
  assert.equal(status, 0);
  assert.equal(printed.picture?.source, "status");
  assert.match(printed.picture?.reason ?? "", /--allow-fs-read/);
  const more = await examined([], { flags: [...flags, "--allow-fs-read=/proc"] });
  assert.equal(more.printed.picture?.source, "smaps");
  assert.equal(typeof more.printed.host.kernel, "string");
});

test("Node without FFI says which flag is in the way", { skip: notOnNode }, async () => {
  const { status, printed } = await examined([], { flags: ["--no-experimental-ffi"] });
  assert.equal(status, 1);
  assert.deepEqual(idsOf(printed.secret.advice), ["node-ffi-on"]);
});

const UNSHARE = ["unshare", "--mount"];

test("without /proc there is no picture, and that is said", { skip: withoutMounts }, async () => {
  const { ended, text, picture, pictureReason, made, dumps } = await reported<
    {
      ended: number;
      text: string;
      picture: Picture | null;
      pictureReason: string;
      made: boolean;
      dumps: { available: boolean; advice: { id: string }[] };
    }
  >(
    `
        import { spawnSync } from "node:child_process";
    import { examine, run } from ${moduleUrl("doctor.ts")};
    const { status: hidden } = spawnSync("mount", ["-t", "tmpfs", "none", "/proc"]);
    if (hidden !== 0) throw new Error("The folder cannot be hidden");
    let text = "";
    const add = (line) => void (text += line);
    const ended = run([], { out: add, error: add, colors: false, unicode: false, columns: 80 });
    const { picture, pictureReason, secret: { made }, rows } = examine();
    report({ ended, text, picture, pictureReason, made, dumps: rows.at(-1) });
    `,
    { wrapper: UNSHARE },
  );
  assert.equal(picture, null);
  assert.match(pictureReason, /^Cannot read the status .*smaps failed with ENOENT 2/);
  assert.match(text, /There is no picture: Cannot read the status/);
  // Secrets work all the same.
  assert.equal(made, true);
  assert.equal(ended, 0);
  assert.equal(dumps.available, false);
  assert.deepEqual(dumps.advice.map(({ id }) => id), ["mount-proc"]);
});

test("where nobody knows of hibernation the doctor says why auto leaves secretmem alone", {
  skip: withoutMounts || unless(
    "secretmem",
    RUNGS.some(({ store }) => store === "secretmem"),
    "this host has no memfd_secret",
  ),
}, async () => {
  const report = await reported<Report>(
    `
    import { spawnSync } from "node:child_process";
    import { examine } from ${moduleUrl("doctor.ts")};
    const { status: hidden } = spawnSync("mount", ["-t", "tmpfs", "none", "/sys"]);
    if (hidden !== 0) throw new Error("The folder cannot be hidden");
    report(examine());
    `,
    { wrapper: UNSHARE },
  );
  assert.equal(report.hibernation, "unknown");
  const { available, used, advice } = rowOf(report, "secretmem");
  assert.deepEqual([available, used], [true, false]);
  assert.deepEqual(idsOf(advice), ["hibernation"]);
  assert.equal(rowOf(report, "locked").used, true);
});
