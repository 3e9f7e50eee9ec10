/**
 * What shows of an enclave: its length.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Enclave } from "../mod.ts";
import { withCache } from "./support/enclaves.ts";
import { contentIn } from "./support/scanner.ts";

type Inspect = (value: unknown, options?: object) => string;

const runtimes = globalThis as { Bun?: { inspect: Inspect }; Deno?: { inspect: Inspect } };

/** An enclave of random bytes and one of text, with what must not be shown of each. */
function enclaves(): { enclave: Enclave; bytes: Uint8Array }[] {
  const random = crypto.getRandomValues(new Uint8Array(32));
  const text = new TextEncoder().encode("zQ7%kX9!wJ3#vB6✓");
  return [random, text].map((bytes) => ({ enclave: Enclave.seal(bytes.slice()), bytes }));
}

const INSPECTIONS: readonly (readonly [string, (value: unknown) => string])[] = [
  ["util.inspect", inspect],
  [
    "util.inspect with everything on",
    (value) => inspect(value, { showHidden: true, depth: null, getters: true, showProxy: true }),
  ],
  [
    "util.inspect without customInspect",
    (value) =>
      inspect(value, { customInspect: false, showHidden: true, depth: null, getters: true }),
  ],
  ["util.format", (value) => format("%s %o %O %j %d %i %f", ...new Array(7).fill(value))],
  ["Bun.inspect", (value) => runtimes.Bun?.inspect(value, { depth: 20 }) ?? ""],
  [
    "Deno.inspect",
    (value) => runtimes.Deno?.inspect(value, { showHidden: true, depth: 20, getters: true }) ?? "",
  ],
  ["JSON.stringify", (value) => JSON.stringify(value) ?? ""],
  ["a template", (value) => `${value}`],
];

for (const [name, show] of INSPECTIONS) {
  test(`${name} shows no content: alone, nested, in windows, hot, shared, closed`, async () => {
    await withCache({ enclaveSlots: 4 }, () => {
      for (const { enclave, bytes } of enclaves()) {
        let shown = "";
        const look = () => {
          const holders = [
            enclave,
            { a: [{ enclave }] },
            new Map([[enclave, enclave]]),
            new Error("with an enclave", { cause: enclave }),
            new Proxy(enclave, {}),
            Object.create(enclave),
          ];
          for (const holder of holders) {
            try {
              shown += show(holder);
            } catch (error) {
              shown += `${(error as Error).stack}`;
            }
          }
        };
        for (let round = 0; round < 3; round++) {
          look();
          enclave.withBytes(look);
        }
        shown += show(enclave.share());
        look();
        enclave.close();
        look();
        assert.equal(contentIn(shown, bytes), undefined);
      }
    });
  });
}

test("the scanner would have found it", () => {
  for (const { enclave, bytes } of enclaves()) {
    assert.notEqual(contentIn(inspect({ bytes }, { maxArrayLength: null }), bytes), undefined);
    enclave.close();
  }
});

test("inspectors, strings, JSON and numbers show the length or nothing", () => {
  using enclave = Enclave.seal(new Uint8Array(32));
  using single = Enclave.seal(new Uint8Array(1));
  const expected = "Enclave(32 bytes)";
  assert.equal(inspect(enclave), expected);
  assert.equal(inspect(enclave, { showHidden: true }), expected);
  assert.equal(runtimes.Bun?.inspect(enclave) ?? expected, expected);
  assert.equal(runtimes.Deno?.inspect(enclave) ?? expected, expected);
  assert.equal(inspect(single), "Enclave(1 byte)");
  assert.equal(`${enclave}`, expected);
  assert.equal("" + enclave, expected);
  assert.equal(JSON.stringify({ a: [enclave] }), `{"a":["${expected}"]}`);
  assert.equal(Object.prototype.toString.call(enclave), "[object Enclave]");
  assert.equal(Number(enclave), NaN);
});

test("cloning and posting an enclave throws DataCloneError", () => {
  using enclave = Enclave.seal(new Uint8Array(32));
  const expected = { name: "DataCloneError" };
  const { port1, port2 } = new MessageChannel();
  try {
    for (const value of [enclave, [enclave], { enclave }, new Map([[1, enclave]])]) {
      assert.throws(() => structuredClone(value), expected);
      assert.throws(() => port1.postMessage(value), expected);
    }
  } finally {
    port1.close();
    port2.close();
  }
});

test("no property leads to the content, and there are no others than a secret has", () => {
  using enclave = Enclave.seal(new Uint8Array(32));
  assert.deepEqual(Reflect.ownKeys(enclave), ["toJSON"]);
  for (let at: object | null = enclave; at !== null; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      assert.ok(!ArrayBuffer.isView(Reflect.get(at, key, enclave)), String(key));
    }
  }
});

test("no error about an enclave has content in it", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    for (const { enclave, bytes } of enclaves()) {
      const errors: unknown[] = [];
      const collect = (action: () => unknown) => {
        try {
          action();
        } catch (error) {
          errors.push(error);
        }
      };
      collect(() => enclave.withBytes((view) => view));
      collect(() => enclave.withBytes((view) => (view.buffer as ArrayBuffer).transfer() && 0));
      collect(() => enclave.withBytes(() => Promise.resolve(1)));
      collect(() => enclave.withBytes(null as never));
      collect(() => enclave.open({ alignment: 3 }));
      collect(() => structuredClone(enclave));
      enclave.close();
      collect(() => enclave.withBytes(() => 0));
      collect(() => Enclave.seal(bytes.buffer as never));
      assert.equal(errors.length, 8);
      for (const error of errors) {
        const { message, stack } = error as Error;
        assert.equal(contentIn(`${message} ${stack}`, bytes), undefined, message);
      }
    }
  });
});
