/**
 * Which secrets of a pool are awake, what keeps them so, and what becomes of their views.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Secret, SecretPool, stats } from "../mod.ts";
import { AWAKE_MAX } from "../src/pool/state.ts";
import { testOnGates } from "./support/rungs.ts";

/** Uses so many others that whatever is idle falls asleep. */
function tire(pool: SecretPool): Secret[] {
  const others = Array.from({ length: 2 * AWAKE_MAX }, () => pool.random(8));
  for (const secret of others) secret.withBytes(() => {});
  return others;
}

/** The view that a window gave, which nobody may keep. */
function kept(secret: Secret): Uint8Array {
  const views: Uint8Array[] = [];
  secret.withBytes((bytes) => void views.push(bytes));
  return views[0] as Uint8Array;
}

for (const onPressure of ["error", "seal"] as const) {
  testOnGates(`a secret that nobody uses loses its view, and gets another (${onPressure})`, () => {
    using pool = new SecretPool({ onPressure });
    const secret = pool.fromString("bytes");
    const view = kept(secret);
    assert.equal(kept(secret), view);
    assert.equal(view.length, 5);
    tire(pool);
    assert.equal(view.length, 0);
    assert.equal((view.buffer as ArrayBuffer).detached, true);
    assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [98, 121, 116, 101, 115]);
    assert.notEqual(kept(secret), view);
  });

  test(`what is in use stays awake (${onPressure})`, async () => {
    using pool = new SecretPool({ onPressure });
    const [inside, opened, lasting, shared] = [1, 2, 3, 4].map((byte) =>
      pool.from(new Uint8Array([byte]))
    ) as [Secret, Secret, Secret, Secret];
    const held = opened.open();
    let end = () => {};
    const running = lasting.withBytesAsync(async (bytes) => {
      await new Promise<void>((resolve) => end = resolve);
      return bytes[0];
    });
    shared.share();
    const view = kept(shared);
    inside.withBytes((bytes) => {
      tire(pool);
      assert.equal(bytes[0], 1);
    });
    assert.equal(held.bytes[0], 2);
    held[Symbol.dispose]();
    end();
    assert.equal(await running, 3);
    assert.equal(view.length, 1);
    assert.equal(shared.withBytes((bytes) => bytes[0]), 4);
  });

  test(`those that were used last stay awake (${onPressure})`, () => {
    using pool = new SecretPool({ onPressure });
    const often = pool.random(8);
    const view = kept(often);
    for (let index = 0; index < 4 * AWAKE_MAX; index++) {
      pool.random(8).withBytes(() => {});
      if (index % 100 === 0) assert.equal(kept(often), view, `after ${index} others`);
    }
    assert.equal(view.length, 8);
  });

  test(`a secret whose view's memory was taken along stays where it is (${onPressure})`, () => {
    using pool = new SecretPool({ onPressure });
    const secret = pool.from(new Uint8Array([7]));
    let taken: ArrayBuffer | undefined;
    assert.throws(() =>
      secret.withBytes((bytes) => {
        taken = (bytes.buffer as ArrayBuffer).transfer();
      }), /transferred/);
    const address = kept(secret);
    tire(pool);
    assert.equal(address.length, 1);
    assert.equal(taken?.byteLength, 1);
    assert.equal(secret.withBytes((bytes) => bytes[0]), 7);
  });

  test(`two secrets in one operation are both awake (${onPressure})`, () => {
    using pool = new SecretPool({ onPressure });
    const [key, text] = [pool.random(32), pool.fromString("text")];
    const others = tire(pool);
    const box = key.encrypt(text);
    assert.equal(new TextDecoder().decode(key.decrypt(box)), "text");
    using copy = text.copy();
    // Others come and go, as the sleeping of some is about to be decided.
    for (let index = 0; index < 2 * AWAKE_MAX; index++) {
      using other = pool.fromString("other");
      assert.equal(new TextDecoder().decode(key.decrypt(key.encrypt(other))), "other");
    }
    for (const secret of others.slice(0, 10)) assert.equal(secret.equals(key), false);
    assert.equal(copy.equals(text), true);
    assert.equal(text.equals(copy), true);
  });
}

test("whoever wakes can fall asleep again, however often", () => {
  // Places for all that may be awake, and few more.
  using pool = new SecretPool({ onPressure: "seal", hotBytes: Math.ceil(AWAKE_MAX * 1.1) * 48 });
  const secrets = Array.from({ length: 3000 }, () => pool.random(32));
  for (let round = 0; round < 25; round++) {
    for (const secret of secrets) secret.withBytes(() => {});
  }
  assert.equal(pool.stats().misses, 25 * 3000);
});

test("where every place is taken by what is idle, that makes room", () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: 1 });
  // All of one class.
  const [key, text] = [pool.random(32), pool.fromString("a text of 20 bytes..")];
  // One page: whoever wakes drives another one out, also in the middle of an operation with two.
  const others = Array.from(
    { length: 400 },
    (_, index) => pool.fromString(`another of bytes ${index}`),
  );
  for (const other of others) {
    assert.equal(other.equals(text), false);
    assert.equal(new TextDecoder().decode(key.decrypt(key.encrypt(other))), read(other));
  }
  assert.equal(pool.stats().pages, 1);
});

function read(secret: Secret): string {
  return secret.withBytes((bytes) => new TextDecoder().decode(Uint8Array.from(bytes)));
}

testOnGates("every operation wakes a sleeping secret", async () => {
  using pool = new SecretPool({ onPressure: "seal", hotBytes: 1 });
  const make = () => pool.from(Uint8Array.from({ length: 32 }, (_, index) => index));
  const uses: readonly ((secret: Secret) => unknown)[] = [
    (secret) => secret.withBytes((bytes) => bytes[31]) === 31,
    async (secret) => await secret.withBytesAsync((bytes) => bytes[31]) === 31,
    (secret) => secret.update((bytes) => bytes[31]) === 31,
    (secret) => {
      using opened = secret.open();
      return opened.bytes[31] === 31;
    },
    (secret) => secret.equals(Uint8Array.from({ length: 32 }, (_, index) => index)),
    (secret) => {
      using copy = secret.copy();
      return copy.withBytes((bytes) => bytes[31]) === 31;
    },
    (secret) => secret.readInto(new Uint8Array(100)) === 32,
    async (secret) => (await Array.fromAsync(secret.stream()))[0]?.[31] === 31,
    (secret) => secret.share().length === 32,
    (secret) => secret.status().protection === "none",
    (secret) => secret.hmac("SHA-256", "data").length === 32,
    (secret) => secret.verifyHmac("SHA-256", "data", secret.hmac("SHA-256", "data")),
    (secret) => secret.derive("info", 32).length === 32,
    (secret) => secret.decrypt(secret.encrypt("text")).length === 4,
    (secret) => secret.sign("text").length === 64,
    (secret) => secret.publicKey().length === 32,
    (secret) => secret.agree(secret.publicKey("X25519")).length === 32,
    (secret) => secret.hmac("SHA-256", "data", { as: "secret" }).length === 32,
  ];
  for (const use of uses) {
    using secret = make();
    const { misses } = pool.stats();
    assert.equal(await use(secret), true, `${use}`);
    assert.equal(pool.stats().misses, misses + 1, `${use}`);
  }
});

test("what needs no bytes wakes nothing", () => {
  using pool = new SecretPool({ onPressure: "seal" });
  const before = stats().inUse;
  const secret = pool.random(32);
  assert.equal(`${secret} ${secret.length} ${secret.isClosed}`, "Secret(32 bytes) 32 false");
  assert.equal(JSON.stringify(secret), '"Secret(32 bytes)"');
  assert.deepEqual([pool.stats().hot, pool.stats().cold, pool.stats().pages], [0, 1, 0]);
  secret.close();
  assert.deepEqual([pool.stats().secrets, pool.stats().pages, pool.stats().misses], [0, 0, 0]);
  assert.equal(stats().inUse, before);
});
