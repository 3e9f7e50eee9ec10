/** Keyed operations give what node:crypto gives, on 10,000 random inputs in all. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { test } from "node:test";
import { AuthenticationError, type Hash, Secret } from "../mod.ts";
import { RUNTIME } from "./support/child.ts";
import { counting, hex, secretOf, taken } from "./support/keyed.ts";
import { unless } from "./support/skip.ts";
import { chacha20Poly1305, hchacha20, xchacha20Poly1305 } from "./support/xchacha.ts";

const { randomBytes, randomInt } = crypto;

/** Of any length up to `most`, short ones as often as long ones. */
const some = (most: number) => randomBytes(randomInt(randomInt(most + 1) + 1));
const HASHES = [["SHA-256", "sha256"], ["SHA-512", "sha512"]] as const satisfies readonly (
  readonly [Hash, string]
)[];
const either = () => HASHES[randomInt(2)] as (typeof HASHES)[number];

const ROUNDS = { hmac: 4000, hkdf: 2000, box: 2000, ed25519: 1000, x25519: 980, argon2: 20 };

test("the rounds are 10,000 in all", () => {
  assert.equal(Object.values(ROUNDS).reduce((sum, one) => sum + one), 10_000);
});

test(`\`hmac\` is createHmac's on ${ROUNDS.hmac} inputs`, () => {
  for (let round = 0; round < ROUNDS.hmac; round++) {
    const [hash, theirs] = either();
    const key = randomBytes(1 + randomInt(300));
    const data = some(5000);
    using secret = secretOf(key);
    const wanted = crypto.createHmac(theirs, key).update(data).digest("hex");
    assert.equal(secret.hmac(hash, data).toHex(), wanted);
    assert.equal(secret.verifyHmac(hash, data, hex(wanted)), true);
  }
});

test("strings are hashed as UTF-8, short and long ones, with lone surrogates", () => {
  const key = randomBytes(32);
  using secret = secretOf(key);
  for (const one of ["", "a", "é€😀", "\ud800", "x\udfffy", "0".repeat(1365), "0".repeat(1366)]) {
    for (const text of [one, one.repeat(100)]) {
      // createHmac's own way with lone surrogates is not everybody's: the encoder decides.
      const wanted = crypto.createHmac("sha256", key).update(new TextEncoder().encode(text));
      assert.equal(secret.hmac("SHA-256", text).toHex(), wanted.digest("hex"));
    }
  }
});

test(`\`derive\` is hkdfSync's on ${ROUNDS.hkdf} inputs`, () => {
  for (let round = 0; round < ROUNDS.hkdf; round++) {
    const [hash, theirs] = either();
    const key = randomBytes(1 + randomInt(200));
    const [salt, info] = [some(200), some(1000)];
    const length = 1 + randomInt(round % 100 === 0 ? 255 * 32 : 200);
    using secret = secretOf(key);
    const wanted = crypto.hkdfSync(theirs, key, salt, info, length);
    assert.equal(
      taken(secret.derive(info, length, { salt, hash })),
      new Uint8Array(wanted).toHex(),
    );
  }
});

test("what boxes are compared with is HChaCha20 and RFC 8439 by their own vectors", () => {
  assert.equal(
    hchacha20(counting(0, 32), hex("000000090000004a0000000031415927")).toHex(),
    "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc",
  );
  const plaintext = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
      "sunscreen would be it.",
  );
  const sealed = chacha20Poly1305(
    counting(0x80, 32),
    hex("070000004041424344454647"),
    hex("50515253c0c1c2c3c4c5c6c7"),
    plaintext,
  );
  assert.equal(
    sealed.toHex(),
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
  );
});

const withoutCipher = unless(
  "chacha20-poly1305",
  crypto.getCiphers().includes("chacha20-poly1305"),
  `node:crypto on ${RUNTIME} has no chacha20-poly1305`,
);

/** What node:crypto makes of it: the ciphertext and the tag. */
function nodesBox(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
  const inner = Uint8Array.from([0, 0, 0, 0, ...nonce.subarray(16)]);
  const options = { authTagLength: 16 };
  const own = hchacha20(key, nonce.subarray(0, 16));
  const cipher = crypto.createCipheriv("chacha20-poly1305", own, inner, options);
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Uint8Array.from([
    ...cipher.update(plaintext),
    ...cipher.final(),
    ...cipher.getAuthTag(),
  ]).toHex();
}

test(`\`encrypt\` is chacha20-poly1305 under HChaCha20's key on ${ROUNDS.box} inputs`, {
  skip: withoutCipher,
}, () => {
  for (let round = 0; round < ROUNDS.box; round++) {
    const key = randomBytes(32);
    const [aad, plaintext] = [some(100), some(1000)];
    using secret = secretOf(key);
    const box = secret.encrypt(plaintext, { aad });
    const wanted = nodesBox(key, box.subarray(0, 24), aad, plaintext);
    assert.equal(box.subarray(24).toHex(), wanted);
    assert.equal(secret.decrypt(box, { aad }).toHex(), Uint8Array.from(plaintext).toHex());
  }
});

test("`encrypt` is XChaCha20-Poly1305 as written from its documents, and boxes are opened", () => {
  for (let round = 0; round < 200; round++) {
    const key = randomBytes(32);
    const [aad, plaintext] = [some(100), some(600)];
    using secret = secretOf(key);
    const box = secret.encrypt(plaintext, { aad });
    const wanted = xchacha20Poly1305(key, box.subarray(0, 24), aad, plaintext);
    assert.equal(box.subarray(24).toHex(), wanted.toHex());
    const other = secretOf(randomBytes(32));
    assert.throws(() => other.decrypt(box, { aad }), AuthenticationError);
    other.close();
    if (plaintext.length === 0) continue;
    using inner = secretOf(plaintext);
    const sealed = secret.encrypt(inner, { aad });
    using opened = secret.decrypt(sealed, { aad, as: "secret" });
    assert.equal(opened.equals(inner), true);
    const again = xchacha20Poly1305(key, sealed.subarray(0, 24), aad, plaintext);
    assert.equal(sealed.subarray(24).toHex(), again.toHex());
  }
});

test("nonces are random: no two of 1,000 boxes have the same, and no byte of them stands still", () => {
  using key = Secret.random(32);
  const boxes = Array.from({ length: 1000 }, () => key.encrypt(""));
  assert.equal(new Set(boxes.map((box) => box.subarray(0, 24).toHex())).size, 1000);
  for (let at = 0; at < 24; at++) {
    assert.ok(new Set(boxes.map((box) => box[at])).size > 200, `byte ${at}`);
  }
});

const privateKey = (prefix: string, bytes: Uint8Array) =>
  crypto.createPrivateKey({
    key: Buffer.concat([Buffer.from(prefix, "hex"), bytes]),
    format: "der",
    type: "pkcs8",
  });
const publicKey = (prefix: string, bytes: Uint8Array) =>
  crypto.createPublicKey({
    key: Buffer.concat([Buffer.from(prefix, "hex"), bytes]),
    format: "der",
    type: "spki",
  });
/** RFC 8410. */
const ED25519 = { seed: "302e020100300506032b657004220420", point: "302a300506032b6570032100" };
const X25519 = { seed: "302e020100300506032b656e04220420", point: "302a300506032b656e032100" };

const derOf = (key: crypto.KeyObject) =>
  new Uint8Array(
    crypto.createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32),
  ).toHex();

test(`\`sign\` and \`publicKey\` are node:crypto's on ${ROUNDS.ed25519} inputs`, () => {
  for (let round = 0; round < ROUNDS.ed25519; round++) {
    const seed = randomBytes(32);
    const message = some(2000);
    using secret = secretOf(seed);
    const theirs = privateKey(ED25519.seed, seed);
    const signature = secret.sign(message);
    assert.equal(
      Buffer.from(signature).toString("hex"),
      crypto.sign(null, message, theirs).toString("hex"),
    );
    const key = secret.publicKey();
    if (round % 10 === 0) assert.equal(key.toHex(), derOf(theirs));
    assert.equal(crypto.verify(null, message, publicKey(ED25519.point, key), signature), true);
  }
});

test(`\`agree\` is node:crypto's on ${ROUNDS.x25519} inputs`, () => {
  for (let round = 0; round < ROUNDS.x25519; round++) {
    const [own, other] = [randomBytes(32), randomBytes(32)];
    using secret = secretOf(own);
    using theirs = secretOf(other);
    const point = theirs.publicKey("X25519");
    const wanted = crypto.diffieHellman({
      privateKey: privateKey(X25519.seed, own),
      publicKey: publicKey(X25519.point, point),
    });
    assert.equal(taken(secret.agree(point)), wanted.toString("hex"));
  }
});

interface Argon2 {
  argon2Sync?(name: "argon2id", parameters: Record<string, unknown>): Buffer;
}
const { argon2Sync } = crypto as unknown as Argon2;

test(`\`Secret.fromPassword\` is argon2Sync's on ${ROUNDS.argon2} inputs`, {
  skip: unless("argon2", argon2Sync !== undefined, `node:crypto on ${RUNTIME} has no argon2Sync`),
}, () => {
  for (let round = 0; round < ROUNDS.argon2; round++) {
    const message = randomBytes(1 + randomInt(100));
    const nonce = randomBytes(8 + randomInt(30));
    const parallelism = 1 + randomInt(5);
    const memory = 8 * parallelism + randomInt(500);
    const [passes, length] = [1 + randomInt(4), 4 + randomInt(100)];
    using password = secretOf(message);
    const wanted = argon2Sync!("argon2id", {
      ...{ message, nonce, parallelism, memory, passes },
      tagLength: length,
    });
    const made = Secret.fromPassword(password, { nonce, memory, passes, parallelism, length });
    assert.equal(taken(made), wanted.toString("hex"));
  }
});
