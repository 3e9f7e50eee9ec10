/**
 * Keyed operations, by the vectors of Project Wycheproof (https://github.com/C2SP/wycheproof):
 * tests/vectors has those that an operation's arguments can express, without their comments.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AuthenticationError, type Hash } from "../mod.ts";
import { hex, secretOf, taken } from "./support/keyed.ts";

/** Tests of one file, each as the texts of its fields. */
function vectors<Field extends string>(
  name: string,
  ...fields: Field[]
): Readonly<Record<Field | "id", string>>[] {
  const url = new URL(`./vectors/wycheproof_${name}.json`, import.meta.url);
  const file = JSON.parse(readFileSync(url, "utf8")) as { fields: string[]; tests: unknown[][] };
  assert.deepEqual(file.fields, ["id", ...fields]);
  return file.tests.map((row) =>
    Object.fromEntries(row.map((value, index) => [file.fields[index], `${value}`])) as Record<
      Field | "id",
      string
    >
  );
}

/** How many were looked at: a file that was cut short must not pass. */
function assertCount(seen: number, wanted: number): void {
  assert.equal(seen, wanted);
}

for (const [file, hash] of [["hmac_sha256", "SHA-256"], ["hmac_sha512", "SHA-512"]] as const) {
  test(`Wycheproof, ${file}: right MACs are made and verified, wrong ones are not`, () => {
    const all = vectors(file, "key", "msg", "tag", "valid");
    for (
      const { id, key, msg: message, tag, valid } of all
    ) {
      using secret = secretOf(hex(key));
      const mac = secret.hmac(hash, hex(message));
      // Half of them are truncated, which `verifyHmac` never takes for right.
      const whole = tag.length === mac.length * 2;
      const made = mac.slice(0, tag.length / 2).toHex();
      assert.equal(made === tag, valid === "true", id);
      assert.equal(secret.verifyHmac(hash, hex(message), hex(tag)), whole && valid === "true", id);
    }
    assertCount(all.length, 174);
  });
}

for (
  const [file, hash, count] of [
    ["hkdf_sha256", "SHA-256", 86],
    ["hkdf_sha512", "SHA-512", 83],
  ] as readonly (readonly [string, Hash, number])[]
) {
  test(`Wycheproof, ${file}: keys are derived, too long ones are a RangeError`, () => {
    const all = vectors(file, "ikm", "salt", "info", "size", "okm", "valid");
    let invalid = 0;
    for (const { id, ikm: key, salt, info, size, okm: wanted, valid } of all) {
      using secret = secretOf(hex(key));
      const derive = () => secret.derive(hex(info), Number(size), { salt: hex(salt), hash });
      if (valid === "true") {
        assert.equal(taken(derive()), wanted, id);
      } else {
        invalid += 1;
        assert.throws(derive, RangeError, id);
      }
    }
    assert.ok(invalid > 0);
    assertCount(all.length, count);
  });
}

test("Wycheproof, xchacha20_poly1305: boxes are opened if they are authentic, and only then", () => {
  const all = vectors("xchacha20_poly1305", "key", "iv", "aad", "msg", "ct", "tag", "valid");
  let [right, wrong] = [0, 0];
  for (const { id, key, iv: nonce, aad, msg: message, ct: ciphertext, tag, valid } of all) {
    // Nonces of other lengths cannot be said: a box begins with 24 bytes.
    if (nonce.length !== 48) continue;
    using secret = secretOf(hex(key));
    const box = hex(`${nonce}${ciphertext}${tag}`);
    const options = { aad: hex(aad) };
    if (valid === "true") {
      right += 1;
      assert.equal(secret.decrypt(box, options).toHex(), message, id);
      if (message === "") continue;
      assert.equal(taken(secret.decrypt(box, { ...options, as: "secret" })), message, id);
    } else {
      wrong += 1;
      assert.throws(() => secret.decrypt(box, options), AuthenticationError, id);
      if (message === "") continue;
      const intoSecret = () => secret.decrypt(box, { ...options, as: "secret" });
      assert.throws(intoSecret, AuthenticationError, id);
    }
  }
  assert.ok(right > 200 && wrong > 40, `${right} right, ${wrong} wrong`);
  assertCount(all.length, 315);
});

test("Wycheproof, ed25519: signatures are those of the seed, and no invalid one is", () => {
  const all = vectors("ed25519", "sk", "pk", "msg", "sig", "valid");
  let right = 0;
  for (const { id, sk: seed, pk: key, msg: message, sig: signature, valid } of all) {
    using secret = secretOf(hex(seed));
    assert.equal(secret.publicKey().toHex(), key, id);
    const made = secret.sign(hex(message)).toHex();
    assert.equal(made === signature, valid === "true", id);
    if (valid === "true") right += 1;
  }
  assert.ok(right > 50, `${right}`);
  assertCount(all.length, 145);
});

test("Wycheproof, x25519: both get the shared secret; zeros are a RangeError", () => {
  const all = vectors("x25519", "public", "private", "shared", "valid");
  let zeros = 0;
  for (const { id, public: theirs, private: own, shared } of all) {
    using secret = secretOf(hex(own));
    const agree = () => secret.agree(hex(theirs));
    if (/^0+$/.test(shared)) {
      zeros += 1;
      assert.throws(agree, RangeError, id);
    } else {
      assert.equal(taken(agree()), shared, id);
    }
  }
  assertCount(zeros, 31);
  assertCount(all.length, 518);
});
