/** Keyed operations and windows: closed, open, nested, read-write, shared; on every rung. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { AuthenticationError, Secret, SecretBusyError, SecretClosedError, stats } from "../mod.ts";
import { cryptoCalls } from "../src/native/crypto.ts";
import { library } from "../src/native/library.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { counting, secretOf } from "./support/keyed.ts";
import { addressOf } from "./support/memory.ts";
import { moduleUrl, reported } from "./support/report.ts";
import { testOnGates, testOnRungs } from "./support/rungs.ts";
import { withWorker } from "./support/worker.ts";

const KEY = counting(0x41, 32);
const PARAMS = { nonce: new Uint8Array(16), memory: 32, passes: 1 } as const;
const MAC = createHmac("sha256", KEY).update("data").digest("hex");
const OTHER = new Uint8Array(32).fill(9);

type Operation = (key: Secret) => unknown;

/** Every operation; what each makes is closed again. */
function operations(box: Uint8Array): Readonly<Record<string, Operation>> {
  return {
    hmac: (key) => key.hmac("SHA-256", "data"),
    "hmac into a secret": (key) => key.hmac("SHA-256", "data", { as: "secret" }).close(),
    verifyHmac: (key) => key.verifyHmac("SHA-256", "data", new Uint8Array(32)),
    derive: (key) => key.derive("info", 40).close(),
    encrypt: (key) => key.encrypt("text"),
    "encrypt of a secret": (key) => {
      using text = Secret.fromString("text");
      key.encrypt(text);
    },
    "encrypt of itself": (key) => key.encrypt(key),
    decrypt: (key) => key.decrypt(box),
    "decrypt into a secret": (key) => key.decrypt(box, { as: "secret" }).close(),
    sign: (key) => key.sign("message"),
    publicKey: (key) => key.publicKey("X25519"),
    agree: (key) => key.agree(OTHER).close(),
    fromPassword: (key) => Secret.fromPassword(key, PARAMS).close(),
  };
}

function boxOf(text: string): Uint8Array {
  using key = secretOf(KEY);
  return key.encrypt(text);
}

const protectionOf = (secret: Secret) => secret.status().protection;

testOnRungs("every operation works, and leaves the page closed", () => {
  const all = operations(boxOf("text"));
  using key = secretOf(KEY);
  const { openWindows, inUse } = stats();
  for (const [name, operation] of Object.entries(all)) {
    operation(key);
    assert.equal(stats().openWindows, openWindows, name);
    assert.equal(stats().inUse, inUse, name);
    assert.equal(protectionOf(key), "none", name);
  }
  assert.equal(key.hmac("SHA-256", "data").toHex(), MAC);
});

testOnGates(
  "every operation works inside windows, nested, lasting and read-write ones",
  async () => {
    const all = operations(boxOf("text"));
    using key = secretOf(KEY);
    const inside = (protection: string) => {
      for (const [name, operation] of Object.entries(all)) {
        operation(key);
        assert.equal(protectionOf(key), protection, name);
      }
      assert.equal(key.hmac("SHA-256", "data").toHex(), MAC);
    };
    key.withBytes(() => inside("read"));
    key.withBytes(() => key.withBytes(() => inside("read")));
    key.update(() => inside("write"));
    {
      using _window = key.open();
      inside("read");
      key.withBytes(() => inside("read"));
    }
    await key.withBytesAsync(async () => {
      inside("read");
      await Promise.resolve();
      inside("read");
    });
    assert.equal(protectionOf(key), "none");
    // What `update` has written so far is the key.
    key.update((bytes) => {
      bytes[0] = 0xff;
      const changed = Uint8Array.of(0xff, ...KEY.subarray(1));
      const wanted = createHmac("sha256", changed).update("data").digest("hex");
      assert.equal(key.hmac("SHA-256", "data").toHex(), wanted);
    });
  },
);

testOnGates("on a closed secret every operation is a SecretClosedError, and makes nothing", () => {
  const all = operations(boxOf("text"));
  const key = secretOf(KEY);
  key.close();
  const { inUse } = stats();
  for (const [name, operation] of Object.entries(all)) {
    assert.throws(() => operation(key), SecretClosedError, name);
  }
  assert.equal(stats().inUse, inUse);
});

testOnGates("closed during a window, every operation in it is a SecretClosedError", () => {
  const all = operations(boxOf("text"));
  const key = secretOf(KEY);
  const { inUse } = stats();
  key.withBytes((bytes) => {
    key.close();
    for (const [name, operation] of Object.entries(all)) {
      assert.throws(() => operation(key), SecretClosedError, name);
    }
    assert.equal(bytes[0], KEY[0], "the window is still open");
  });
  assert.equal(stats().inUse, inUse - 1);
});

testOnGates(
  "a plaintext that is a closed secret is a SecretClosedError, and the key is as it was",
  () => {
    using key = secretOf(KEY);
    const text = Secret.fromString("text");
    text.close();
    assert.throws(() => key.encrypt(text), SecretClosedError);
    key.withBytes(() => assert.throws(() => key.encrypt(text), SecretClosedError));
    key.share();
    assert.throws(() => key.encrypt(text), SecretClosedError);
    assert.equal(protectionOf(key), "none");
  },
);

testOnGates("a key and a plaintext of which one is shared, or inside a window, or both", () => {
  for (const [keyShared, textShared] of [[true, false], [false, true], [true, true]]) {
    using key = secretOf(KEY);
    using text = Secret.fromString("text");
    if (keyShared) key.share();
    if (textShared) text.share();
    const check = () => {
      const box = key.encrypt(text);
      assert.equal(new TextDecoder().decode(key.decrypt(box)), "text");
    };
    check();
    key.withBytes(check);
    text.withBytes(check);
    key.withBytes(() => text.withBytes(check));
    text.update(check);
    assert.deepEqual([protectionOf(key), protectionOf(text)], ["none", "none"]);
  }
});

testOnGates("every operation works on a shared secret, and leaves the page closed", () => {
  const all = operations(boxOf("text"));
  using key = secretOf(KEY);
  const same = Secret.attach(key.share());
  for (const [name, operation] of Object.entries(all)) {
    for (const face of [key, same]) operation(face);
    assert.equal(protectionOf(key), "none", name);
    key.withBytes(() => operation(same));
    assert.equal(protectionOf(key), "none", name);
  }
  const box = key.encrypt("text");
  box[0]! ^= 1;
  assert.throws(() => key.decrypt(box), AuthenticationError);
  assert.throws(() => key.agree(new Uint8Array(32)), RangeError);
  assert.equal(protectionOf(key), "none");
  // One secret by two faces: no call waits for itself.
  assert.equal(key.decrypt(same.encrypt(key)).toHex(), KEY.toHex());
});

test("on a secret that another face has open for writing, an operation is not let in", () => {
  using key = secretOf(KEY);
  const same = Secret.attach(key.share());
  assert.equal(same === key, false);
  key.update(() => {
    assert.throws(() => key.update(() => 0), SecretBusyError);
    // The two faces have one cell: this is a nested window.
    assert.equal(same.hmac("SHA-256", "data").toHex(), MAC);
  });
});

testOnGates("a Worker uses a shared key while this thread does", async () => {
  using key = secretOf(KEY);
  await withWorker(new URL("./workers/keyed.ts", import.meta.url), async (worker) => {
    const ticket = key.share();
    worker.post({ ticket, message: "data", rounds: 300 });
    const answer = worker.receive();
    for (let round = 0; round < 300; round++) {
      assert.equal(key.hmac("SHA-256", "data").toHex(), MAC);
      if (round % 50 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    assert.equal(await answer, MAC);
    assert.equal(protectionOf(key), "none");
    key.close();
    worker.post({ ticket, message: "data", rounds: 1 });
    assert.equal((await worker.receive() as { code: string }).code, "SECRET_CLOSED");
  });
});

test("outside windows an operation is one native call, inside one it is one, too", () => {
  using key = secretOf(KEY);
  const box = boxOf("text");
  const all = operations(box);
  const seen: string[] = [];
  // A pool's secret is woken by its first.
  key.withBytes(() => {});
  const spied = [library().calls, cryptoCalls()] as unknown as Record<
    string,
    (...args: number[]) => number
  >[];
  const originals = spied.map((calls) => ({ ...calls }));
  for (const calls of spied) {
    for (const [name, call] of Object.entries(calls)) {
      calls[name] = (...args) => {
        seen.push(name);
        return call(...args);
      };
    }
  }
  try {
    for (const name of ["hmac", "verifyHmac", "encrypt", "decrypt", "sign", "publicKey"]) {
      const operation = all[name] as Operation;
      seen.length = 0;
      operation(key);
      assert.equal(seen.length, 1, `${name}: ${seen}`);
      assert.match(seen[0] as string, /^securememory_crypto_/);
      key.withBytes(() => {
        seen.length = 0;
        operation(key);
        assert.equal(seen.length, 1, `${name}, in a window: ${seen}`);
      });
    }
    const making = ["hmac into a secret", "derive", "agree", "fromPassword"];
    for (const name of [...making, "decrypt into a secret"]) {
      seen.length = 0;
      (all[name] as Operation)(key);
      const keyed = seen.filter((call) => call.startsWith("securememory_crypto_"));
      assert.equal(keyed.length, 1, `${name}: ${seen}`);
      assert.equal(seen.includes("securememory_open"), false, `${name}: ${seen}`);
    }
    using text = Secret.fromString("text");
    seen.length = 0;
    key.encrypt(text);
    assert.deepEqual(seen, ["securememory_crypto_encrypt_secret"]);
  } finally {
    spied.forEach((calls, index) => Object.assign(calls, originals[index]));
  }
});

testOnRungs(
  "secrets that operations make have the options that they are given",
  ({ store, gate }) => {
    using key = secretOf(KEY);
    const box = key.encrypt("text");
    const options = { store, gate, alignment: 256, label: "made", revokeViews: true };
    for (
      const made of [
        key.hmac("SHA-512", "data", { as: "secret", ...options }),
        key.derive("info", 100, options),
        key.decrypt(box, { as: "secret", ...options }),
        key.agree(OTHER, options),
        Secret.fromPassword(key, PARAMS, options),
      ]
    ) {
      const status = made.status();
      assert.deepEqual([status.store, status.gate], [store, gate]);
      assert.equal(made.withBytes((bytes) => addressOf(bytes)) % 256n, 0n);
      let kept: Uint8Array | undefined;
      made.withBytes((bytes) => void (kept = bytes));
      assert.equal(kept?.length, 0, "the view was not revoked");
      assert.equal(made.share().label, "made");
      made.close();
    }
  },
);

test("secrets that operations made are reported when they are collected unclosed", async () => {
  const labels = await reported<string[]>(
    `
    import { collect } from ${moduleUrl("tests/support/collect.ts")};
    const { configure } = securememory;
    const labels = new Map();
    configure({ onLeak: ({ label }) => labels.set(label, (labels.get(label) ?? 0) + 1) });
    const key = Secret.random(32);
    const box = key.encrypt("text");
    const nonce = new Uint8Array(16);
    const make = () => {
      key.hmac("SHA-256", "data", { as: "secret", label: "authenticated" });
      key.derive("info", 33, { label: "derived" });
      key.agree(new Uint8Array(32).fill(9), { label: "agreed" });
      key.decrypt(box, { as: "secret", label: "decrypted" });
      Secret.fromPassword(key, { nonce, memory: 32 }, { label: "of a password" });
    };
    for (let index = 0; index < 20; index++) make();
    // How many a collector finds is its own business, that it finds half of 20 is not.
    await collect(() => labels.size === 5 && Math.min(...labels.values()) >= 10);
    report([...labels.keys()].sort());
    `,
    { flags: COLLECT_FLAGS },
  );
  assert.deepEqual(labels, ["agreed", "authenticated", "decrypted", "derived", "of a password"]);
});
