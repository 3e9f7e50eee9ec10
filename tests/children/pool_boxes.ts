/**
 * Changes the boxes of a pool's secrets, as something that can write there would. Runs with the
 * library of the faults, which says where boxes are. Started by pool_seal_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CorruptionError, type Secret, SecretPool, stats } from "../../mod.ts";
import { library } from "../../src/native/library.ts";

const TAG = 16;
const { runtime, path, calls } = library();
const { securememory_fault_box } = runtime.load(path, {
  securememory_fault_box: { parameters: ["f64"], result: "pointer" },
});

/** The box of a secret, itself: ciphertext and tag. Makes the secret, since nobody has its number. */
function sealed(pool: SecretPool, fill: number): { secret: Secret; box: Uint8Array } {
  const handles: number[] = [];
  const own = calls.securememory_pool_from;
  const spied = calls as { securememory_pool_from: typeof own };
  spied.securememory_pool_from = (...args) => {
    const handle = own(...args);
    handles.push(handle);
    return handle;
  };
  try {
    const secret = pool.from(new Uint8Array(32).fill(fill));
    const pointer = securememory_fault_box(handles[0] as number);
    return { secret, box: new Uint8Array(runtime.arrayBuffer(pointer, 32 + TAG)) };
  } finally {
    spied.securememory_pool_from = own;
  }
}

const read = (secret: Secret) => secret.withBytes((bytes) => [...bytes]);

function assertRefused(pool: SecretPool, secret: Secret): void {
  const [windows, hot] = [stats().openWindows, pool.stats().hot];
  for (const use of [() => read(secret), () => secret.copy(), () => secret.share()]) {
    assert.throws(use, (error) => {
      assert.ok(error instanceof CorruptionError, `${error}`);
      assert.match(error.message, /what was sealed has been changed; nothing of it was opened$/);
      return true;
    });
  }
  assert.equal(stats().openWindows, windows);
  // Others may have made room for it.
  assert.ok(pool.stats().hot <= hot);
}

using pool = new SecretPool({ onPressure: "seal" });
const good = sealed(pool, 1);
assert.equal(good.box.includes(1) && good.box.every((byte) => byte === 1), false);

// Every byte counts.
for (let at = 0; at < 32 + TAG; at++) {
  const { secret, box } = sealed(pool, 2);
  box[at]! ^= 1 << at % 8;
  assertRefused(pool, secret);
  box[at]! ^= 1 << at % 8;
  assert.deepEqual(read(secret), Array(32).fill(2));
  secret.close();
}

// Another secret's is not its own, though the key is the same.
const [one, other] = [sealed(pool, 3), sealed(pool, 4)];
const kept = one.box.slice();
one.box.set(other.box);
other.box.set(kept);
assertRefused(pool, one.secret);
assertRefused(pool, other.secret);

// Nor is one from before it was written to.
const written = sealed(pool, 5);
const old = written.box.slice();
written.secret.update((bytes) => bytes.fill(6) && undefined);
const others = Array.from({ length: 30_000 }, () => pool.random(32));
for (const secret of others) secret.withBytes(() => {});
assert.notDeepEqual([...written.box], [...old]);
written.box.set(old);
assertRefused(pool, written.secret);

// What cannot be opened can be closed, and harms nobody.
const secrets = pool.stats().secrets;
for (const { secret } of [one, other, written]) secret.close();
assert.equal(pool.stats().secrets, secrets - 3);
assert.deepEqual(read(good.secret), Array(32).fill(1));

// The box of a closed secret is wiped; where the next free one is stands at its start.
const closed = sealed(pool, 7);
closed.secret.close();
assert.deepEqual([...closed.box.subarray(8)], Array(32 + TAG - 8).fill(0));
console.log("done");
