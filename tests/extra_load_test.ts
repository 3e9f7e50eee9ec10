/** The native extra library: when it is loaded, and what happens without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { extraPath, library } from "../src/native/library.ts";
import { notOnLinux, reported } from "./support/report.ts";

/** Which libraries of ours are mapped: the core, the extra one. */
const MAPPED = `
  const mapped = (name) =>
    readFileSync("/proc/self/maps", "utf8").split("\\n").some((line) => line.includes(name));
  const libraries = () => [mapped("libsecurememory.so"), mapped("libsecurememory-extra.so")];
`;

test("secrets of their own do not load it", { skip: notOnLinux }, async () => {
  const seen = await reported<unknown>(`${MAPPED}
    const moments = [libraries()];
    const secret = Secret.random(32, { label: "key" });
    secret.withBytes((bytes) => bytes[0]);
    secret.equals(secret.copy());
    Secret.attach(secret.share()).readInto(new Uint8Array(1));
    secret.status();
    secret.hmac("SHA-256", "");
    securememory.stats();
    securememory.capabilities();
    securememory.purge();
    moments.push(libraries());
    report(moments);
  `);
  assert.deepEqual(seen, [[false, false], [true, false]]);
});

test("each of what it is for loads it", { skip: notOnLinux }, async () => {
  for (
    const operation of [
      `new securememory.SecretPool()`,
      `securememory.Enclave.seal(new Uint8Array(32).fill(1))`,
      `Secret.fromFile("/proc/self/cmdline")`,
      `try { securememory.Secret.fromEnv("PATH"); } catch {}`,
    ]
  ) {
    const seen = await reported<unknown>(`${MAPPED}
      Secret.random(32);
      const before = libraries();
      ${operation};
      report([before, libraries()]);
    `);
    assert.deepEqual(seen, [[true, false], [true, true]], operation);
  }
});

test("without it the reason is given, each time, and other secrets work", async () => {
  const seen = await reported<{ said: string[]; length: number }>(
    `
    const said = [];
    for (const _ of [1, 2]) {
      try {
        new securememory.SecretPool();
      } catch (error) {
        said.push(error.name + ": " + error.message);
      }
    }
    report({ said, length: Secret.random(32).length });
  `,
    { env: { SECUREMEMORY_EXTRA_LIBRARY: "/nonexistent/extra.so" } },
  );
  const wanted = "UnsupportedError: Cannot load the native extra library named by " +
    'SECUREMEMORY_EXTRA_LIBRARY, "/nonexistent/extra.so": it is missing, not readable, or not ' +
    "SecureMemory's for this platform";
  assert.deepEqual(seen, { said: [wanted, wanted], length: 32 });
});

test("what is no place of variables is refused, and what is already there stays", () => {
  const { calls, runtime } = library();
  // Loaded, and told once.
  const { securememory_extra_start } = runtime.load(extraPath(), {
    securememory_extra_start: { parameters: ["buffer", "f64"], result: "i32" },
  });
  const words = new Float64Array(64);
  assert.ok(calls.securememory_shared(words, 1) < 0, "room for one word is too little");
  const told = calls.securememory_shared(words, words.length);
  assert.ok(told > 16 && words[0] !== 0, `${told}`);
  assert.equal(securememory_extra_start(words, told), 0);
  assert.ok(securememory_extra_start(words, told - 1) < 0, "too few");
  assert.ok(securememory_extra_start(new Float64Array(64), told) < 0, "no places");
  const pool = calls.securememory_pool_create(new Uint8Array(1), 0, 0, 0, 0);
  assert.ok(pool > 0);
  assert.equal(calls.securememory_pool_close(pool), 0);
});
