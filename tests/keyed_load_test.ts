/** The native crypto library: where it is looked for, and when it is loaded. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathBeside } from "../src/native/beside.ts";
import { HASHES } from "../src/native/hashes.ts";
import { detectRuntime, library } from "../src/native/library.ts";
import { CORE, CRYPTO } from "../src/native/part.ts";
import { ROOT } from "./support/child.ts";
import { LIBRARY, reportedByDeno, withoutDeno } from "./support/deno.ts";
import { type Package, withPackage } from "./support/package.ts";
import { type Failure, moduleUrl, notOnLinux, reported } from "./support/report.ts";

const runtime = detectRuntime();
const { os, arch } = runtime;
const BESIDE = pathBeside(runtime, CRYPTO) as string;
const HASH = HASHES.crypto[`${os}-${arch}`] as string;

/** How many libraries of ours are mapped. */
const MAPPED = `
  const mapped = (name) =>
    readFileSync("/proc/self/maps", "utf8").split("\\n").some((line) => line.includes(name));
  const libraries = () => [mapped("libsecurememory.so"), mapped("libsecurememory-crypto.so")];
`;

test("it is loaded by the first keyed operation of a process, and by nothing before", {
  skip: notOnLinux,
}, async () => {
  const seen = await reported<unknown>(`${MAPPED}
    const moments = [libraries()];
    const key = Secret.random(32, { label: "key" });
    key.withBytes((bytes) => bytes[0]);
    key.update((bytes) => void (bytes[0] = 1));
    await key.withBytesAsync(() => 0);
    key.open()[Symbol.dispose]();
    key.equals(key.copy());
    Secret.attach(key.share()).readInto(new Uint8Array(1));
    key.status();
    securememory.stats();
    securememory.capabilities();
    moments.push(libraries());
    key.hmac("SHA-256", "");
    moments.push(libraries());
    report(moments);
  `);
  assert.deepEqual(seen, [[false, false], [true, false], [true, true]]);
});

test("every keyed operation loads it", { skip: notOnLinux }, async () => {
  for (
    const operation of [
      `verifyHmac("SHA-256", "", new Uint8Array(32))`,
      `derive("", 1)`,
      `encrypt("")`,
      `encrypt(key)`,
      `sign("")`,
      `publicKey()`,
      `agree(new Uint8Array(32).fill(9))`,
    ]
  ) {
    const seen = await reported<unknown>(`${MAPPED}
      const key = Secret.random(32);
      const before = libraries();
      key.${operation};
      report([before, libraries()]);
    `);
    assert.deepEqual(seen, [[true, false], [true, true]], operation);
  }
});

const OPERATIONS = `
  const key = Secret.random(32);
  const outcome = failureOf(() => key.hmac("SHA-256", "data"));
`;

test("SECUREMEMORY_CRYPTO_LIBRARY names another file; a wrong one is an UnsupportedError", async () => {
  const told = (path: string) =>
    reported<Failure | null>(`${OPERATIONS} report(outcome)`, {
      env: { SECUREMEMORY_CRYPTO_LIBRARY: path },
    });
  assert.equal(await told(BESIDE), null);
  const missing = await told("/nowhere/crypto.so");
  assert.equal(missing?.code, "UNSUPPORTED");
  assert.match(
    missing?.message ?? "",
    /^Cannot load the native crypto library named by SECUREMEMORY_CRYPTO_LIBRARY, "\/nowhere\//,
  );
  // The core is a library of ours, and no crypto.
  const other = await told(library().path);
  assert.equal(other?.code, "UNSUPPORTED");
  assert.match(other?.message ?? "", /it is missing, not readable, or not SecureMemory's/);
});

/** What the child of a package tells: where the library came from, and what went wrong. */
interface Told {
  readonly mapped: readonly string[];
  readonly error: string | undefined;
  readonly secret: number;
}

const TELL = `
  import { readFileSync } from "node:fs";
  import { Secret } from "./mod.ts";
  const key = Secret.random(32);
  let error;
  try {
    key.hmac("SHA-256", "data");
    if (!key.decrypt(key.encrypt(key), { as: "secret" }).equals(key)) throw new Error("Not equal");
  } catch ({ name, message }) {
    error = name + ": " + message;
  }
  const maps = readFileSync("/proc/self/maps", "utf8");
  console.log(JSON.stringify({
    mapped: [...new Set(maps.match(/\\S*securememory\\S*/g))],
    error,
    secret: key.withBytes((bytes) => bytes.length),
  }));
`;

const own = `${os}_${arch}_crypto.ts`;

test("without a file it comes from memory, under its own hash; the core is another library", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const { mapped, error } = await of.reported<Told>(TELL);
    assert.equal(error, undefined);
    assert.deepEqual(
      mapped.toSorted(),
      [
        `/memfd:securememory-${HASHES.core[`${os}-${arch}`]}`,
        `/memfd:securememory-${HASH}`,
      ].toSorted(),
    );
  });
});

test("where its bytes are missing or damaged, secrets work, and operations say what is wrong", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const module = join(of.folder, "src/native/embedded", own);
    const original = readFileSync(module, "utf8");
    writeFileSync(module, `throw new Error("imported");`);
    const missing = await of.reported<Told>(TELL);
    assert.match(missing.error ?? "", /^UnsupportedError: Cannot load the native crypto library/);
    assert.equal(missing.secret, 32);
    writeFileSync(module, original);
    const table = join(of.folder, "src/native/hashes.ts");
    const other = "0".repeat(64);
    writeFileSync(table, readFileSync(table, "utf8").replace(HASH, other));
    const damaged = await of.reported<Told>(TELL);
    for (const part of ["native crypto library that came with the module", HASH, other]) {
      assert.ok(damaged.error?.includes(part), `${damaged.error}`);
    }
    assert.equal(damaged.secret, 32);
  });
});

test("other targets' bytes are not imported, and its own neither if there is a file", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const folder = join(of.folder, "src/native/embedded");
    for (const target of Object.keys(HASHES.crypto)) {
      const name = `${target.replace("-", "_")}_crypto.ts`;
      if (name !== own) writeFileSync(join(folder, name), `throw new Error("imported");`);
    }
    assert.equal((await of.reported<Told>(TELL)).error, undefined);
    writeFileSync(join(folder, own), `throw new Error("imported");`);
    const path = putBeside(of);
    const { error, mapped } = await of.reported<Told>(TELL);
    assert.equal(error, undefined);
    assert.ok(mapped.includes(path), `${mapped}`);
  });
});

test("one beside the module that is damaged is refused, with both hashes", {
  skip: notOnLinux,
}, async () => {
  await withPackage(async (of) => {
    const path = putBeside(of);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const { error } = await of.reported<Told>(TELL);
    for (const part of [path, HASH, runtime.sha256(bytes)]) {
      assert.ok(error?.includes(part), `${error}`);
    }
    assert.match(error ?? "", /^UnsupportedError: Cannot load the native crypto library beside/);
  });
});

/** Puts both libraries' files where they belong. Returns the path of crypto's. */
function putBeside(of: Package): string {
  const folder = join(of.folder, `lib/${os}-${arch}`);
  mkdirSync(folder, { recursive: true });
  for (const part of [CORE, CRYPTO]) {
    const file = part.files[os] as string;
    cpSync(join(ROOT, `lib/${os}-${arch}`, file), join(folder, file));
  }
  return join(folder, CRYPTO.files[os] as string);
}

const CHILD = `
  const { Secret } = securememory;
  const report = (value) => console.log(JSON.stringify(value));
  const failureOf = (action) => {
    try {
      action();
      return null;
    } catch (error) {
      return { name: error.name, code: error.code, message: error.message };
    }
  };
`;

const ALL = `
  const key = Secret.random(32);
  const mac = key.hmac("SHA-256", "data");
  const text = key.derive("info", 40);
  const other = Secret.random(32);
  const seen = [
    key.verifyHmac("SHA-256", "data", mac),
    key.decrypt(key.encrypt(text), { as: "secret" }).equals(text),
    text.withBytes((bytes) => bytes.length),
    key.sign("message").length,
    key.agree(other.publicKey("X25519")).equals(other.agree(key.publicKey("X25519"))),
    Secret.fromPassword(text, { nonce: new Uint8Array(8), memory: 32 }).length,
    Deno.permissions.querySync({ name: "ffi" }).state,
  ];
`;

test("on Deno with a permission for the core alone, the error names the path to add", {
  skip: withoutDeno,
}, async () => {
  const flags = ["--no-prompt", `--allow-ffi=${LIBRARY}`];
  const failure = await reportedByDeno<Failure>(`${CHILD} ${OPERATIONS} report(outcome);`, flags);
  assert.equal(failure.code, "UNSUPPORTED");
  assert.equal(
    failure.message,
    `Cannot load the native crypto library: FFI is not allowed: run Deno with ` +
      `--allow-ffi=${BESIDE}, or with --allow-ffi`,
  );
});

test("on Deno with a permission for both files, or for their folder, everything works", {
  skip: withoutDeno,
}, async () => {
  for (const allowed of [`${LIBRARY},${BESIDE}`, dirname(BESIDE)]) {
    const flags = ["--no-prompt", `--allow-ffi=${allowed}`];
    const seen = await reportedByDeno<unknown>(`${CHILD} ${ALL} report(seen);`, flags);
    assert.deepEqual(seen, [true, true, 40, 64, true, 32, "prompt"], allowed);
  }
});

test("on Deno, no permission is asked for meanwhile: the environment is not read either", {
  skip: withoutDeno,
}, async () => {
  const flags = ["--no-prompt", `--allow-ffi=${dirname(BESIDE)}`];
  const env = { SECUREMEMORY_CRYPTO_LIBRARY: "/nowhere/crypto.so" };
  const seen = await reportedByDeno<unknown[]>(`${CHILD} ${ALL} report(seen);`, flags, env);
  assert.equal(seen[0], true);
});

test("in a Worker it is loaded on its own, and works with what other threads share", async () => {
  const answer = await reported<string[]>(`
    import { startWorker } from ${moduleUrl("tests/support/worker.ts")};
    const key = Secret.random(32);
    const worker = startWorker(new URL(${moduleUrl("tests/workers/keyed.ts")}));
    worker.post({ ticket: key.share(), message: "data", rounds: 3 });
    const theirs = await worker.receive();
    await worker.stop();
    report([theirs, key.hmac("SHA-256", "data").toHex()]);
  `);
  assert.equal(answer[0], answer[1]);
  assert.equal(answer[0]?.length, 64);
});
