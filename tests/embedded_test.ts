/** The library where no file lies beside the module: from memory, or from a file of the user's cache. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { cacheFolders } from "../src/native/cache_file.ts";
import { cryptoPath } from "../src/native/crypto.ts";
import { HASHES } from "../src/native/hashes.ts";
import { detectRuntime } from "../src/native/library.ts";
import { type ChildOptions, RUNTIME } from "./support/child.ts";
import { denoPath, withoutDeno } from "./support/deno.ts";
import { withoutMounts } from "./support/mounts.ts";
import { buildNative, withoutZig } from "./support/native.ts";
import { type Package, withPackage } from "./support/package.ts";
import { moduleUrl, notOnLinux } from "./support/report.ts";
import { unless } from "./support/skip.ts";
import { asUser, withoutUser } from "./support/unprivileged.ts";

const { os, arch } = detectRuntime();
const HASH = HASHES.core[`${os}-${arch}`] as string;

/** What a child tells of the library that it uses. */
interface Told {
  readonly path: string | undefined;
  readonly length: number;
  readonly error: string | undefined;
}

const TELL = `
import { capabilities, Secret } from "./mod.ts";
let length = 0;
let error;
try {
  length = Secret.random(32).withBytes((bytes) => bytes.length);
} catch ({ name, message }) {
  error = name + ": " + message;
}
console.log(JSON.stringify({ path: capabilities().library, length, error }));
`;

test("without a file the library comes from memory: sealed, under its hash, executable by nobody", {
  skip: notOnLinux,
}, async () => {
  const { path, link, seals, mode, mapped } = await withPackage((of) =>
    of.reported<{ path: string; link: string; seals: number; mode: number; mapped: string[] }>(`
      import { readFileSync, readlinkSync, statSync } from "node:fs";
      import { capabilities, Secret } from "./mod.ts";
      import { detectRuntime } from "./src/native/library.ts";
      Secret.random(32).close();
      const path = capabilities().library;
      const { fcntl } = detectRuntime().load("libc.so.6", {
        fcntl: { parameters: ["u32", "u32", "usize"], result: "i32" },
      });
      const F_GET_SEALS = 1034;
      const maps = readFileSync("/proc/self/maps", "utf8");
      console.log(JSON.stringify({
        path,
        link: readlinkSync(path),
        seals: fcntl(Number(path.split("/").at(-1)), F_GET_SEALS, 0n),
        mode: statSync(path).mode & 0o777,
        mapped: [...new Set(maps.match(/\\S*securememory[^/\\n]*$/gm))],
      }));
    `)
  );
  assert.match(path, /^\/proc\/self\/fd\/\d+$/);
  assert.equal(link, `/memfd:securememory-${HASH} (deleted)`);
  // F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE
  assert.equal(seals & 0xf, 0xf);
  assert.equal(mode & 0o111, 0, "Linux 6.3 and later makes it not executable");
  assert.equal(mapped.length, 1, `the library is mapped from ${mapped}`);
});

test("of all targets' bytes only this host's are imported, and none if there is a file", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const embedded = join(of.folder, "src/native/embedded");
    const own = `${os}_${arch}.ts`;
    const names = Object.keys(HASHES.core).map((target) => `${target.replace("-", "_")}.ts`);
    assert.equal(names.length, 6);
    for (const name of names.filter((one) => one !== own)) {
      writeFileSync(join(embedded, name), `throw new Error("${name} was imported");`);
    }
    assert.equal((await of.reported<Told>(TELL)).error, undefined);
    writeFileSync(join(embedded, own), `throw new Error("${own} was imported");`);
    const control = (await of.reported<Told>(TELL)).error;
    assert.match(control ?? "", /^UnsupportedError: .* beside the module, .*: it is missing/);
    putLibrary(of);
    assert.equal((await of.reported<Told>(TELL)).error, undefined);
  });
});

const THREADS = 6;
/** Threads that all load the library at the same moment, none of them before. */
const CROWD = `
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { readFileSync } from "node:fs";
import { Secret } from "./mod.ts";
if (isMainThread) {
  const start = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: ${THREADS} }, () =>
    new Worker(new URL(import.meta.url), { workerData: start }));
  const next = (worker) => new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await Promise.all(workers.map(next)); // All of them are ready.
  const tickets = workers.map(next);
  Atomics.store(start, 0, 1);
  Atomics.notify(start, 0);
  const secrets = (await Promise.all(tickets)).map((ticket) => Secret.attach(ticket));
  const bytes = secrets.map((secret) => secret.withBytes((view) => view[0]));
  const maps = readFileSync("/proc/self/maps", "utf8").match(/securememory-\\w+/g);
  const inodes = new Set(readFileSync("/proc/self/maps", "utf8").split("\\n")
    .filter((line) => line.includes("memfd:securememory")).map((line) => line.split(/ +/)[4]));
  console.log(JSON.stringify({ bytes, copies: inodes.size }));
  await Promise.all(workers.map((worker) => worker.terminate()));
} else {
  parentPort.postMessage("ready");
  Atomics.wait(workerData, 0, 0);
  const secret = Secret.from(new Uint8Array([7]));
  parentPort.postMessage(secret.share());
  setInterval(() => secret.length, 1000);
}
`;

test(`${THREADS} threads that load it from memory at the same moment get one library`, {
  skip: notOnLinux,
}, async () => {
  const { bytes, copies } = await withPackage((of) =>
    of.reported<{ bytes: number[]; copies: number }>(CROWD)
  );
  assert.deepEqual(bytes, Array(THREADS).fill(7));
  assert.equal(copies, 1);
});

/** Puts the library's file where it belongs. Returns its path. */
function putLibrary(of: Package, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes) {
  const folder = join(of.folder, `lib/${os}-${arch}`);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "libsecurememory.so");
  const original = new URL(`../lib/${os}-${arch}/libsecurememory.so`, import.meta.url);
  writeFileSync(path, change(readFileSync(original)));
  return path;
}

for (
  const [what, change] of [
    ["damaged", (bytes) => {
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] as number) ^ 1;
      return bytes;
    }],
    ["cut short", (bytes) => bytes.subarray(0, bytes.length - 1000)],
    ["empty", () => new Uint8Array(0)],
    ["longer", (bytes) => Uint8Array.from([...bytes, 0])],
  ] as const satisfies readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[]
) {
  test(`a library beside the module that is ${what} is refused, with both hashes`, {
    skip: notOnLinux,
  }, async () => {
    await withPackage(async (of) => {
      const path = putLibrary(of, change);
      const { error, path: used } = await of.reported<Told>(TELL);
      assert.equal(used, undefined);
      assert.match(
        error ?? "",
        /^UnsupportedError: Cannot load the native library beside the module/,
      );
      const found = detectRuntime().sha256(readFileSync(path));
      for (const part of [path, HASH, found]) assert.ok(error?.includes(part), `${error}`);
      assert.notEqual(found, HASH);
    });
  });
}

test("a foreign library beside the module, and an older one, are refused with both hashes", {
  skip: notOnLinux || withoutZig,
}, async () => {
  await withPackage(async (of) => {
    const foreign = readFileSync(cryptoPath());
    const older = readFileSync(buildNative("wrong_version", of.folder));
    for (const bytes of [foreign, older]) {
      const path = putLibrary(of, () => bytes);
      const { error, path: used } = await of.reported<Told>(TELL);
      assert.equal(used, undefined);
      assert.match(
        error ?? "",
        /^UnsupportedError: .* It is damaged, or belongs to another version/,
      );
      const found = detectRuntime().sha256(bytes);
      for (const part of [path, HASH, found]) assert.ok(error?.includes(part), `${error}`);
    }
  });
});

test("a Deno that may not read the library has nobody look at it: SECURITY.md says so", {
  skip: withoutDeno || notOnLinux || withoutZig,
}, async () => {
  await withPackage(async (of) => {
    const tell = (...flags: string[]) =>
      of.reported<Told>(TELL, {
        deno: denoPath(),
        flags: ["--no-prompt", "--allow-ffi", "--allow-env", ...flags],
      });
    const longer = putLibrary(of, (bytes) => Uint8Array.from([...bytes, 0]));
    assert.deepEqual(await tell(), { path: longer, length: 32 });
    assert.match((await tell(`--allow-read=${longer}`)).error ?? "", new RegExp(HASH));
    // What is no library of ours at all, or of another version, is not taken for one.
    for (const bytes of [readFileSync(cryptoPath()), new Uint8Array(100)]) {
      putLibrary(of, () => bytes);
      const { error, path } = await tell();
      assert.equal(path, undefined);
      assert.match(error ?? "", /^UnsupportedError: .* or not SecureMemory's for this platform/);
    }
    const older = readFileSync(buildNative("wrong_version", of.folder));
    putLibrary(of, () => older);
    assert.match((await tell()).error ?? "", /^UnsupportedError: .* its ABI version is \d+/);
  });
});

test("two users of one host use it at the same time, from one copy of the package", {
  skip: withoutUser,
}, async () => {
  await withPackage(async (of) => {
    spawnSync("chmod", ["-R", "a+rX", of.folder]);
    const both = await Promise.all([
      of.reported<Told>(TELL),
      of.reported<Told>(TELL, { wrapper: asUser, env: { HOME: "/nonexistent" } }),
    ]);
    assert.deepEqual(both.map(({ error }) => error), [undefined, undefined]);
  });
});

test("embedded bytes that are damaged are refused, with both hashes", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const path = join(of.folder, `src/native/hashes.ts`);
    const other = "0".repeat(64);
    writeFileSync(path, readFileSync(path, "utf8").replace(HASH, other));
    const { error } = await of.reported<Told>(TELL);
    for (const part of ["that came with the module", HASH, other]) {
      assert.ok(error?.includes(part), `${error}`);
    }
  });
});

test("a named library that was cut short is refused: it would end the process", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    for (const left of [100, 5000, 40_000]) {
      const path = putLibrary(of, (bytes) => bytes.subarray(0, left));
      const { error } = await of.reported<Told>(TELL, { env: { SECUREMEMORY_LIBRARY: path } });
      assert.match(error ?? "", new RegExp(`was cut short at ${left} bytes`));
    }
  });
});

const withoutFilter = withoutZig || notOnLinux;

/** Runs a child whose libc may not make files in memory. */
function withoutMemfd<T>(
  use: (of: Package, run: (options?: ChildOptions) => Promise<Told>) => Promise<T>,
): Promise<T> {
  return withPackage((of) => {
    const filter = buildNative("seccomp", of.folder);
    const code = `
      import { readFileSync } from "node:fs";
      import { installFilter } from ${moduleUrl("tests/support/seccomp.ts")};
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      detectRuntime().load("libc.so.6", { getpid: { parameters: [], result: "i32" } });
      const libc = readFileSync("/proc/self/maps", "utf8").match(/\\/\\S+\\/libc\\.so\\.6$/m)[0];
      installFilter(${JSON.stringify(filter)}, libc, [{ name: "memfd_create", errno: 1 }]);
      ${TELL}
    `;
    return use(of, (options) => of.reported<Told>(code, options));
  });
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("where memfd_create(2) is refused it comes from the cache: private, under its hash", {
  skip: withoutFilter,
}, async () => {
  await withoutMemfd(async (of, run) => {
    const home = join(of.folder, "home");
    const env = { HOME: home, XDG_CACHE_HOME: join(home, ".cache") };
    const first = await run({ env });
    assert.equal(first.error, undefined);
    const cache = join(home, ".cache/securememory");
    const path = join(cache, `${HASH}.so`);
    assert.deepEqual(readdirSync(cache), [`${HASH}.so`], "nothing else is left");
    assert.equal(modeOf(cache), 0o700);
    assert.equal(modeOf(path), 0o600);
    const { mtimeMs, ino } = statSync(path);

    // What is there and right is used as it is.
    assert.equal((await run({ env })).error, undefined);
    assert.deepEqual([statSync(path).mtimeMs, statSync(path).ino], [mtimeMs, ino]);

    // What is wrong is replaced, not loaded.
    writeFileSync(path, "not a library");
    assert.equal((await run({ env })).error, undefined);
    assert.equal(detectRuntime().sha256(readFileSync(path)), HASH);
    assert.deepEqual(readdirSync(cache), [`${HASH}.so`], "nothing else is left");

    const absolute = join(of.folder, "xdg");
    assert.equal((await run({ env: { ...env, XDG_CACHE_HOME: absolute } })).error, undefined);
    assert.deepEqual(readdirSync(join(absolute, "securememory")), [`${HASH}.so`]);
  });
});

test("a cache that others can write to is not used, and every reason is said", {
  skip: withoutFilter,
}, async () => {
  await withoutMemfd(async (of, run) => {
    const home = join(of.folder, "home");
    const cache = join(home, ".cache/securememory");
    mkdirSync(cache, { recursive: true });
    const attempt = () => run({ env: { HOME: home, XDG_CACHE_HOME: join(home, ".cache") } });
    const says = async (reason: RegExp) => {
      const { error } = await attempt();
      assert.match(error ?? "", /^UnsupportedError: Cannot load the native library that came/);
      assert.match(error ?? "", /in memory: memfd_create\(2\) is refused/);
      assert.match(error ?? "", reason);
    };
    chmodSync(cache, 0o777);
    await says(/others may write to the folder: its mode is 777/);
    chmodSync(cache, 0o720);
    await says(/others may write to the folder: its mode is 720/);
    chmodSync(cache, 0o700);

    const path = join(cache, `${HASH}.so`);
    symlinkSync("/etc/hostname", path);
    await says(/ELOOP|symbolic link/);
    spawnSync("rm", [path]);
    mkdirSync(path);
    await says(/is not a file|EISDIR/);
    spawnSync("rmdir", [path]);

    // Right content, but another user could change it after the look.
    assert.equal((await attempt()).error, undefined);
    chmodSync(path, 0o666);
    await says(/others may write to the file: its mode is 666/);
    spawnSync("rm", ["-r", cache]);
  });
});

test("the cache is where the system keeps caches; relative paths are none", () => {
  const folders = (os: string, variables: Readonly<Record<string, string>>) =>
    cacheFolders({ os, environment: (name) => variables[name] });
  const xdg = { XDG_CACHE_HOME: "/x", HOME: "/home/u", LOCALAPPDATA: "C:\\Local" };
  assert.deepEqual(folders("linux", xdg), ["/x/securememory", "/home/u/.cache/securememory"]);
  assert.deepEqual(folders("macos", xdg), ["/home/u/Library/Caches/securememory"]);
  assert.deepEqual(folders("windows", xdg), ["C:\\Local/securememory"]);
  // "If an implementation encounters a relative path ... it should consider the path invalid."
  assert.deepEqual(folders("linux", { XDG_CACHE_HOME: "x", HOME: "" }), []);
});

test("a cache of another user is not used", {
  skip: withoutFilter || unless("root", process.getuid?.() === 0, "only root can give files away"),
}, async () => {
  await withoutMemfd(async (of, run) => {
    const cache = join(of.folder, ".cache");
    mkdirSync(join(cache, "securememory"), { recursive: true, mode: 0o755 });
    chownSync(join(cache, "securememory"), 65534, 65534);
    const { error } = await run({ env: { HOME: of.folder, XDG_CACHE_HOME: cache } });
    assert.match(error ?? "", /the folder belongs to user 65534, not to user 0/);
  });
});

/** In a child's own view of the files, runs a script before the child. */
const inMounts = (script: string) => [
  "unshare",
  "--mount",
  "sh",
  "-ec",
  `${script}\nexec "$@"`,
  "sh",
];

test("where the package, HOME and TMPDIR are read-only and noexec, it comes from memory", {
  skip: withoutMounts,
}, async () => {
  await withPackage(async (of) => {
    const everything = `
      mount --make-rprivate /
      mount --bind ${of.folder} ${of.folder}
      mount -o remount,ro,noexec,bind ${of.folder}
    `;
    const control = `
      import { writeFileSync } from "node:fs";
      let code;
      try { writeFileSync(${
      JSON.stringify(join(of.folder, "x"))
    }, ""); } catch (error) { code = error.code; }
      console.log(JSON.stringify(code ?? null));
    `;
    // The child's script is written before the folder becomes read-only.
    const env = { HOME: of.folder, TMPDIR: of.folder, XDG_CACHE_HOME: of.folder };
    const options = { wrapper: inMounts(everything), env };
    assert.equal(await of.reported<string>(control, options), "EROFS");
    const { error, path } = await of.reported<Told>(TELL, options);
    assert.equal(error, undefined);
    assert.match(path ?? "", /^\/proc\/self\/fd\//);
  });
});

test("a cache that nothing can be executed from is said to be so", {
  skip: withoutFilter || withoutMounts,
}, async () => {
  await withoutMemfd(async (of, run) => {
    const cache = join(of.folder, "noexec");
    mkdirSync(cache);
    const wrapper = inMounts(`mount -t tmpfs -o noexec,mode=700 none ${cache}`);
    const { error } = await run({ env: { HOME: cache, XDG_CACHE_HOME: cache }, wrapper });
    assert.match(error ?? "", new RegExp(`"${cache}/securememory": .*(map segment|not permitted)`));
  });
});

const onDeno = unless("deno", RUNTIME === "deno", `${RUNTIME} has no permissions of this kind`);

test("on Deno --allow-ffi is all that is needed from memory, too", {
  skip: onDeno || notOnLinux,
}, async () => {
  // The folder has to be readable, or nobody can know that the file is missing.
  await withPackage(async (of) => {
    const flags = ["--no-prompt", "--allow-ffi", `--allow-read=${of.folder}`];
    assert.equal((await of.reported<Told>(TELL, { flags })).error, undefined);
  });
});
