import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AllocationError,
  AuthenticationError,
  CorruptionError,
  LockLimitError,
  ProtectionError,
  Secret,
  SecretBusyError,
  SecretClosedError,
  SecureMemoryError,
  SourceError,
  SystemError,
  UnsupportedError,
} from "../mod.ts";
import { MISSING } from "./support/rungs.ts";

const DETAIL = { errno: 12, syscall: "mlock" };

/** Every class: one of it, its code as API.md has it, and its parents up to Error. */
const CLASSES: readonly (readonly [SecureMemoryError, string, string, readonly unknown[]])[] = [
  [new SecretClosedError(), "SecretClosedError", "SECRET_CLOSED", []],
  [new SecretBusyError("Busy"), "SecretBusyError", "SECRET_BUSY", []],
  [new CorruptionError("Corrupted"), "CorruptionError", "MEMORY_CORRUPTED", []],
  [new AllocationError("No", DETAIL), "AllocationError", "ALLOCATION_FAILED", [SystemError]],
  [new LockLimitError("No", DETAIL, 65536, 4096), "LockLimitError", "LOCK_LIMIT", [
    AllocationError,
    SystemError,
  ]],
  [new ProtectionError("No", DETAIL), "ProtectionError", "PROTECTION_FAILED", [SystemError]],
  [new AuthenticationError("Changed"), "AuthenticationError", "AUTHENTICATION_FAILED", []],
  [new UnsupportedError("No"), "UnsupportedError", "UNSUPPORTED", [SystemError]],
  [new SourceError("No", { detail: DETAIL }), "SourceError", "SOURCE_FAILED", [SystemError]],
];

for (const [error, name, code, parents] of CLASSES) {
  test(`${name} has its name, the code ${code}, and its parents`, () => {
    assert.equal(error.name, name);
    assert.equal(error.constructor.name, name);
    assert.equal(error.code, code);
    assert.ok(error instanceof SecureMemoryError);
    assert.ok(error instanceof Error);
    assert.ok(!(error instanceof TypeError || error instanceof RangeError));
    for (const parent of [SystemError, AllocationError]) {
      const expected = parents.includes(parent) || error.constructor === parent;
      assert.equal(error instanceof parent, expected, parent.name);
    }
    assert.equal(Object.prototype.toString.call(error), "[object Error]");
    assert.ok(`${error.stack}`.startsWith(`${name}: ${error.message}`), `${error.stack}`);
    assert.equal(`${error}`, `${name}: ${error.message}`);
  });
}

test("the codes are those of the table, each of one class", () => {
  const codes = CLASSES.map(([, , code]) => code);
  assert.equal(new Set(codes).size, CLASSES.length);
});

test("errors of the system have `errno` and `syscall`, also when there was none", () => {
  for (const [error, name] of CLASSES) {
    if (!(error instanceof SystemError)) continue;
    const expected = name === "UnsupportedError" ? { errno: 0, syscall: "" } : DETAIL;
    assert.deepEqual({ errno: error.errno, syscall: error.syscall }, expected, name);
  }
  const unsupported = new UnsupportedError("No", { detail: { errno: 38, syscall: "pkey_alloc" } });
  assert.equal(unsupported.errno, 38);
  assert.equal(unsupported.syscall, "pkey_alloc");
});

test("a SourceError of something that is no system call has no number, and keeps its cause", () => {
  const cause = new Error("cause");
  const error = new SourceError("No", { cause });
  assert.deepEqual([error.errno, error.syscall, error.cause], [0, "", cause]);
});

test("other errors have neither `errno` nor `syscall`", () => {
  for (const error of [new SecretClosedError(), new SecretBusyError("Busy")]) {
    assert.equal("errno" in error, false);
    assert.equal("syscall" in error, false);
  }
});

test("a LockLimitError has the limit and what is locked as numbers", () => {
  const error = new LockLimitError("No", DETAIL, 65536, 4096);
  assert.equal(error.limitBytes, 65536);
  assert.equal(error.lockedBytes, 4096);
});

test("an UnsupportedError keeps its cause, and no other error has one", () => {
  const cause = new Error("cause");
  assert.equal(new UnsupportedError("No", { cause }).cause, cause);
  for (const [error] of CLASSES) assert.equal(error.cause, undefined);
});

test("SystemError is for `instanceof`: TypeScript refuses to construct it", () => {
  // @ts-expect-error: it is abstract.
  const construct = () => new SystemError("CODE", "message", DETAIL);
  assert.equal(typeof construct, "function");
});

/** Every error that can be had on a healthy host. */
async function thrown(): Promise<Error[]> {
  const errors: Error[] = [];
  const attempt = (use: () => unknown) => {
    try {
      use();
    } catch (error) {
      errors.push(error as Error);
    }
  };
  const closed = Secret.random(16);
  closed.close();
  using secret = Secret.random(16);
  const text = "text" as never;
  const transfer = (bytes: Uint8Array) =>
    void structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
  const uses: (() => unknown)[] = [
    () => closed.withBytes(() => 0),
    () => closed.status(),
    () => closed.share(),
    () => secret.withBytes(() => secret.update(() => 0)),
    () => secret.withBytes((bytes) => bytes),
    () => secret.withBytes(() => Promise.resolve()),
    () => secret.withBytes(async () => {}),
    () => secret.withBytes(transfer),
    () => secret.withBytes(text),
    () => secret.update(text),
    () => secret.equals(text),
    () => secret.readInto(text),
    () => secret.readInto(new Uint8Array(1), -1),
    () => secret.readInto(new Uint8Array(1), text),
    () => secret.stream({ chunkSize: 0 }),
    () => secret.stream({ chunkSize: text }),
    () => Secret.from(text),
    () => Secret.from(new Uint8Array(0)),
    () => Secret.from(new Uint8Array(new SharedArrayBuffer(1))),
    () => Secret.fromString(""),
    () => Secret.fromString(1 as never),
    () => Secret.random(0),
    () => Secret.random(text),
    () => Secret.fill(1, text),
    () => Secret.random(1, text),
    () => Secret.random(1, { store: text }),
    () => Secret.random(1, { label: 1 as never }),
    () => Secret.random(1, { alignment: 3 }),
    () => Secret.random(1, { alignment: 2 ** 30 }),
    ...(MISSING === undefined ? [] : [() => Secret.random(1, MISSING)]),
    () => Secret.attach(text),
    () => Secret.attach({ ...secret.share(), instance: 0 }),
    () => new (Secret as unknown as new () => Secret)(),
  ];
  for (const use of uses) attempt(use);
  const window = secret.open();
  window[Symbol.dispose]();
  attempt(() => window.bytes);
  await closed.withBytesAsync(() => 0).catch((error) => errors.push(error));
  assert.equal(errors.length, uses.length + 2);
  return errors;
}

test("every message is a sentence without a final period, and says what could not be done", async () => {
  for (const error of await thrown()) {
    assert.match(error.message, /^Cannot [a-z]/);
    assert.doesNotMatch(error.message, /[.\s]$|undefined$|\n/);
    assert.doesNotMatch(error.message, /\b(can't|isn't|doesn't|won't|don't)\b/i);
  }
});

test("errors that are thrown are of the documented classes, with a code if they are ours", async () => {
  const codes = new Set(CLASSES.map(([, , code]) => code));
  for (const error of await thrown()) {
    if (error instanceof SecureMemoryError) assert.ok(codes.has(error.code), error.code);
    else assert.ok(error.constructor === TypeError || error.constructor === RangeError, `${error}`);
  }
});
