/** Keyed operations leave nothing of a key, of a password, or of what they make. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../edge.ts";
import { countEnds as found } from "../support/search.ts";

const xor = (key: Uint8Array, pad: number) =>
  new Uint8Array(128).map((_, index) => (key[index] ?? 0) ^ pad);

/** What HMAC makes of a key of at most a block. */
const padsOf = (
  key: Uint8Array,
) => [xor(key, 0x36).subarray(0, 32), xor(key, 0x5c).subarray(0, 32)];

/** What Ed25519 makes of a seed: the two halves of its hash, the first one clamped. */
async function scalarOf(seed: Uint8Array<ArrayBuffer>): Promise<Uint8Array[]> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", seed));
  const scalar = hash.slice(0, 32);
  scalar[0] = scalar[0] as number & 248;
  scalar[31] = scalar[31] as number & 127 | 64;
  return [hash.subarray(0, 32), hash.subarray(32), scalar];
}

const OPERATIONS: readonly (readonly [string, (key: Secret) => unknown])[] = [
  ["hmac with SHA-256", (key) => key.hmac("SHA-256", "message")],
  ["hmac with SHA-512", (key) => key.hmac("SHA-512", "message")],
  ["hmac into a secret", (key) => key.hmac("SHA-256", "message", { as: "secret" })],
  ["verifyHmac", (key) => key.verifyHmac("SHA-256", "message", new Uint8Array(32))],
  ["derive", (key) => key.derive("purpose", 64)],
  ["encrypt", (key) => key.encrypt("plaintext")],
  ["decrypt", (key) => key.decrypt(key.encrypt("plaintext"))],
  ["sign", (key) => key.sign("message")],
  ["publicKey of Ed25519", (key) => key.publicKey()],
  ["publicKey of X25519", (key) => key.publicKey("X25519")],
  ["agree", (key) => key.agree(key.publicKey("X25519"))],
  ["fromPassword", (key) => {
    const nonce = new Uint8Array(16);
    return Secret.fromPassword(key, { nonce, memory: 64, passes: 1, parallelism: 1 });
  }],
];

for (const [name, operate] of OPERATIONS) {
  test(`${name} leaves nothing of the key in the memory`, async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const traces = [bytes, ...padsOf(bytes), ...(await scalarOf(bytes.slice()))];
    using key = Secret.from(bytes.slice());
    operate(key);
    assert.equal(found(...traces), 0);
    key.withBytes(() => {
      // The control; inside the window the operation takes the key as it is.
      assert.equal(found(bytes), 2);
      operate(key);
      assert.equal(found(bytes), 2);
    });
    assert.equal(found(...traces), 0);
  });
}

test("what is encrypted, decrypted and decoded leaves nothing in the memory", () => {
  const plaintext = crypto.getRandomValues(new Uint8Array(100));
  using key = Secret.random(32);
  const box = key.encrypt(plaintext);
  assert.deepEqual([...key.decrypt(box)], [...plaintext]);
  using inside = key.decrypt(box, { as: "secret" });
  const hex = Array.from(plaintext, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const text = new TextEncoder().encode(hex);
  using decoded = Secret.fromHex(text.slice());
  assert.equal(inside.equals(decoded), true);
  assert.equal(found(plaintext, text, new TextEncoder().encode(hex)), 0);
  decoded.withBytes(() => assert.equal(found(plaintext), 2));
});

test("a derived secret is not in the memory while it is closed", () => {
  using main = Secret.random(32);
  using derived = main.derive("purpose", 32);
  const bytes = derived.withBytes((view) => view.slice());
  assert.equal(found(bytes), 0);
  derived.withBytes(() => assert.equal(found(bytes), 2));
});

test("a password's secret is what every Argon2id gives", () => {
  using password = Secret.fromString("password");
  const nonce = new TextEncoder().encode("somesaltsomesalt");
  using key = Secret.fromPassword(password, {
    nonce,
    memory: 256,
    passes: 2,
    parallelism: 1,
    length: 16,
  });
  using again = Secret.fromPassword(password, {
    nonce,
    memory: 256,
    passes: 2,
    parallelism: 1,
    length: 16,
  });
  assert.equal(key.equals(again), true);
});
