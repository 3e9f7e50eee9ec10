/**
 * What is left of a pool that was closed: addresses that views may show, and no locked memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretPool, stats } from "../mod.ts";

const ROUNDS = 600;
/** An arena is made whole: free pages of it are locked as well. */
const LOCKED_MAX = 1 << 20;

test("pools that are closed with secrets that were shared keep no memory locked", () => {
  const round = () => {
    const pool = new SecretPool();
    const secret = pool.random(32);
    secret.withBytes((bytes) => bytes[0]);
    secret.share();
    pool.close();
    assert.equal(secret.isClosed, true);
  };
  for (let warm = 0; warm < 50; warm++) round();
  const { lockedBytes, inUse, openWindows } = stats();
  for (let count = 0; count < ROUNDS; count++) round();
  const after = stats();
  assert.deepEqual([after.inUse, after.openWindows], [inUse, openWindows]);
  const grown = after.lockedBytes - lockedBytes;
  assert.ok(grown < LOCKED_MAX, `${grown} bytes more are locked after ${ROUNDS} pools`);
});

test("a window that is open while its pool is closed reads zeros, and then refuses", () => {
  const pool = new SecretPool();
  const secret = pool.from(new Uint8Array(32).fill(7));
  secret.withBytes((bytes) => {
    assert.equal(bytes[31], 7);
    pool.close();
    assert.ok(bytes.every((byte) => byte === 0));
  });
  assert.throws(() => secret.withBytes(() => 0), { code: "SECRET_CLOSED" });
});
