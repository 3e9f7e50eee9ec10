/**
 * Enclaves where there is little to be had: locked memory, and system calls that fail.
 *
 * @module
 */
import { describe, it, test } from "node:test";
import assert from "node:assert/strict";
import { passes, withoutFaults } from "./support/faults.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { type Failure, reported } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

const LIMIT = 65_536;

test("within 64 KiB of locked memory there are 20,000 enclaves, and each is what it was", {
  skip: withoutMemlock,
}, async () => {
  const seen = await reported<{ wrong: number; sealed: number; locked: number; limit: number }>(
    `
    const { Enclave, stats } = securememory;
    const enclaves = Array.from({ length: 20_000 }, (_, index) => {
      const bytes = new Uint8Array(32);
      new DataView(bytes.buffer).setUint32(4, index);
      return Enclave.seal(bytes);
    });
    let wrong = 0;
    for (let round = 0; round < 2; round++) {
      for (const [index, enclave] of enclaves.entries()) {
        const read = enclave.withBytes((bytes) => new DataView(bytes.buffer).getUint32(4));
        if (read !== index) wrong += 1;
      }
    }
    const { sealed, lockedBytes: locked, lockLimitBytes: limit } = stats();
    report({ wrong, sealed, locked, limit });
  `,
    { wrapper: memlock(LIMIT) },
  );
  assert.deepEqual([seen.wrong, seen.sealed, seen.limit], [0, 20_000, LIMIT]);
  assert.ok(seen.locked <= LIMIT, `${seen.locked}`);
});

test("with the limit spent, open copies give way, and then it is a LockLimitError", {
  skip: withoutMemlock,
}, async () => {
  const seen = await reported<{
    nested: number;
    refusal: Failure | null;
    refusedOpen: Failure | null;
    read: number[];
    again: number;
    callbacks: number;
  }>(
    `
    const { configure, Enclave, stats } = securememory;
    const seal = (byte) => Enclave.seal(new Uint8Array([byte]));
    const hot = Array.from({ length: 4 }, (_, index) => seal(index));
    for (let use = 0; use < 3; use++) for (const enclave of hot) enclave.withBytes((bytes) => bytes[0]);
    const before = stats().inUse;
    // Everything that is left, and a bit of what was open.
    const made = [];
    let refusal = null;
    while (refusal === null) refusal = failureOf(() => made.push(Secret.random(32)));
    let read = hot.map((enclave) => enclave.withBytes((bytes) => bytes[0]));
    // A window inside a window takes another page.
    const all = Array.from({ length: 40 }, (_, index) => seal(index));
    let callbacks = 0;
    const open = (index) => index === all.length
      ? index
      : all[index].withBytes(() => {
        callbacks += 1;
        return open(index + 1);
      });
    const refusedNested = failureOf(() => open(0));
    const refusedOpen = failureOf(() => all[0].open());
    read = read.concat(hot.map((enclave) => enclave.withBytes((bytes) => bytes[0])));
    for (const secret of made.splice(0)) secret.close();
    report({ nested: made.length, refusal: refusedNested, refusedOpen, read, again: all[39].open().length, callbacks });
  `,
    { wrapper: memlock(LIMIT), env: { SECUREMEMORY_STORE: "locked" } },
  );
  assert.equal(seen.refusal?.name, "LockLimitError");
  assert.equal(seen.refusal?.code, "LOCK_LIMIT");
  assert.equal(seen.refusal?.limitBytes, LIMIT);
  assert.match(
    seen.refusal?.message ?? "",
    /^Cannot open a window on the enclave: it takes a page: /,
  );
  assert.ok(seen.callbacks >= 1 && seen.callbacks < 40, `${seen.callbacks}`);
  assert.equal(seen.refusedOpen?.name, "LockLimitError");
  assert.match(seen.refusedOpen?.message ?? "", /^Cannot open the enclave: .*SecretPool.*Enclave/);
  assert.deepEqual(seen.read, [0, 1, 2, 3, 0, 1, 2, 3]);
  assert.equal(seen.again, 1);
});

test("with no locked memory at all, sealing is a LockLimitError, and the source is as it was", {
  skip: withoutMemlock,
}, async () => {
  const { refusal, source, sealed } = await reported<
    { refusal: Failure | null; source: number[]; sealed: number }
  >(
    `
    const source = new Uint8Array([1, 2, 3]);
    const refusal = failureOf(() => securememory.Enclave.seal(source));
    report({ refusal, source: [...source], sealed: securememory.stats().sealed });
  `,
    { wrapper: memlock(0) },
  );
  assert.equal(refusal?.name, "LockLimitError");
  assert.match(refusal?.message ?? "", /^Cannot seal the secret: /);
  assert.deepEqual([source, sealed], [[1, 2, 3], 0]);
});

test("without the crypto library sealing is an UnsupportedError, and the source is as it was", async () => {
  const { refusals, source, closed } = await reported<
    { refusals: (Failure | null)[]; source: number[]; closed: boolean }
  >(
    `
    const source = new Uint8Array([1, 2, 3]);
    const secret = Secret.random(3);
    const refusals = [
      failureOf(() => securememory.Enclave.seal(source)),
      failureOf(() => securememory.Enclave.seal(secret)),
    ];
    report({ refusals, source: [...source], closed: secret.isClosed });
  `,
    { env: { SECUREMEMORY_CRYPTO_LIBRARY: "/nowhere/libsecurememory-crypto.so" } },
  );
  for (const refusal of refusals) assert.equal(refusal?.code, "UNSUPPORTED");
  assert.deepEqual([source, closed], [[1, 2, 3], false]);
});

for (const { skip, ...rungs } of EVERY_RUNG) {
  describe(`for every k, when the k-th system call fails (${nameOf(rungs)})`, {
    skip: withoutFaults || skip,
  }, () => {
    for (
      const [name, claim] of [
        ["sealing", "sealing leaves the source as it was, or an enclave"],
        ["window", "a window leaves the enclave as it was, and no page open"],
        ["opening", "opening leaves the enclave as it was, and no half-made secret"],
      ] as const
    ) {
      it(claim, () => passes("boxes.ts", environmentOf(rungs), name));
    }
  });
}
