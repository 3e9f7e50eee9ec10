/**
 * vm.max_map_count exhausted: what is closed or sealed then is wiped all the same. Memory is looked
 * at as a debugger does it, which secretmem does not allow, so the store is an ordinary one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { withNative, withoutZig } from "./support/native.ts";
import { type Failure, moduleUrl, reported } from "./support/report.ts";
import { AUTO, environmentOf } from "./support/rungs.ts";

/** In a child: `without(action)` calls it when no mapping is left. */
function hostile(path: string): string {
  const limit = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8"));
  return `
    import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
    import { addressOf } from ${moduleUrl("tests/support/memory.ts")};
    import { peek } from ${moduleUrl("tests/support/peek.ts")};
    const { Enclave, SecretPool, stats } = securememory;
    const native = detectRuntime().load(${JSON.stringify(path)}, {
      hostile_use_up_mappings: { parameters: ["u32", "u32"], result: "u32" },
      hostile_give_mappings_back: { parameters: [], result: "i32" },
    });
    /** Without a mapping to spare runtimes soon die, so what happens there is one short step. */
    const without = (action) => {
      native.hostile_use_up_mappings(${limit}, 0);
      try {
        return action();
      } finally {
        native.hostile_give_mappings_back();
      }
    };
    const content = (fill) => new Uint8Array(32).fill(fill);
    const isAt = (address, fill) => {
      const seen = peek(address, 32);
      if (seen === undefined) throw new Error("Memory cannot be looked at");
      return seen.every((byte) => byte === fill);
    };
    const where = (secret) => secret.withBytes(addressOf);
  `;
}

const env = environmentOf({ ...AUTO, store: "locked" });

test("out of mappings, secrets of a pool are read, and wiped as they are closed and sealed", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<{
      read: boolean;
      failures: (Failure | null)[];
      before: boolean[];
      after: boolean[];
      sealed: boolean;
      kept: boolean;
      inUse: number;
    }>(
      `
      ${hostile(path)}
      const pool = new SecretPool();
      const make = (fill) => pool.from(content(fill));
      const holds = (secret, fill) => secret.withBytes((bytes) => bytes.every((byte) => byte === fill));
      // Everything runs once before, since running it for the first time takes memory.
      const warm = [make(1), make(2)];
      warm[0].close();
      Enclave.seal(warm[1]).close();
      failureOf(() => warm[0].withBytes(() => 0));
      without(() => make(3).close());
      const [closed, sealed, kept] = [make(0xa1), make(0xa2), make(0xa3)];
      const addresses = [where(closed), where(sealed), where(kept)];
      const fills = [0xa1, 0xa2, 0xa3];
      const look = () => addresses.map((address, index) => isAt(address, fills[index]));
      const before = look();
      const read = without(() => holds(kept, 0xa3));
      let enclave;
      const failures = [
        without(() => failureOf(() => closed.close())),
        without(() => failureOf(() => enclave = Enclave.seal(sealed))),
      ];
      const after = look();
      const isSealed = enclave !== undefined && holds(enclave, 0xa2);
      const stillKept = holds(kept, 0xa3);
      report({
        read, failures, before, after, sealed: isSealed, kept: stillKept,
        inUse: pool.stats().secrets,
      });
      `,
      { env },
    );
    assert.equal(seen.read, true);
    assert.deepEqual(seen.failures, [null, null]);
    assert.deepEqual(seen.before, [true, true, true], "The control: contents can be seen");
    assert.deepEqual(seen.after, [false, false, true], "A closed or a sealed one was not wiped");
    assert.equal(seen.sealed, true);
    assert.equal(seen.kept, true);
    assert.equal(seen.inUse, 1);
  });
});

test("out of mappings, a pool with all of its secrets is closed and wiped", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<{
      failure: Failure | null;
      before: boolean[];
      after: boolean[];
      closed: boolean[];
      inUse: number;
    }>(
      `
      ${hostile(path)}
      const all = ["error", "seal"].map((onPressure) => {
        const warm = new SecretPool({ onPressure });
        where(warm.from(content(1)));
        warm.close();
        const pool = new SecretPool({ onPressure });
        const secrets = [0xb1, 0xb2].map((fill) => pool.from(content(fill)));
        return { pool, secrets, addresses: secrets.map(where) };
      });
      const look = () => all.flatMap(({ addresses }) => [isAt(addresses[0], 0xb1), isAt(addresses[1], 0xb2)]);
      const before = look();
      const failure = without(() => failureOf(() => { for (const { pool } of all) pool.close(); }));
      report({
        failure, before, after: look(), inUse: stats().inUse,
        closed: all.flatMap(({ secrets }) => secrets.map(({ isClosed }) => isClosed)),
      });
      `,
      { env },
    );
    assert.equal(seen.failure, null);
    assert.deepEqual(seen.before, [true, true, true, true], "The control: contents can be seen");
    assert.deepEqual(seen.after, [false, false, false, false]);
    assert.deepEqual(seen.closed, [true, true, true, true]);
    assert.equal(seen.inUse, 0);
  });
});

test("out of mappings, a sealing pool wipes what it seals, and opens it again", {
  skip: withoutZig,
}, async () => {
  await withNative("hostile", async (path) => {
    const seen = await reported<{
      before: boolean;
      after: boolean;
      seals: number;
      failures: (Failure | null)[];
      right: boolean;
    }>(
      `
      ${hostile(path)}
      // Room for one page of their class: another one sends a secret of it away.
      const pool = new SecretPool({ onPressure: "seal", hotBytes: ${4096} });
      const secrets = Array.from({ length: 2000 }, (_, index) => pool.from(content(index)));
      const touch = (secret) => secret.withBytes((bytes) => bytes[0]);
      for (const secret of secrets) touch(secret);
      const chosen = pool.from(content(0xc5));
      const address = where(chosen);
      const before = isAt(address, 0xc5);
      const { seals } = pool.stats();
      const failures = [];
      without(() => {
        for (let index = 0; index < 200; index++) touch(secrets[index]);
      });
      const after = isAt(address, 0xc5);
      const right = chosen.withBytes((bytes) => bytes.every((byte) => byte === 0xc5));
      report({ before, after, seals: pool.stats().seals - seals, failures, right });
      `,
      { env },
    );
    assert.equal(seen.before, true, "The control: its content can be seen");
    assert.equal(seen.after, false, "It is still there");
    assert.ok(seen.seals > 0, "Nothing was sealed");
    assert.equal(seen.right, true);
  });
});
