import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../mod.ts";
import { runCode } from "./support/child.ts";

/** One secret of each make, all of whose bytes are 0x61. */
const MADE = [
  "Secret.from(new Uint8Array(8).fill(0x61))",
  'Secret.fromString("aaaaaaaa")',
  "Secret.fill(8, (bytes) => void bytes.fill(0x61))",
  'Secret.fromString("aaaaaaaa", { revokeViews: true })',
  'Secret.attach(Secret.fromString("aaaaaaaa").share())',
];

test("the view of a read-only window as target of `readInto` is refused", async () => {
  for (const secret of MADE) {
    const outcome = await runCode(`
      const { Secret } = securememory;
      const secret = ${secret};
      const other = Secret.random(8);
      try {
        secret.withBytes((bytes) => other.readInto(bytes));
      } catch (error) {
        console.log(error.name);
      }
    `);
    assert.deepEqual([outcome.stdout, outcome.signal], ["TypeError\n", null], secret);
  }
});

test("the view of a read-only window as source is refused: it could not be wiped", async () => {
  // In a child, which must not die of it.
  for (const secret of MADE) {
    for (const source of ["bytes", "bytes.subarray(2, 4)", "bytes.buffer"]) {
      const outcome = await runCode(`
        const { Secret } = securememory;
        const secret = ${secret};
        try {
          secret.withBytes((bytes) => Secret.from(${source}).close());
        } catch (error) {
          console.log(error.name);
        }
        console.log(secret.withBytes((bytes) => bytes.every((byte) => byte === 0x61)));
      `);
      const seen = [outcome.stdout, outcome.signal];
      assert.deepEqual(seen, ["TypeError\ntrue\n", null], `${secret} ${source}`);
    }
  }
});

test("a part of a secret becomes a secret by `update`, which wipes that part", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  using part = secret.update((bytes) => Secret.from(bytes.subarray(1, 3)));
  assert.deepEqual(part.withBytes((bytes) => [...bytes]), [2, 3]);
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 0, 0, 4]);
});

test("a part of a secret becomes a secret by `fill` and `readInto`, which wipes nothing", () => {
  using secret = Secret.from(new Uint8Array([1, 2, 3, 4]));
  using part = Secret.fill(2, (bytes) => void secret.readInto(bytes, 1));
  assert.deepEqual(part.withBytes((bytes) => [...bytes]), [2, 3]);
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("bytes and secrets are told apart by what they are, not by their prototypes' names", () => {
  class Sub extends Uint8Array {}
  const source = new Sub([1, 2, 3]);
  using secret = Secret.from(source);
  assert.deepEqual([...source], [0, 0, 0]);
  assert.equal(secret.equals(new Sub([1, 2, 3])), true);
  const target = new Sub(3);
  assert.equal(secret.readInto(target), 3);
  assert.deepEqual([...target], [1, 2, 3]);
});
