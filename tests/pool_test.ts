import assert from "node:assert/strict";
import { test } from "node:test";
import {
  capabilities,
  LockLimitError,
  purge,
  Secret,
  SecretClosedError,
  SecretPool,
  stats,
} from "../mod.ts";
import { testOnGates } from "./support/rungs.ts";

const PAGE = capabilities().pageSize;

/** Both kinds of pools. */
const KINDS = ["error", "seal"] as const;

for (const onPressure of KINDS) {
  const on = (name: string, run: (pool: SecretPool) => unknown) =>
    testOnGates(`${name} (${onPressure})`, async () => {
      using pool = new SecretPool({ onPressure, label: "test" });
      await run(pool);
    });

  on("secrets of a pool are secrets, whatever they are made of", (pool) => {
    const source = new Uint8Array([1, 2, 3]);
    const made = [
      pool.from(source),
      pool.from(new Uint8Array([1, 2, 3]).buffer),
      pool.fromString("\x01\x02\x03"),
      pool.fill(3, (bytes) => bytes.set([1, 2, 3])),
    ];
    assert.deepEqual([...source], [0, 0, 0]);
    for (const secret of made) {
      assert.ok(secret instanceof Secret);
      assert.equal(secret.length, 3);
      assert.equal(`${secret}`, "Secret(3 bytes)");
      assert.equal(secret.isClosed, false);
      assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3]);
      assert.equal(secret.equals(made[0]!), true);
    }
    const [one, other] = [pool.random(32), pool.random(32)];
    assert.equal(one.equals(other), false);
    assert.equal(pool.stats().secrets, 6);
  });

  on("secrets of every class hold their bytes and do not touch each other", (pool) => {
    const lengths = [1, 16, 17, 33, 64, 100, 200, 300, 500, 700, 1000, 1024, 1025, PAGE, PAGE + 1];
    const bytesOf = (length: number, seed: number) =>
      Uint8Array.from({ length }, (_, index) => index * 7 + seed);
    const secrets = [1, 2, 3].flatMap((seed) =>
      lengths.map((length) => ({ secret: pool.from(bytesOf(length, seed)), length, seed }))
    );
    for (const { secret } of secrets) secret.update((bytes) => bytes.reverse() && undefined);
    for (const { secret, length, seed } of secrets) {
      assert.deepEqual(
        secret.withBytes((bytes) => Uint8Array.from(bytes)),
        bytesOf(length, seed).reverse(),
      );
    }
    for (const { secret } of secrets) secret.close();
    assert.equal(pool.stats().secrets, 0);
    assert.equal(pool.stats().suspect, 0);
  });

  on("many small secrets share few pages", (pool) => {
    const before = stats();
    const secrets = Array.from({ length: 500 }, () => pool.random(32));
    for (const secret of secrets) secret.withBytes(() => {});
    const { pages, lockedBytes, hot, cold, secrets: count } = pool.stats();
    assert.deepEqual([count, hot, cold], [500, 500, 0]);
    assert.ok(pages * PAGE >= 500 * 48 && pages <= 10, `${pages} pages`);
    assert.equal(lockedBytes, pages * PAGE);
    const after = stats();
    assert.equal(after.inUse - before.inUse, 500);
    assert.equal(after.poolPages - before.poolPages, pages);
  });

  on("a closed secret is closed for every use, asleep or awake", (pool) => {
    const [asleep, awake] = [pool.random(8), pool.random(8)];
    awake.withBytes(() => {});
    for (const secret of [asleep, awake]) {
      const before = stats().inUse;
      secret.close();
      secret.close();
      assert.equal(stats().inUse, before - 1);
      assert.equal(secret.isClosed, true);
      assert.equal(secret.length, 8);
      for (
        const use of [
          () => secret.withBytes(() => {}),
          () => secret.update(() => {}),
          () => secret.open(),
          () => secret.copy(),
          () => secret.share(),
          () => secret.status(),
          () => secret.equals(new Uint8Array(8)),
          () => secret.readInto(new Uint8Array(8)),
          () => pool.withBytes([secret], () => {}),
        ]
      ) assert.throws(use, SecretClosedError, `${use}`);
    }
  });

  on("`status()` says that the page is shared", (pool) => {
    using own = Secret.random(32);
    using secret = pool.random(32);
    // Each page has a key of its own.
    const { pkey, ...status } = secret.status();
    const { pkey: ownKey, pooled, suspect, ...rest } = own.status();
    assert.deepEqual([pooled, suspect, typeof ownKey], [false, false, typeof pkey]);
    assert.deepEqual({ ...rest, pooled: true, suspect: false }, status);
    secret.withBytes(() => assert.equal(secret.status().protection, "read"));
    secret.update(() => assert.equal(secret.status().protection, "write"));
    assert.equal(secret.status().protection, "none");
  });

  on("neighbours' windows count for the page, and for nothing else", (pool) => {
    const [one, other] = [pool.random(32), pool.random(32)];
    one.withBytes(() => {
      other.withBytes(() => {});
      assert.equal(one.status().protection, "read");
      other.update((bytes) => bytes.fill(7) && undefined);
      assert.equal(one.status().protection, "read");
      other.close();
      assert.equal(one.status().protection, "read");
    });
    assert.equal(one.status().protection, "none");
  });

  on("`close()` of the pool closes and wipes its secrets, and no others", (pool) => {
    using own = Secret.random(32);
    using another = new SecretPool({ onPressure });
    const kept = another.random(32);
    const before = stats().inUse;
    const asleep = pool.random(32);
    const awake = pool.random(32);
    awake.withBytes(() => {});
    const seen = awake.withBytes((bytes) => {
      pool.close();
      return [...bytes];
    });
    assert.deepEqual(seen, Array(32).fill(0));
    assert.equal(stats().inUse, before);
    for (const secret of [asleep, awake]) {
      assert.equal(secret.isClosed, true);
      assert.throws(() => secret.withBytes(() => {}), SecretClosedError);
      secret.close();
    }
    assert.equal(pool.isClosed, true);
    for (
      const use of [
        () => pool.random(32),
        () => pool.from(new Uint8Array(1)),
        () => pool.fromString("x"),
        () => pool.fill(1, () => {}),
        () => pool.stats(),
        () => pool.share(),
      ]
    ) assert.throws(use, SecretClosedError, `${use}`);
    pool.close();
    assert.equal(own.isClosed || kept.isClosed || another.isClosed, false);
    assert.equal(kept.withBytes((bytes) => bytes.length), 32);
  });

  on("`purge()` closes a pool's secrets, and the pool goes on", (pool) => {
    const [asleep, awake] = [pool.random(32), pool.random(32)];
    awake.withBytes(() => {});
    const before = stats().inUse;
    purge();
    assert.ok(before >= 2);
    assert.equal(stats().inUse, 0);
    for (const secret of [asleep, awake]) {
      assert.equal(secret.isClosed, true);
      assert.throws(() => secret.withBytes(() => {}), SecretClosedError);
    }
    assert.equal(pool.isClosed, false);
    const { secrets, hot, cold } = pool.stats();
    assert.deepEqual([secrets, hot, cold], [0, 0, 0]);
    // Of the class of those that were purged, and of another.
    using random = pool.random(32);
    assert.equal(random.withBytes((bytes) => bytes.length), 32);
    using next = pool.fromString("next");
    assert.equal(next.withBytes((bytes) => bytes.length), 4);
    asleep.close();
    awake.close();
    assert.equal(next.withBytes((bytes) => bytes[0]), "n".charCodeAt(0));
  });

  on("a producer that fails leaves nothing", (pool) => {
    const before = stats().inUse;
    const problem = new Error("problem");
    assert.throws(() =>
      pool.fill(32, () => {
        throw problem;
      }), problem);
    assert.throws(() => pool.fill(32, (bytes) => bytes as unknown as void), TypeError);
    assert.equal(stats().inUse, before);
    assert.equal(pool.stats().secrets, 0);
  });

  on("a source stays as it is if the secret cannot be made", (pool) => {
    pool.close();
    const source = new Uint8Array([1, 2, 3]);
    assert.throws(() => pool.from(source), SecretClosedError);
    assert.deepEqual([...source], [1, 2, 3]);
  });

  on("a pool shows its label and nothing else", (pool) => {
    assert.equal(`${pool}`, "SecretPool(test)");
    assert.equal(JSON.stringify({ pool }), '{"pool":"SecretPool(test)"}');
    assert.equal(Object.prototype.toString.call(pool), "[object SecretPool]");
    assert.throws(() => structuredClone(pool));
  });
}

test("a pool that cannot seal throws when its pages are spent, and goes on", () => {
  using pool = new SecretPool({ hotBytes: 2 * PAGE });
  const secrets: Secret[] = [];
  assert.throws(() => {
    for (;;) secrets.push(pool.random(1024));
  }, (error) => {
    assert.ok(error instanceof LockLimitError);
    assert.match(error.message, /SecretPool/);
    assert.match(error.message, /hotBytes/);
    return true;
  });
  assert.ok(secrets.length >= 4, `${secrets.length} secrets`);
  assert.equal(pool.stats().pages, 2);
  for (const secret of secrets) assert.equal(secret.withBytes((bytes) => bytes.length), 1024);
  for (const secret of secrets.splice(0, 2)) secret.close();
  assert.equal(pool.random(1024).length, 1024);
});

test("a pool that seals has more secrets than places, and all keep their bytes", () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: 2 * PAGE });
  const secrets = Array.from({ length: 1000 }, (_, index) => pool.fromString(`secret ${index}`));
  const read = (secret: Secret) =>
    secret.withBytes((bytes) => new TextDecoder().decode(Uint8Array.from(bytes)));
  for (const round of [1, 2]) {
    for (const [index, secret] of secrets.entries()) {
      assert.equal(read(secret), `secret ${index}`, `round ${round}`);
    }
  }
  const { secrets: count, hot, cold, pages, seals, misses, hitRate } = pool.stats();
  assert.equal(count, 1000);
  assert.equal(hot + cold, 1000);
  assert.ok(hot > 0 && hot < 400, `${hot} hot`);
  assert.ok(pages <= 2, `${pages} pages`);
  assert.ok(seals >= 1600 && misses >= 1600, `${seals} seals, ${misses} misses`);
  assert.ok(hitRate >= 0 && hitRate < 1, `${hitRate}`);
  const { sealed, sealedBytes } = stats();
  assert.ok(sealed >= cold && sealedBytes >= cold * 24);
});

test("what was written to a secret is sealed with it", () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: PAGE });
  const secrets = Array.from({ length: 300 }, () => pool.from(new Uint8Array(32)));
  for (const round of [1, 2, 3]) {
    for (const [index, secret] of secrets.entries()) {
      secret.update((bytes) => {
        assert.equal(bytes[31], (round - 1) * (index % 80));
        bytes[31]! += index % 80;
      });
    }
  }
});

test("open windows keep their places; then there is no room, and nothing is harmed", () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: PAGE });
  const secrets = Array.from({ length: 300 }, (_, index) => pool.fromString(`${index}`));
  const open: Disposable[] = [];
  assert.throws(() => {
    for (const secret of secrets) open.push(secret.open());
  }, LockLimitError);
  assert.ok(open.length > 50 && open.length < 200, `${open.length} windows`);
  assert.throws(() => pool.withBytes(secrets, () => assert.fail()), LockLimitError);
  for (const window of open) window[Symbol.dispose]();
  for (const [index, secret] of secrets.entries()) {
    assert.equal(secret.withBytes((bytes) => bytes.length), `${index}`.length);
    secret.close();
  }
});
