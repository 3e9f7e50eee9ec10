import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret } from "../mod.ts";
import { contentIn } from "./support/scanner.ts";

type Inspect = (value: unknown, options?: object) => string;

const runtimes = globalThis as { Bun?: { inspect: Inspect }; Deno?: { inspect: Inspect } };

/** No four characters of it are in any text that a runtime prints. */
const PASSWORD = "zQ7%kX9!wJ3#vB6✓";

/** A secret of random bytes and one of text, with what must not be shown of each. */
function secrets(): { secret: Secret; bytes: Uint8Array }[] {
  const random = Secret.random(32);
  const text = Secret.fromString(PASSWORD);
  return [random, text].map((secret) => ({
    secret,
    bytes: secret.withBytes((view) => view.slice()),
  }));
}

/** Everything that holds a secret somewhere. */
function holders(secret: Secret): unknown[] {
  return [
    secret,
    [secret],
    [[[[[secret]]]]],
    { secret },
    { a: { b: { c: { d: { e: secret } } } } },
    new Map<unknown, unknown>([["secret", secret], [secret, 1]]),
    new Set([secret]),
    Object.assign(() => {}, { secret }),
    new Error("with a secret", { cause: secret }),
    Object.assign(new Error("with a secret"), { secret }),
    new Proxy(secret, {}),
    Object.create(secret),
    [secret.share()],
    Promise.resolve(secret),
  ];
}

const INSPECTIONS: readonly (readonly [string, (value: unknown) => string])[] = [
  ["util.inspect", inspect],
  ["util.inspect with everything on", (value) =>
    inspect(value, {
      showHidden: true,
      depth: null,
      getters: true,
      showProxy: true,
      maxArrayLength: null,
      maxStringLength: null,
    })],
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
];

for (const [name, show] of INSPECTIONS) {
  test(`${name} shows no content: alone, nested, in windows, closed`, () => {
    for (const { secret, bytes } of secrets()) {
      for (const [index, holder] of holders(secret).entries()) {
        let shown = "";
        const look = () => {
          try {
            shown += show(holder);
          } catch (error) {
            // JSON of a function and the like; an error shows as little.
            shown += `${(error as Error).stack}`;
          }
        };
        look();
        secret.withBytes(look);
        assert.equal(contentIn(shown, bytes), undefined, `${index}`);
      }
      secret.close();
      assert.equal(contentIn(show(secret), bytes), undefined);
    }
  });
}

test("inspectors show the length of a secret, and no more", () => {
  using secret = Secret.random(32);
  using single = Secret.random(1);
  assert.equal(inspect(secret), "Secret(32 bytes)");
  assert.equal(inspect(single), "Secret(1 byte)");
  assert.equal(inspect(secret, { showHidden: true }), "Secret(32 bytes)");
  assert.equal(runtimes.Bun?.inspect(secret) ?? "Secret(32 bytes)", "Secret(32 bytes)");
  assert.equal(runtimes.Deno?.inspect(secret) ?? "Secret(32 bytes)", "Secret(32 bytes)");
});

test("strings, JSON and numbers show the length or nothing", () => {
  for (const { secret, bytes } of secrets()) {
    const expected = `Secret(${bytes.length} bytes)`;
    assert.equal(`${secret}`, expected);
    assert.equal(String(secret), expected);
    assert.equal(secret.toString(), expected);
    assert.equal("" + secret, expected);
    assert.equal(secret.toLocaleString(), expected);
    assert.equal([secret, secret].join(), `${expected},${expected}`);
    assert.equal(JSON.stringify({ a: [secret] }), `{"a":["${expected}"]}`);
    assert.equal(Object.prototype.toString.call(secret), "[object Secret]");
    assert.equal(Number(secret), NaN);
    assert.equal(+(secret as unknown as number), NaN);
    assert.throws(() => BigInt(secret as never), SyntaxError);
    secret.close();
    assert.equal(`${secret} ${JSON.stringify(secret)}`, `${expected} "${expected}"`);
  }
});

test("cloning and posting a secret throws DataCloneError", () => {
  using secret = Secret.random(32);
  const expected = { name: "DataCloneError" };
  const { port1, port2 } = new MessageChannel();
  try {
    for (const value of [secret, [secret], { secret }, new Map([[1, secret]])]) {
      assert.throws(() => structuredClone(value), expected);
      assert.throws(() => port1.postMessage(value), expected);
    }
  } finally {
    port1.close();
    port2.close();
  }
});

test("no property leads to the content", () => {
  for (const { secret, bytes } of secrets()) {
    const look = () => {
      const names = [...Reflect.ownKeys(secret), ...Object.getOwnPropertyNames(secret)];
      for (const name in secret) names.push(name);
      assert.deepEqual([...new Set(names)], ["toJSON"]);
      assert.deepEqual(Object.keys({ ...secret }), ["toJSON"]);
      assert.deepEqual(Object.getOwnPropertySymbols(secret), []);
      const descriptors = inspect(Object.getOwnPropertyDescriptors(secret), { showHidden: true });
      assert.equal(contentIn(descriptors, bytes), undefined);
      // Every property that can be read, own or inherited.
      for (let at: object | null = secret; at !== null; at = Object.getPrototypeOf(at)) {
        for (const key of Reflect.ownKeys(at)) {
          const value = Reflect.get(at, key, secret) as unknown;
          if (key !== "__proto__") assert.ok(!ArrayBuffer.isView(value), String(key));
          assert.equal(contentIn(inspect(value), bytes), undefined, String(key));
        }
      }
    };
    look();
    secret.withBytes(look);
    secret.close();
  }
});

test("the static side of the class holds nothing", () => {
  using secret = Secret.random(32);
  const bytes = secret.withBytes((view) => view.slice());
  const text = inspect(Object.getOwnPropertyDescriptors(Secret), { showHidden: true, depth: null });
  assert.equal(contentIn(text, bytes), undefined);
});

/** Shows a value in every way there is. */
function showAll(value: unknown): string {
  const shown = INSPECTIONS.map(([, show]) => show(value));
  return [...shown, JSON.stringify(value), `${value}`].join("\n");
}

test("an open window shows no content, unless redaction is off and getters are called", () => {
  const inspections = INSPECTIONS.filter(([name]) => !name.endsWith("without customInspect"));
  for (const { secret, bytes } of secrets()) {
    const opened = secret.open();
    for (const holder of [opened, [opened], { opened }]) {
      for (const [name, show] of inspections) {
        assert.equal(contentIn(show(holder), bytes), undefined, name);
      }
      const plain = inspect(holder, { customInspect: false, showHidden: true, depth: null });
      assert.equal(contentIn(plain, bytes), undefined);
      assert.equal(contentIn(`${JSON.stringify(holder)} ${holder}`, bytes), undefined);
    }
    opened[Symbol.dispose]();
    assert.equal(contentIn(inspect(opened), bytes), undefined);
    secret.close();
  }
});

test("a ticket, a status and a stream show no content", () => {
  for (const { secret, bytes } of secrets()) {
    for (const value of [secret.share(), secret.status(), secret.stream()]) {
      assert.equal(contentIn(showAll(value), bytes), undefined);
    }
    secret.close();
  }
});
