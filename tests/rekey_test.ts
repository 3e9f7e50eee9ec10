/**
 * Another key for everything that is sealed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test as plain } from "node:test";
import { Enclave, purge, rekey, SecretPool, stats } from "../mod.ts";
import { withCache } from "./support/enclaves.ts";
import { reported } from "./support/report.ts";
import { testOnGates as test } from "./support/rungs.ts";

test("`rekey` says how many boxes it moved, and all of them are what they were", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    purge();
    assert.equal(rekey(), 0);
    const enclaves = Array.from({ length: 100 }, (_, index) =>
      // The longest has more than a page.
      Enclave.seal(new Uint8Array(index === 50 ? 10_000 : index + 1).fill(index)));
    for (let round = 0; round < 20; round++) {
      assert.equal(rekey(), 100);
      for (const [index, enclave] of enclaves.entries()) {
        assert.ok(enclave.withBytes((bytes) => bytes.every((byte) => byte === index)), `${index}`);
      }
    }
    const { sealed, openWindows } = stats();
    assert.deepEqual([sealed, openWindows], [100, 0]);
    for (const enclave of enclaves) enclave.close();
    assert.equal(rekey(), 0);
  });
});

test("`rekey` inside a window leaves the window as it is", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
    enclave.withBytes((bytes) => {
      assert.ok(rekey() >= 1);
      assert.deepEqual([...bytes], [1, 2, 3]);
      assert.deepEqual(enclave.withBytes((again) => [...again]), [1, 2, 3]);
    });
    assert.deepEqual(enclave.withBytes((bytes) => [...bytes]), [1, 2, 3]);
  });
});

test("`rekey` moves what pools have sealed, too", () => {
  using pool = new SecretPool({ onPressure: "seal" });
  const secrets = Array.from({ length: 50 }, (_, index) => pool.from(new Uint8Array([index, 7])));
  assert.ok(rekey() >= 50);
  for (const [index, secret] of secrets.entries()) {
    assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [index, 7]);
  }
});

plain("`rekey` before anything is sealed loads nothing, and is 0", async () => {
  const seen = await reported<unknown>(`
    const moved = securememory.rekey();
    const mapped = readFileSync("/proc/self/maps", "utf8").includes("libsecurememory");
    report({ moved, mapped });
  `);
  assert.deepEqual(seen, { moved: 0, mapped: false });
});
