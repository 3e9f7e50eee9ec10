import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretBusyError, SecretClosedError, SecretPool, stats } from "../mod.ts";
import { type Counts, inCountingChild, only } from "./support/counting.ts";
import { withoutFaults } from "./support/faults.ts";
import { EVERY_RUNG, nameOf, testOnGates } from "./support/rungs.ts";

const sum = (...views: Uint8Array[]) => views.flatMap((bytes) => [...bytes]);

testOnGates("`pool.withBytes()` opens all, in order, and closes all", () => {
  using pool = new SecretPool();
  const secrets = [1, 2, 3].map((value) => pool.from(new Uint8Array([value, value + 10])));
  const before = stats().openWindows;
  const result = pool.withBytes(secrets, (...views) => {
    assert.equal(stats().openWindows, before + 3);
    return sum(...views);
  });
  assert.deepEqual(result, [1, 11, 2, 12, 3, 13]);
  assert.equal(stats().openWindows, before);
  for (const secret of secrets) assert.equal(secret.status().protection, "none");
});

testOnGates("`pool.withBytes()` takes one secret twice, and nests", () => {
  using pool = new SecretPool({ onPressure: "seal" });
  const [one, other] = [pool.fromString("1"), pool.fromString("2")];
  const before = stats().openWindows;
  const result = pool.withBytes(
    [one, one],
    (...outer) => pool.withBytes([other, one], (...inner) => sum(...outer, ...inner)),
  );
  assert.deepEqual(result, [49, 49, 50, 49]);
  assert.equal(stats().openWindows, before);
});

test("`pool.withBytes()` refuses what is not a list of this pool's secrets, and opens nothing", () => {
  using pool = new SecretPool();
  using another = new SecretPool();
  using own = Secret.random(4);
  const secret = pool.random(4);
  const wrong = (list: unknown, kind: typeof TypeError | typeof RangeError, message: RegExp) => {
    const before = stats().openWindows;
    const use = () => pool.withBytes(list as Secret[], () => assert.fail("called"));
    assert.throws(use, (error) => error instanceof kind && message.test(error.message));
    assert.equal(stats().openWindows, before);
  };
  wrong([], RangeError, /at least one secret, current number is 0/);
  wrong(undefined, TypeError, /must be an array/);
  wrong(secret, TypeError, /must be an array/);
  wrong(new Set([secret]), TypeError, /must be an array/);
  wrong([secret, "x"], TypeError, /element 1 must be a Secret/);
  wrong([secret, own], TypeError, /element 1 must be a secret of this pool.*none/);
  wrong([another.random(4), secret], TypeError, /element 0 must be a secret of this pool.*another/);
  assert.throws(() => pool.withBytes([secret], undefined as unknown as () => void), TypeError);
  assert.throws(() => pool.withBytes([secret], async () => {}), /async/);
});

test("`pool.withBytes()` with a closed secret calls nothing and leaves nothing open", () => {
  using pool = new SecretPool();
  const secrets = [pool.random(4), pool.random(4), pool.random(4)];
  secrets[2]!.close();
  const before = stats().openWindows;
  assert.throws(() => pool.withBytes(secrets, () => assert.fail("called")), SecretClosedError);
  assert.equal(stats().openWindows, before);
});

test("`pool.withBytes()` lets no view and no promise out", () => {
  using pool = new SecretPool();
  const secrets = [pool.random(4), pool.random(4)] as const;
  for (const index of [0, 1]) {
    assert.throws(
      () => pool.withBytes(secrets, (...views) => views[index]),
      /Cannot return the view/,
    );
    assert.throws(
      () => pool.withBytes(secrets, (...views) => views[index]?.subarray(1)),
      /Cannot return the view/,
    );
  }
  assert.throws(() => pool.withBytes(secrets, () => Promise.resolve(1)), /withBytesAsync/);
  assert.deepEqual(pool.withBytes(secrets, (one, other) => one.length + other.length), 8);
});

testOnGates("an error of the callback comes out, and all windows are closed", () => {
  using pool = new SecretPool();
  const secrets = [pool.random(4), pool.random(4)];
  const problem = new Error("problem");
  const before = stats();
  assert.throws(() =>
    pool.withBytes(secrets, () => {
      secrets[0]!.close();
      throw problem;
    }), problem);
  assert.equal(stats().openWindows, before.openWindows);
  assert.equal(stats().inUse, before.inUse - 1);
});

testOnGates("`update()` beside windows of neighbours, and not inside one of its own", () => {
  using pool = new SecretPool();
  const [one, other] = [pool.from(new Uint8Array(4)), pool.from(new Uint8Array(4))];
  pool.withBytes([one], (bytes) => {
    assert.throws(() => one.update(() => {}), SecretBusyError);
    other.update((writable) => writable.fill(9) && undefined);
    assert.deepEqual([...bytes], [0, 0, 0, 0]);
  });
  assert.deepEqual(other.withBytes((bytes) => [...bytes]), [9, 9, 9, 9]);
});

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  test(`each page opens once, however many of its secrets do (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const seen = await inCountingChild<{ together: Counts; apart: Counts }>(
      rungs,
      `
      using pool = new securememory.SecretPool();
      const secrets = Array.from({ length: 30 }, () => pool.random(32));
      if (pool.stats().pages !== 1) throw new Error("more than a page");
      const together = counted(() => pool.withBytes(secrets, () => {}));
      const apart = counted(() => {
        for (const secret of secrets) secret.withBytes(() => {});
      });
      report({ together, apart });
      `,
    );
    const calls = (count: number) => only("mprotect", rungs.gate === "pkey" ? 0 : count);
    assert.deepEqual(seen, { together: calls(2), apart: calls(60) });
  });
}
