/**
 * Threads that use the same secrets at the same time; see keyed_threads_test.ts. A process of its
 * own, since a thread that waits for ever cannot be ended otherwise.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { Secret, SecretClosedError, stats } from "../../mod.ts";
import { withWorker } from "../support/worker.ts";
import { encryptRounds, GO, type Job, READY, STOP } from "../workers/keyed_threads.ts";

const WORKER = new URL("../workers/keyed_threads.ts", import.meta.url);
// Two threads that lock in the wrong order meet within some hundreds, as a rule.
const ROUNDS = 5000;

type Work = Omit<Job, "signs">;

/** Calls `meanwhile` when every Worker has begun. Gives what they answer. */
async function beside<T>(
  jobs: readonly Work[],
  meanwhile: () => T,
): Promise<readonly [T, ...unknown[]]> {
  const shared = new SharedArrayBuffer(12);
  const signs = new Int32Array(shared);
  const run = (rest: readonly Work[], answers: readonly Promise<unknown>[]): Promise<unknown[]> => {
    const [job, ...others] = rest;
    if (job !== undefined) {
      return withWorker(WORKER, (worker) => {
        worker.post({ ...job, signs: shared });
        return run(others, [...answers, worker.receive()]);
      });
    }
    return (async () => {
      while (Atomics.load(signs, READY) < jobs.length) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      Atomics.store(signs, GO, 1);
      let result: T;
      try {
        result = meanwhile();
      } finally {
        Atomics.store(signs, STOP, 1);
      }
      return [result, ...await Promise.all(answers)];
    })();
  };
  return await run(jobs, []) as [T, ...unknown[]];
}

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  /** A under B, and B under A. */
  async crossed() {
    using a = Secret.random(32);
    using b = Secret.random(32);
    const [key, text] = [a.share(), b.share()];
    const answers = await beside([
      { encrypt: { key: text, text: key, rounds: ROUNDS } },
      { encrypt: { key, text, rounds: ROUNDS } },
    ], () => encryptRounds(b, a, ROUNDS));
    assert.deepEqual(answers, [ROUNDS, ROUNDS, ROUNDS]);
    assert.deepEqual([a.status().protection, b.status().protection], ["none", "none"]);
  },

  /** A under A, in this thread alone, and in three. */
  async itself() {
    using own = Secret.random(32);
    assert.equal(encryptRounds(own, own, ROUNDS), ROUNDS);
    using a = Secret.random(32);
    const ticket = a.share();
    const encrypt = { key: ticket, text: ticket, rounds: ROUNDS };
    const answers = await beside([{ encrypt }, { encrypt }], () => encryptRounds(a, a, ROUNDS));
    assert.deepEqual(answers, [ROUNDS, ROUNDS, ROUNDS]);
    assert.equal(a.status().protection, "none");
  },

  /** Every operation either gives what it is to give, or is a SecretClosedError. */
  async purged() {
    const mac = withKey((key) => key.hmac("SHA-256", "data").toHex());
    const box = withKey((key) => key.encrypt("text"));
    const theirs = new Uint8Array(32).fill(9);
    const nonce = new Uint8Array(16);
    const operations: readonly ((key: Secret) => unknown)[] = [
      (key) => assert.equal(key.hmac("SHA-256", "data").toHex(), mac),
      (key) => assert.equal(key.verifyHmac("SHA-256", "data", Uint8Array.fromHex(mac)), true),
      (key) => key.hmac("SHA-256", "data", { as: "secret" }).close(),
      (key) => key.derive("info", 40).close(),
      (key) => assert.equal(key.encrypt(key).length, 72),
      (key) => {
        using other = Secret.random(9);
        assert.equal(key.encrypt(other).length, 49);
      },
      (key) => assert.equal(new TextDecoder().decode(key.decrypt(box)), "text"),
      (key) => key.decrypt(box, { as: "secret" }).close(),
      (key) => key.sign("message"),
      (key) => key.publicKey(),
      (key) => key.agree(theirs).close(),
      (key) => Secret.fromPassword(key, { nonce, memory: 64, passes: 1 }).close(),
    ];
    const [counts, purges] = await beside([{ purge: "over and over" }], () => {
      let [done, closed] = [0, 0];
      for (let round = 0; round < 3000 && Math.min(done, closed) < 200; round++) {
        const operation = operations[round % operations.length] as (key: Secret) => unknown;
        const key = secret();
        try {
          if (round % 2 === 0) key.share();
          for (let time = 0; time < 20; time++, done++) operation(key);
        } catch (error) {
          if (!(error instanceof SecretClosedError)) throw error;
          closed += 1;
        }
        key.close();
      }
      return { done, closed };
    });
    // Otherwise nothing was tried.
    assert.ok(counts.done >= 10 && counts.closed >= 10, JSON.stringify({ ...counts, purges }));
    assert.equal(stats().openWindows, 0);
    assert.equal(stats().inUse, 0);
    assert.equal(withKey((key) => key.hmac("SHA-256", "data").toHex()), mac);
  },

  /** If the purge had to wait for Argon2id, there would be a result. */
  async password() {
    const nonce = new Uint8Array(16);
    const memory = 65_536;
    withKey((key) => Secret.fromPassword(key, { nonce, memory: 64 }).close());
    // It is in time where this is long enough: how long that is the machine says.
    for (const passes of [8, 32, 128]) {
      const key = secret();
      const growth = memory * 1024 * 3 / 4;
      const [made] = await beside([{ purge: { growth } }], () => {
        try {
          return Secret.fromPassword(key, { nonce, memory, passes, parallelism: 1 });
        } catch (error) {
          if (!(error instanceof SecretClosedError)) throw error;
          return undefined;
        }
      });
      assert.equal(key.isClosed, true);
      assert.equal(stats().openWindows, 0);
      if (made === undefined) {
        assert.equal(stats().inUse, 0, "something was made of it");
        return;
      }
      made.close();
    }
    assert.fail("The purge waited until the work was done");
  },
};

function secret(): Secret {
  return Secret.from(new Uint8Array(32).fill(7));
}

function withKey<T>(use: (key: Secret) => T): T {
  using key = secret();
  return use(key);
}

await CASES[process.argv[2] as string]?.();
console.log("done");
process.exit(0);
