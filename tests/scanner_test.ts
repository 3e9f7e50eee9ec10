import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { contentIn } from "./support/scanner.ts";

/** 32 bytes of which no four are decimal digits or the like. */
const secret = new Uint8Array(randomBytes(32));

const LEAKS: readonly (readonly [string, (bytes: Uint8Array) => string])[] = [
  ["raw bytes", (bytes) => Buffer.from(bytes).toString("latin1")],
  ["hex", (bytes) => Buffer.from(bytes).toString("hex")],
  ["capital hex", (bytes) => Buffer.from(bytes).toString("hex").toUpperCase()],
  ["a Buffer's inspection", (bytes) => inspect(Buffer.from(bytes))],
  ["a Uint8Array's inspection", (bytes) => inspect(bytes)],
  ["a Uint8Array over lines", (bytes) => inspect(bytes, { breakLength: 1, compact: false })],
  ["an ArrayBuffer's inspection", (bytes) => inspect(bytes.slice().buffer)],
  ["JSON of a Uint8Array", (bytes) => JSON.stringify(bytes).replace(/"\d+":/g, "")],
  ["JSON of an array", (bytes) => JSON.stringify([...bytes])],
  ["string conversion", (bytes) => `${bytes}`],
  [
    "hex with prefixes",
    (bytes) => Array.from(bytes, (byte) => `0x${byte.toString(16)}`).join(", "),
  ],
  ["base64", (bytes) => Buffer.from(bytes).toString("base64")],
  ["base64url", (bytes) => Buffer.from(bytes).toString("base64url")],
];

for (const [name, leak] of LEAKS) {
  test(`the scanner finds ${name}, whole, cut and in other text`, () => {
    assert.ok(contentIn(leak(secret), secret), "whole");
    assert.ok(contentIn(`Error: Secret(${leak(secret)})\n    at x:1:2`, secret), "in other text");
    for (const [from, to] of [[0, 12], [1, 13], [2, 14], [11, 23], [20, 32]] as const) {
      assert.ok(contentIn(leak(secret.subarray(from, to)), secret), `${from} to ${to}`);
    }
  });
}

test("the scanner finds text", () => {
  const text = new TextEncoder().encode("correct horse ✓");
  assert.ok(contentIn("Secret { correct horse ✓ }", text));
  assert.ok(contentIn("it was: corre...", text));
});

test("the scanner finds nothing where nothing is", () => {
  const others = Array.from({ length: 20 }, () => randomBytes(32));
  for (const [, leak] of LEAKS) {
    for (const other of others) assert.equal(contentIn(leak(other), secret), undefined);
  }
  const plain = "Secret(32 bytes)\n    at Object.<anonymous> (file:///srv/a.ts:12:34)\n";
  assert.equal(contentIn(plain.repeat(100), secret), undefined);
});
