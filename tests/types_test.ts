/**
 * What TypeScript refuses is refused when it runs as well. Each `@ts-expect-error` below
 * is checked by `tsc` and `deno test`: a line that compiles fails the check.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, SecretFactory, type SecretWindow, type SharedSecret } from "../mod.ts";

test("what the types refuse throws", () => {
  using secret = Secret.random(4);
  const refused: (() => unknown)[] = [
    // @ts-expect-error: a string is for fromString.
    () => Secret.from("text"),
    // @ts-expect-error: an array is no bytes.
    () => Secret.from([1, 2, 3]),
    // @ts-expect-error: bytes are for from.
    () => Secret.fromString(new Uint8Array(4)),
    // @ts-expect-error: a length is a number.
    () => Secret.random("32"),
    // @ts-expect-error: nor a bigint.
    () => Secret.random(32n),
    // @ts-expect-error: a producer is needed.
    () => Secret.fill(32),
    // @ts-expect-error: the constructor is private.
    () => new Secret(),
    // @ts-expect-error: a callback is needed.
    () => secret.withBytes(),
    // @ts-expect-error: a callback is needed.
    () => secret.update(5),
    // @ts-expect-error: a Secret or bytes.
    () => secret.equals("text"),
    // @ts-expect-error: bytes, not a buffer.
    () => secret.readInto(new ArrayBuffer(4)),
    // @ts-expect-error: a position is a number.
    () => secret.readInto(new Uint8Array(4), "0"),
    // @ts-expect-error: a number of bytes.
    () => secret.stream({ chunkSize: "4" }),
    // @ts-expect-error: a ticket.
    () => Secret.attach({}),
    // @ts-expect-error: no such store.
    () => Secret.random(4, { store: "heap" }),
    // @ts-expect-error: no such gate.
    () => new SecretFactory({ gate: "open" }),
    // @ts-expect-error: a boolean.
    () => Secret.random(4, { revokeViews: "yes" }),
  ];
  for (const use of refused) assert.throws(use, TypeError, `${use}`);
});

test("what is read-only for the types cannot be assigned either, but for `toJSON`", () => {
  using secret = Secret.random(4);
  const assignments: (() => unknown)[] = [
    // @ts-expect-error: read-only.
    () => secret.length = 5,
    // @ts-expect-error: read-only.
    () => secret.isClosed = true,
    () => {
      using opened = secret.open();
      // @ts-expect-error: read-only.
      opened.bytes = new Uint8Array(4);
    },
  ];
  for (const assign of assignments) assert.throws(assign, TypeError, `${assign}`);
  assert.equal(secret.length, 4);
  assert.equal(secret.status().protection, "none");
});

test("types go through: of callbacks, promises, windows and tickets", async () => {
  using secret = Secret.random(4);
  const length: number = secret.withBytes((bytes) => bytes.length);
  const text: string = await secret.withBytesAsync((bytes) => `${bytes.length}`);
  const later: string = await secret.withBytesAsync((bytes) => Promise.resolve(`${bytes.length}`));
  const nothing: undefined = secret.update(() => undefined);
  using opened: SecretWindow = secret.open();
  const bytes: Uint8Array = opened.bytes;
  const ticket: SharedSecret = secret.share();
  const disposable: Disposable & AsyncDisposable = secret;
  assert.deepEqual([length, text, later, nothing, bytes.length], [4, "4", "4", undefined, 4]);
  assert.equal(ticket.length, 4);
  assert.equal(disposable, secret);
});
