import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { currentRuntime } from "../src/native/current.ts";
import { sha256 } from "../src/native/sha256.ts";

const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("SHA-256 is node:crypto's, for every length around the ends of blocks and for long inputs", () => {
  for (const length of [...Array(200).keys(), 4095, 4096, 65_535, 65_536, 1_000_003]) {
    const bytes = randomBytes(length);
    assert.equal(sha256(bytes), expected(bytes), `of ${length} bytes`);
  }
});

test("SHA-256 of the examples of FIPS 180-4", () => {
  const of = (text: string) => sha256(new TextEncoder().encode(text));
  assert.equal(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(
    of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
});

test("the runtime's SHA-256 is that of the bytes of a view, not of its buffer", () => {
  const bytes = randomBytes(100).subarray(7, 50);
  assert.equal(currentRuntime()?.sha256(bytes), expected(bytes));
});
