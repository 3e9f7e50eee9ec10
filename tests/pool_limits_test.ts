/**
 * Pools and enclaves where the system allows little: lock limits, lowered ones too, and what a
 * refusal says and leaves alone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { patience } from "./support/child.ts";
import { bindingLimit, memlockUnprivileged, withoutMemlock } from "./support/memlock.ts";
import { type Failure, notOnLinux, reported } from "./support/report.ts";

const skip = notOnLinux || withoutMemlock;
const KIB64 = 64 << 10;

/** Runs a child without privileges that may lock so many bytes, and makes sure that this binds it. */
async function within<T>(bytes: number, code: string): Promise<T> {
  const limits =
    'readFileSync("/proc/self/status", "utf8") + readFileSync("/proc/self/limits", "utf8")';
  const { limits: text, value } = await reported<{ limits: string; value: T }>(
    `
    const { Enclave, SecretPool, configure, stats } = securememory;
    const limitsOfChild = ${limits};
    const answer = (value) => report({ limits: limitsOfChild, value });
    /** Another content for each number. */
    const contentOf = (number) => {
      const bytes = new Uint8Array(32).fill(number * 31);
      new DataView(bytes.buffer).setUint32(0, number);
      return bytes;
    };
    const isContentOf = (number, bytes) => {
      const wanted = contentOf(number);
      return bytes.length === 32 && bytes.every((byte, index) => byte === wanted[index]);
    };
    const holds = (secret, number) => secret.withBytes((bytes) => isContentOf(number, bytes));
    ${code}`,
    { wrapper: memlockUnprivileged(bytes), timeoutMs: 90_000 },
  );
  assert.equal(bindingLimit(text), bytes, "The limit does not bind the child");
  return value;
}

interface Many {
  readonly wrong: number;
  readonly inUse: number;
  readonly most: number;
  readonly limit: number;
  readonly after: number;
}

function assertMany({ wrong, inUse, most, limit, after }: Many): void {
  assert.equal(inUse, 100_000);
  assert.equal(wrong, 0, "A secret has another content");
  assert.equal(limit, KIB64);
  assert.ok(most <= KIB64 && most > 0, `${most} bytes were locked`);
  assert.equal(after, 0);
}

const LOCKED_MOST = `
  let most = 0;
  const look = () => most = Math.max(most, stats().lockedBytes, Number.parseInt(status("VmLck")) * 1024);
`;

describe("under 64 KiB, unprivileged", { skip, timeout: patience(120_000) }, () => {
  it("100,000 secrets of a pool live, and each can be read", async () => {
    assertMany(
      await within<Many>(
        KIB64,
        `
        ${LOCKED_MOST}
        const pool = new SecretPool({ onPressure: "seal" });
        const secrets = Array.from({ length: 100_000 }, (_, index) => pool.from(contentOf(index)));
        look();
        let wrong = 0;
        for (const [index, secret] of secrets.entries()) {
          if (!holds(secret, index)) wrong += 1;
          if (index % 5000 === 0) look();
        }
        // And once more from the other end: those that were hot are not.
        for (let index = 99_999; index > 0; index -= 97) wrong += holds(secrets[index], index) ? 0 : 1;
        look();
        const { inUse, lockLimitBytes: limit } = stats();
        pool.close();
        answer({ wrong, inUse, most, limit, after: stats().inUse });
        `,
      ),
    );
  });

  it("100,000 enclaves live, and each can be read", async () => {
    assertMany(
      await within<Many>(
        KIB64,
        `
        ${LOCKED_MOST}
        const enclaves = Array.from({ length: 100_000 }, (_, index) => Enclave.seal(contentOf(index)));
        look();
        let wrong = 0;
        for (const [index, enclave] of enclaves.entries()) {
          if (!holds(enclave, index)) wrong += 1;
          if (index % 5000 === 0) look();
        }
        const { sealed: inUse, lockLimitBytes: limit } = stats();
        for (const enclave of enclaves) enclave.close();
        answer({ wrong, inUse, most, limit, after: stats().sealed });
        `,
      ),
    );
  });

  it("a pool that does not seal refuses, names three ways out, and harms nothing", async () => {
    const seen = await within<{
      refusal: Failure | null;
      made: number;
      wrong: number;
      source: boolean;
      again: Failure | null;
      lockedBytes: number;
      sealing: number;
    }>(
      KIB64,
      `
      const before = Secret.from(contentOf(1_000_000));
      const enclave = Enclave.seal(contentOf(1_000_001));
      // A window on an enclave takes a page, the first time.
      holds(enclave, 1_000_001);
      const sealing = new SecretPool({ onPressure: "seal" });
      const theirs = Array.from({ length: 500 }, (_, index) => sealing.from(contentOf(index)));
      for (const [index, secret] of theirs.entries()) holds(secret, index);
      const pool = new SecretPool();
      const secrets = [];
      let refusal = null;
      let source;
      while (refusal === null && secrets.length < 5000) {
        source = contentOf(secrets.length);
        refusal = failureOf(() => secrets.push(pool.from(source)));
      }
      const { lockedBytes } = stats();
      const made = secrets.length;
      let wrong = 0;
      for (const [index, secret] of secrets.entries()) wrong += holds(secret, index) ? 0 : 1;
      for (const [index, secret] of theirs.entries()) wrong += holds(secret, index) ? 0 : 1;
      wrong += holds(before, 1_000_000) ? 0 : 1;
      wrong += holds(enclave, 1_000_001) ? 0 : 1;
      for (const secret of secrets.splice(0, 200)) secret.close();
      const again = failureOf(() => {
        for (let index = 0; index < 100; index++) secrets.push(pool.from(contentOf(index)));
      });
      for (const [index, secret] of secrets.slice(-100).entries()) wrong += holds(secret, index) ? 0 : 1;
      answer({
        refusal, made, wrong, again, lockedBytes,
        source: isContentOf(made, source),
        sealing: theirs.filter(({ isClosed }) => !isClosed).length,
      });
      `,
    );
    const { refusal } = seen;
    assert.ok(refusal !== null, `${seen.made} secrets were made, and none was refused`);
    assert.equal(refusal.name, "LockLimitError");
    assert.equal(refusal.code, "LOCK_LIMIT");
    assert.equal(refusal.limitBytes, KIB64);
    assert.equal(refusal.lockedBytes, seen.lockedBytes);
    assert.ok(refusal.message.includes(`${KIB64} bytes`), refusal.message);
    assert.ok(refusal.message.includes(`${seen.lockedBytes}`), refusal.message);
    for (const way of [/ulimit -l/, /SecretPool/, /onPressure: "seal"|Enclave/]) {
      assert.match(refusal.message, way);
    }
    assert.ok(seen.made >= 85, `Only ${seen.made} secrets were made`);
    assert.equal(seen.wrong, 0, "A secret was harmed");
    assert.equal(seen.source, true, "The source of the refused one was wiped");
    assert.equal(seen.again, null, "What was closed makes no room");
    assert.equal(seen.sealing, 500);
  });
});

test("where the limit is lowered while a process runs, its secrets live on, and more are made", {
  skip,
  timeout: patience(60_000),
}, async () => {
  const seen = await within<{
    limits: number[];
    wrong: number;
    refusal: Failure | null;
    inUse: number;
    grown: number;
  }>(
    1 << 20,
    `
    const { spawnSync } = process.getBuiltinModule("node:child_process");
    const pool = new SecretPool({ onPressure: "seal" });
    const plain = new SecretPool();
    const secrets = Array.from({ length: 3000 }, (_, index) => pool.from(contentOf(index)));
    const others = Array.from({ length: 300 }, (_, index) => plain.from(contentOf(index)));
    let wrong = 0;
    const check = () => {
      for (const [index, secret] of secrets.entries()) wrong += holds(secret, index) ? 0 : 1;
      for (const [index, secret] of others.entries()) wrong += holds(secret, index) ? 0 : 1;
    };
    check();
    const limits = [stats().lockLimitBytes];
    // Below what is locked already: nothing more can be.
    const bytes = 16384;
    const { status: ended, stderr } = spawnSync(
      "prlimit", ["--pid", String(process.pid), "--memlock=" + bytes + ":" + bytes],
    );
    if (ended !== 0) throw new Error(String(stderr));
    limits.push(stats().lockLimitBytes);
    const locked = stats().lockedBytes;
    check();
    for (let index = 3000; index < 6000; index++) secrets.push(pool.from(contentOf(index)));
    check();
    let refusal = null;
    while (refusal === null && others.length < 20_000) {
      refusal = failureOf(() => others.push(plain.from(contentOf(others.length))));
    }
    check();
    const grown = stats().lockedBytes - locked;
    const { inUse } = stats();
    answer({ limits, wrong, refusal, inUse: inUse - secrets.length - others.length, grown });
    `,
  );
  assert.deepEqual(seen.limits, [1 << 20, 16_384]);
  assert.equal(seen.wrong, 0);
  assert.equal(seen.refusal?.name, "LockLimitError");
  assert.equal(seen.refusal?.limitBytes, 16_384);
  assert.equal(seen.inUse, 0);
  assert.ok(seen.grown <= 0, `${seen.grown} bytes more were locked than is allowed`);
});
