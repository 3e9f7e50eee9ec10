/**
 * One of everything, on whatever runs it: prints what it found as one line of JSON.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  AuthenticationError,
  capabilities,
  Enclave,
  Secret,
  SecretClosedError,
  SecretPool,
  SecretWriter,
  SourceError,
} from "../../../mod.ts";

const bytes = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const key = Secret.from(bytes);
assert.deepEqual([...bytes], Array(32).fill(0), "The source was not wiped");
assert.equal(key.withBytes((view) => view.reduce((sum, byte) => sum + byte, 0)), 528);
const mac = key.withBytes((view) => createHmac("sha256", view).update("message").digest("hex"));
key.update((view) => void (view[0] = 9));
assert.equal(key.withBytes((view) => view[0]), 9);
assert.equal(await key.withBytesAsync((view) => Promise.resolve(view[31])), 32);

const copy = key.copy();
assert.equal(key.equals(copy), true);
copy.update((view) => void (view[5] = 0));
assert.equal(key.equals(copy), false);
const random = [Secret.random(100_000), Secret.random(100_000)] as const;
assert.equal(random[0].equals(random[1]), false);
assert.ok(random[0].withBytes((view) => new Set(view).size) > 250);
for (const secret of [copy, ...random]) secret.close();

// A Wine that was just made has none.
mkdirSync(tmpdir(), { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "securememory-smoke-"));
const path = join(folder, "content");
const content = Uint8Array.from({ length: 10_000 }, (_, index) => index % 251);
writeFileSync(path, Uint8Array.of(...content, 13, 10));
for (const from of [path, pathToFileURL(path)]) {
  using read = Secret.fromFile(from, { trimNewline: true });
  assert.equal(read.equals(content), true);
}
assert.throws(() => Secret.fromFile(path, { maxBytes: 10_001 }), SourceError);
assert.throws(
  () => Secret.fromFile(join(folder, "nothing")),
  /: there is no such file \(\w+ failed/,
);
assert.throws(() => Secret.fromFile(folder), /: it is a directory/);
rmSync(folder, { recursive: true });
const text = new TextEncoder().encode("00ffA5");
using decoded = Secret.fromHex(text);
assert.equal(decoded.equals(new Uint8Array([0, 0xff, 0xa5])), true);
assert.deepEqual([...text], [0, 0, 0, 0, 0, 0]);
assert.throws(() => Secret.fromBase64("AA!="), SyntaxError);
using writer = new SecretWriter();
await new Blob([content]).stream().pipeTo(writer.writable);
using written = await writer.secret;
assert.equal(written.equals(content), true);
decoded.close();
written.close();

// Keyed operations, pools and enclaves: the other two libraries.
using signer = Secret.from(Uint8Array.from({ length: 32 }, (_, index) => index + 1));
const own = signer.hmac("SHA-256", "message");
assert.equal(Buffer.from(own).toString("hex"), mac);
assert.equal(signer.verifyHmac("SHA-256", "message", own), true);
assert.equal(signer.verifyHmac("SHA-256", "another", own), false);
const ciphertext = signer.encrypt(content);
assert.deepEqual(signer.decrypt(ciphertext), content);
ciphertext[100]! ^= 1;
assert.throws(() => signer.decrypt(ciphertext), AuthenticationError);
{
  using pool = new SecretPool({ onPressure: "seal" });
  const pooled = Array.from({ length: 100 }, (_, index) => pool.from(new Uint8Array([index, 7])));
  assert.deepEqual(pooled.map((one) => one.withBytes((view) => view[0])), [...pooled.keys()]);
}
const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
assert.deepEqual(enclave.withBytes((view) => [...view]), [1, 2, 3]);
using unsealed = enclave.open();
assert.equal(unsealed.equals(new Uint8Array([1, 2, 3])), true);
enclave.close();

const many = Array.from({ length: 300 }, () => Secret.random(16));
for (const secret of many) secret.close();
const { open, ...status } = { open: key.withBytes(() => key.status()), ...key.status() };
key.close();
assert.throws(() => key.withBytes(() => 0), SecretClosedError);
console.log(JSON.stringify({
  runtime: process.versions.bun ? "bun" : "Deno" in globalThis ? "deno" : "node",
  platform: `${process.platform}-${process.arch}`,
  mac,
  status,
  open: open.protection,
  capabilities: capabilities(),
}));
