import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { library } from "../src/native/library.ts";
import { commandLine, patience, RUNTIME } from "./support/child.ts";
import { buildNative, withFolder, withoutZig } from "./support/native.ts";
import { withPackage } from "./support/package.ts";
import { type Failure, moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";

interface Attempts {
  readonly failures: readonly (Failure | null)[];
  readonly supported: boolean;
  readonly reason: string | undefined;
}

/** What happens in a child that is told to use a library. */
function attempt(path: string): Promise<Attempts> {
  return reported(
    `
    const source = new Uint8Array([1, 2, 3]);
    const failures = [
      failureOf(() => Secret.from(source)),
      failureOf(() => Secret.from(source)),
      failureOf(() => securememory.stats()),
      failureOf(() => securememory.harden()),
    ];
    if (source.join() !== "1,2,3") throw new Error("The source was wiped");
    securememory.purge();
    const { supported, reason } = securememory.capabilities();
    report({ failures, supported, reason });
    `,
    { env: { SECUREMEMORY_LIBRARY: path } },
  );
}

/** Every attempt has to fail in the same way. Returns the first failure. */
function refused({ failures, supported, reason }: Attempts, path: string): Failure {
  const [first] = failures;
  assert.ok(first);
  for (const failure of failures) {
    // Which of several missing symbols is named may differ from time to time.
    assert.deepEqual({ ...failure, cause: undefined }, { ...first, cause: undefined });
  }
  assert.equal(first.name, "UnsupportedError");
  assert.equal(first.code, "UNSUPPORTED");
  assert.ok(first.message.includes(`named by SECUREMEMORY_LIBRARY, "${path}"`), first.message);
  assert.equal(supported, false);
  assert.equal(reason, first.message);
  return first;
}

test("SECUREMEMORY_LIBRARY names the library, and no other is loaded", {
  skip: notOnLinux,
}, async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "named.so");
    copyFileSync(library().path, path);
    const { used, length, mapped } = await reported<
      { used: string; length: number; mapped: string[] }
    >(
      `
      const { length } = Secret.random(32);
      const files = readFileSync("/proc/self/maps", "utf8").match(/\\/\\S+\\.so$/gm);
      const mapped = [...new Set(files)].filter((file) => /named|securememory\\.so/.test(file));
      report({ used: securememory.capabilities().library, length, mapped });
      `,
      { env: { SECUREMEMORY_LIBRARY: path } },
    );
    assert.equal(used, path);
    assert.equal(length, 32);
    assert.deepEqual(mapped, [path]);
  });
});

test("an empty SECUREMEMORY_LIBRARY is as good as none", async () => {
  const used = await reported<string>(`report(securememory.capabilities().library)`, {
    env: { SECUREMEMORY_LIBRARY: "" },
  });
  assert.equal(used, library().path);
});

/** Files that are no library of ours, by what is wrong with them. */
const WRONG_FILES: { readonly [what: string]: (path: string) => void } = {
  "a missing file": () => {},
  "an empty file": (path) => writeFileSync(path, ""),
  "a text": (path) => writeFileSync(path, "This is not a library.\n".repeat(1000)),
  "a folder": (path) => mkdirSync(path),
  "a library for another processor": (path) => {
    const bytes = readFileSync(library().path);
    bytes.writeUInt16LE(0xf3, 18); // e_machine: RISC-V, elf(5)
    writeFileSync(path, bytes);
  },
};

for (const [what, prepare] of Object.entries(WRONG_FILES)) {
  test(`${what} as the library is an UnsupportedError with its cause, every time`, {
    skip: notOnLinux,
  }, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "library.so");
      prepare(path);
      const failure = refused(await attempt(path), path);
      assert.match(failure.message, /missing, not readable, or not SecureMemory's/);
      assert.ok((failure.cause ?? "").includes(path), `${failure.cause}`);
    });
  });
}

const libc = /\/\S*\/libc\.so\.6$|\/\S*\/ld-musl-\S+$/m.exec(
  notOnLinux === false ? readFileSync("/proc/self/maps", "utf8") : "",
)?.[0];

test("a foreign library is an UnsupportedError with its cause, every time", {
  skip: notOnLinux || unless("libc", libc !== undefined, "this runtime has no libc of its own"),
}, async () => {
  const failure = refused(await attempt(libc as string), libc as string);
  assert.match(failure.message, /not SecureMemory's/);
  assert.match(failure.cause ?? "", /securememory_abi_version/);
});

test("a library of another ABI version is an UnsupportedError that names both versions", {
  skip: withoutZig,
}, async () => {
  await withFolder(async (folder) => {
    const path = buildNative("wrong_version", folder);
    const failure = refused(await attempt(path), path);
    assert.match(failure.message, /its ABI version is 999, wanted is \d+/);
  });
});

test("a library without all symbols of its version is an UnsupportedError with its cause", {
  skip: withoutZig,
}, async () => {
  await withFolder(async (folder) => {
    const path = buildNative("few_symbols", folder);
    const failure = refused(await attempt(path), path);
    assert.match(failure.message, /lacks symbols of its ABI version/);
    assert.match(failure.cause ?? "", /securememory_/);
  });
});

test("loading is tried again: once the library is there, the next call works", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "library.so");
    const { before, after } = await reported<{ before: Failure | null; after: Failure | null }>(
      `
      import { copyFileSync } from "node:fs";
      const before = failureOf(() => Secret.random(32));
      copyFileSync(${JSON.stringify(library().path)}, ${JSON.stringify(path)});
      const after = failureOf(() => Secret.random(32));
      report({ before, after });
      `,
      { env: { SECUREMEMORY_LIBRARY: path } },
    );
    assert.equal(before?.code, "UNSUPPORTED");
    assert.equal(after, null);
  });
});

test("a package without its library is an UnsupportedError that says where it was looked for", async () => {
  await withPackage(async ({ folder, reported }) => {
    rmSync(join(folder, "src/native/embedded"), { recursive: true });
    const { code, message, cause } = await reported<
      { code: string; message: string; cause: string }
    >(`
      import { Secret } from "./mod.ts";
      try {
        Secret.random(32);
      } catch ({ code, message, cause }) {
        console.log(JSON.stringify({ code, message, cause: String(cause) }));
      }
    `);
    assert.equal(code, "UNSUPPORTED");
    assert.ok(message.includes(`beside the module, "${join(folder, "lib")}`), message);
    assert.ok(cause.includes(folder), cause);
  });
});

/** Everything that a secret can do, in short. */
const WHOLE_LIFE = `
  const secret = Secret.from(new Uint8Array([1, 2, 3]), { label: "whole life" });
  const text = Secret.fromString("abc");
  const filled = Secret.fill(3, (bytes) => bytes.set([4, 5, 6]));
  filled.update((bytes) => bytes[0] = 7);
  using window = filled.open();
  const attached = Secret.attach(structuredClone(secret.share()));
  const copy = text.copy();
  const done = {
    bytes: attached.withBytes((bytes) => [...bytes]),
    window: [...window.bytes],
    later: await text.withBytesAsync(async (bytes) => bytes.length),
    equal: copy.equals(text),
    random: Secret.random(100_000).status().locked,
    supported: securememory.capabilities().supported,
    hardened: securememory.harden().noCoreDumps.applied,
    inUse: securememory.stats().inUse,
  };
  securememory.purge();
  report(done);
`;

function assertWholeLife(done: unknown): void {
  assert.deepEqual(done, {
    bytes: [1, 2, 3],
    window: [7, 5, 6],
    later: 3,
    equal: true,
    random: true,
    supported: true,
    hardened: true,
    inUse: 5,
  });
}

/** Children without a permission; what they print is looked through for a prompt. */
const onDeno = unless("deno", RUNTIME === "deno", `${RUNTIME} has no permissions of this kind`);
const onNode = unless("node", RUNTIME === "node", `${RUNTIME} has no flags of this kind`);
const FAIL = `report(failureOf(() => Secret.random(32)));`;

test("on Deno, --allow-ffi is enough for everything", {
  skip: onDeno,
}, async () => {
  assertWholeLife(await reported(WHOLE_LIFE, { flags: ["--allow-ffi"] }));
});

// Deno gives a Deno that it starts its own permissions, if there is no flag at all.
for (const flags of [["--deny-net"], ["--deny-ffi"], ["--allow-read", "--allow-env"]]) {
  test(`on Deno, only ${flags.join(" ")} is an UnsupportedError that names --allow-ffi`, {
    skip: onDeno,
  }, async () => {
    const failure = await reported<Failure>(FAIL, { flags });
    assert.equal(failure.code, "UNSUPPORTED");
    const path = library().path;
    const wanted = `FFI is not allowed: run Deno with --allow-ffi=${path}, or with --allow-ffi`;
    assert.ok(failure.message.endsWith(wanted), failure.message);
  });
}

for (const part of ["the library", "its folder"]) {
  test(`on Deno, --allow-ffi for ${part} alone is enough for everything`, {
    skip: onDeno,
  }, async () => {
    const path = part === "the library" ? library().path : join(library().path, "..");
    assertWholeLife(await reported(WHOLE_LIFE, { flags: [`--allow-ffi=${path}`] }));
  });
}

test("on Deno, the environment is not read where that is not permitted", {
  skip: onDeno,
}, async () => {
  const env = { SECUREMEMORY_LIBRARY: "/nonexistent.so", SECUREMEMORY_STORE: "nonsense" };
  const used = `report(securememory.capabilities().library)`;
  assert.equal(await reported(used, { env, flags: ["--allow-ffi"] }), library().path);
  const only = ["--allow-ffi", "--allow-env=SECUREMEMORY_STORE"];
  const failure = await reported<Failure>(FAIL, { env, flags: only });
  assert.equal(failure.name, "TypeError");
  assert.match(failure.message, /SECUREMEMORY_STORE/);
});

/** Runs a script on a terminal of its own, where Deno would ask for permissions. */
function onTerminal(code: string, flags: readonly string[], folder: string): string {
  const path = join(folder, "child.mjs");
  writeFileSync(path, code);
  const quoted = commandLine(path, { flags }).map((word) => `'${word}'`).join(" ");
  // Deno waits for an answer for ever, and the terminal gives none.
  const { stdout } = spawnSync(
    "script",
    ["-qefc", `timeout --foreground --kill-after=1 ${patience(3)} ${quoted}`, "/dev/null"],
    { encoding: "utf8", timeout: patience(20_000), stdio: ["ignore", "pipe", "ignore"] },
  );
  return stdout;
}

const terminal = onDeno || unless(
  "script",
  spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0,
  "script (util-linux) is missing",
);

test("on Deno, nothing is asked on a terminal, whatever is not permitted", {
  skip: terminal,
}, async () => {
  await withFolder((folder) => {
    const prompt = /Deno requests/;
    const control = onTerminal('Deno.env.get("SECUREMEMORY_LIBRARY");', [], folder);
    assert.match(control, prompt, "Deno does not ask here, so nothing is proved");
    const code = `
      import { Secret } from ${moduleUrl("mod.ts")};
      try {
        console.log("length", Secret.random(32).length);
      } catch (error) {
        console.log("code", error.code);
      }
    `;
    const refused = onTerminal(code, [], folder);
    assert.doesNotMatch(refused, prompt);
    assert.match(refused, /code UNSUPPORTED/);
    const works = onTerminal(code, ["--allow-ffi"], folder);
    assert.doesNotMatch(works, prompt);
    // Colours stand between the two words.
    assert.match(works, /length .*32/);
    return Promise.resolve();
  });
});

const READ = ["--permission", "--allow-fs-read=*"];

test("on Node, --permission without --allow-ffi is an UnsupportedError that names it", {
  skip: onNode,
}, async () => {
  const failure = await reported<Failure>(FAIL, { flags: READ });
  assert.equal(failure.code, "UNSUPPORTED");
  assert.match(failure.message, /run Node with --allow-ffi$/);
});

test("on Node, --permission with --allow-ffi is enough for everything", {
  skip: onNode,
}, async () => {
  assertWholeLife(await reported(WHOLE_LIFE, { flags: [...READ, "--allow-ffi"] }));
});

test("on Node, --no-experimental-ffi is an UnsupportedError that names it", {
  skip: onNode,
}, async () => {
  const failure = await reported<Failure>(FAIL, { flags: ["--no-experimental-ffi"] });
  assert.equal(failure.code, "UNSUPPORTED");
  assert.match(failure.message, /run Node without --no-experimental-ffi$/);
});
