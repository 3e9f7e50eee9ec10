/**
 * One of everything, on whatever runs it: prints what it found as one line of JSON.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import process from "node:process";
import { capabilities, Secret, SecretClosedError } from "../../../mod.ts";

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
