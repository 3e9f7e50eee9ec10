/**
 * Runs with the library whose system calls can be made to fail, without a source of random bytes:
 * nothing may be sealed then. Started by pool_random_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { AllocationError, Enclave, Secret, SecretPool, stats, SystemError } from "../../mod.ts";
import { STEPS } from "../../src/native/abi.ts";
import { library } from "../../src/native/library.ts";

const EAGAIN = 11;
const FOREVER = 0xffffffff;
const { runtime, path } = library();
const faults = runtime.load(path, {
  securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
  securememory_fault_failures: { parameters: ["u32"], result: "u32" },
});
const GETRANDOM = STEPS.indexOf("getrandom");
const arm = (k: number, times: number) => faults.securememory_fault_arm(k, EAGAIN, times);
/** How often random bytes were refused, beyond a number. */
const refusedSince = (before: number) => faults.securememory_fault_failures(GETRANDOM) - before;

const content = () => new Uint8Array(32).fill(0xa5);
const isIntact = (bytes: Uint8Array) => bytes.every((byte) => byte === 0xa5);

/**
 * Fails the k-th call, for each k, until it works: there is no key before, so that each time is the
 * first. Returns the calls that failed.
 */
function untilSealed<T>(times: number, seal: (source: Uint8Array) => T): [string[], T] {
  const failed: string[] = [];
  for (let k = 1; k < 1000; k++) {
    const source = content();
    const before = refusedSince(0);
    const { sealed, sealedBytes } = stats();
    arm(k, times);
    try {
      const made = seal(source);
      assert.equal(refusedSince(before), 0, "it was sealed although there were no random bytes");
      return [failed, made];
    } catch (error) {
      assert.ok(error instanceof SystemError, `not a typed error: ${error}`);
      assert.equal(error.errno, EAGAIN);
      // What is undone may fail as well, and is what the error names then.
      failed.push(error.syscall, ...(refusedSince(before) > 0 ? ["getrandom"] : []));
      if (error.syscall === "getrandom") assert.ok(error instanceof AllocationError, `${error}`);
      assert.ok(isIntact(source), "the source of a refused one was changed");
      assert.deepEqual([stats().sealed, stats().sealedBytes], [sealed, sealedBytes]);
    } finally {
      arm(0, 1);
    }
  }
  throw new Error(`it never works: ${failed}`);
}

const times = process.argv[3] === "forever" ? FOREVER : 1;
const cases: Record<string, () => string[]> = {
  enclave() {
    const [failed, enclave] = untilSealed(times, (source) => Enclave.seal(source));
    assert.equal(enclave.withBytes(isIntact), true);
    return failed;
  },

  pool() {
    const [failed, secret] = untilSealed(times, (source) => {
      // A protection key that cannot be had is done without: that would be the first success.
      const pool = new SecretPool({ onPressure: "seal", gate: "mprotect" });
      try {
        return pool.from(source);
      } catch (error) {
        pool.close();
        throw error;
      }
    });
    assert.equal(secret.withBytes(isIntact), true);
    return failed;
  },

  /** Once there is a key: numbers that are used once come from the system, too. */
  later() {
    const enclaves = [Enclave.seal(content())];
    const failed: string[] = [];
    for (let round = 0; round < 20_000; round++) {
      const source = content();
      const before = refusedSince(0);
      arm(1, FOREVER);
      try {
        enclaves.push(Enclave.seal(source));
        assert.equal(refusedSince(before), 0, "it was sealed although there were no random bytes");
      } catch (error) {
        assert.ok(error instanceof SystemError, `not a typed error: ${error}`);
        failed.push(error.syscall, ...(refusedSince(before) > 0 ? ["getrandom"] : []));
        assert.ok(isIntact(source));
      } finally {
        arm(0, 1);
      }
      if (failed.includes("getrandom")) break;
      enclaves.push(Enclave.seal(content()));
    }
    for (const enclave of enclaves) assert.equal(enclave.withBytes(isIntact), true);
    return failed;
  },
};

// Pages for keys are there: what fails is what keys need beside them.
Secret.random(32).close();
const run = cases[process.argv[2] as string];
if (run === undefined) throw new Error(`There is no case ${process.argv[2]}`);
console.log(JSON.stringify(run()));
process.exit(0);
