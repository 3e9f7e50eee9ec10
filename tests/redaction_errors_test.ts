import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../mod.ts";
import { runCode } from "./support/child.ts";
import { MISSING } from "./support/rungs.ts";
import { contentIn } from "./support/scanner.ts";

/** No four characters of it are in any text that a runtime prints. */
const TEXT = "zQ7%kX9!wJ3#vB6$";

/** Fails if an error, or anything it leads to, shows content. */
function showsNothing(error: unknown, bytes: Uint8Array, name: string): void {
  assert.ok(error instanceof Error, name);
  const { message, stack, cause } = error;
  const all = inspect(error, { showHidden: true, depth: null, getters: true });
  const shown = [message, stack, inspect(cause), `${error}`, JSON.stringify(error), all].join("\n");
  assert.equal(contentIn(shown, bytes), undefined, name);
}

/** Ways to fail with a secret of `bytes`, or with `bytes` themselves, at hand. */
function failures(secret: Secret, bytes: Uint8Array): readonly (() => unknown)[] {
  const closed = Secret.from(bytes.slice());
  closed.close();
  const text = Buffer.from(bytes).toString("latin1");
  const odd = [...bytes];
  const transfer = (view: Uint8Array) =>
    void structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return [
    () => closed.withBytes(() => 0),
    () => closed.equals(bytes),
    () => secret.equals(closed),
    () => secret.equals(text as never),
    () => secret.equals(odd as never),
    () => secret.withBytes(() => secret.update(() => 0)),
    () => secret.withBytes((view) => view),
    () => secret.withBytes((view) => view.buffer),
    () => secret.withBytes((view) => Promise.resolve(view)),
    () => secret.withBytes(transfer),
    () => secret.withBytes(text as never),
    () => secret.update((view) => view.subarray(1)),
    () => secret.readInto(text as never),
    () => secret.readInto(odd as never),
    () => secret.readInto(new Uint8Array(4), text as never),
    () => secret.stream({ chunkSize: text as never }),
    () => Secret.from(text as never),
    () => Secret.from(odd as never),
    () => Secret.from({ bytes } as never),
    () => Secret.from(new Uint16Array(bytes.slice().buffer, 0, bytes.length >> 1) as never),
    () => Secret.from(bytes.slice(), { alignment: 3 }),
    () => Secret.fromString(bytes as never),
    ...(MISSING === undefined ? [] : [
      () => Secret.from(bytes.slice(), MISSING),
      () => Secret.fromString(text, MISSING),
    ]),
    () => Secret.random(text as never),
    () => Secret.random(bytes as never),
    () => Secret.fill(bytes.length, text as never),
    () => Secret.fill(bytes.length, (view) => (view.set(bytes), view) as never),
    () => Secret.attach(bytes as never),
    () => Secret.attach(text as never),
    () => Secret.attach({ ...secret.share(), instance: 0 }),
  ];
}

for (
  const [name, bytes] of [
    ["random bytes", new Uint8Array(randomBytes(32))],
    ["text", new TextEncoder().encode(TEXT)],
  ] as const
) {
  test(`no error that the library throws shows ${name}: message, stack, properties`, () => {
    using secret = Secret.from(bytes.slice());
    for (const fail of failures(secret, bytes)) {
      let caught: unknown;
      try {
        fail();
      } catch (error) {
        caught = error;
      }
      // The name of the function holds the test's own source, never the content.
      showsNothing(caught, bytes, `${fail}`);
    }
  });
}

test("an error that carries content is what the scanner above would find", () => {
  const bytes = new Uint8Array(randomBytes(32));
  const leak = new Error(`Cannot use ${Buffer.from(bytes).toString("hex")}`);
  assert.throws(() => showsNothing(leak, bytes, "leak"), /hex/);
  const hidden = Object.assign(new Error("Cannot use it"), { bytes });
  assert.throws(() => showsNothing(hidden, bytes, "hidden"), { name: "AssertionError" });
});

/** Runs code in a child that knows a secret without it being in its source. */
async function printed(bytes: Uint8Array, code: string): Promise<string> {
  const masked = Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString("base64");
  const outcome = await runCode(
    `
    import { Buffer } from "node:buffer";
    import process from "node:process";
    const { Secret } = securememory;
    const bytes = new Uint8Array(Buffer.from(process.argv[2], "base64")).map((byte) => byte ^ 0x5a);
    const secret = Secret.from(bytes.slice());
    ${code}
    `,
    { args: [masked] },
  );
  return outcome.stdout + outcome.stderr;
}

test("consoles of a child show no content, whatever the method", async () => {
  const bytes = new Uint8Array(randomBytes(32));
  const output = await printed(
    bytes,
    `
    bytes.fill(0);
    const show = () => {
      for (const value of [secret, [secret], { a: { b: { c: { d: secret } } } }, new Map([[1, secret]])]) {
        console.log(value);
        console.log("%s %o %O %j %d %i %f %c", ...new Array(8).fill(value));
        console.error(value);
        console.info(value);
        console.warn(value);
        console.debug(value);
        console.dir(value, { showHidden: true, depth: null });
        console.dirxml(value);
        console.group(value);
        console.groupEnd();
        console.table([value]);
        console.table([[value, { secret }]]);
        console.assert(false, value);
        console.trace(value);
      }
    };
    show();
    secret.withBytes(show);
    using window = secret.open();
    console.log(window, [window], { window });
    console.log("end");
    `,
  );
  assert.match(output, /Secret\(32 bytes\)/);
  assert.match(output, /^end$/m);
  assert.equal(contentIn(output, bytes), undefined);
});

test("a console that prints the bytes themselves is what the scanner would find", async () => {
  const bytes = new Uint8Array(randomBytes(32));
  const output = await printed(bytes, "secret.withBytes((view) => console.log(view));");
  assert.equal(contentIn(output, bytes), "decimal numbers");
});

for (
  const [name, code] of [
    ["in a window", "secret.withBytes((view) => { throw new Error('uncaught ' + view.length); });"],
    ["of the library", "secret.withBytes(() => secret.update(() => 0));"],
    ["in an async window", "await secret.withBytesAsync(async (view) => view);"],
    [
      "with a secret in it",
      "throw Object.assign(new Error('uncaught'), { secret, cause: secret });",
    ],
    ["that is a secret", "throw secret;"],
    [
      "of an open window",
      "const window = secret.open(); throw Object.assign(new Error(), { window });",
    ],
  ] as const
) {
  test(`what a runtime prints of an uncaught error ${name} shows no content`, async () => {
    const bytes = new Uint8Array(randomBytes(32));
    const output = await printed(bytes, `bytes.fill(0); console.log("begin"); ${code}`);
    assert.match(output, /begin[\s\S]+(error|Error|Uncaught|Secret)/);
    assert.equal(contentIn(output, bytes), undefined);
  });
}
