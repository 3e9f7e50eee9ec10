import assert from "node:assert/strict";
import { Secret, stats } from "../mod.ts";
import { ownPages } from "./support/kind.ts";
import { testOnGates as test } from "./support/rungs.ts";

const OWN_PAGES = { skip: ownPages("neighbours in a pool share a page, and its protection") };

/** Four bytes: 1, 2, 3, 4. */
function four(): Secret {
  return Secret.from(new Uint8Array([1, 2, 3, 4]));
}

test("`withBytes` hands out the bytes and returns what the callback returns", () => {
  using secret = four();
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  const object = { any: "thing" };
  for (const value of [undefined, null, 0, "", false, 5n, Symbol.iterator, object, four]) {
    assert.equal(secret.withBytes(() => value), value);
    assert.equal(secret.update(() => value), value);
  }
});

test("a copy of the bytes may leave the window", () => {
  using secret = four();
  const copy = secret.withBytes((bytes) => bytes.slice());
  assert.deepEqual([...copy], [1, 2, 3, 4]);
  assert.deepEqual([...copy], [1, 2, 3, 4]);
});

test("the callback gets one argument: a Uint8Array of the secret's length", () => {
  using secret = four();
  let given: unknown[] = [];
  secret.withBytes((...args: unknown[]) => {
    given = [args.length, Object.getPrototypeOf(args[0]) === Uint8Array.prototype];
  });
  assert.deepEqual(given, [1, true]);
  assert.equal(secret.withBytes((bytes) => bytes.byteOffset), 0);
  assert.equal(secret.withBytes((bytes) => bytes.buffer.byteLength), 4);
});

test("the view is the same object in every window", () => {
  using secret = four();
  const views = new Set<Uint8Array>();
  const keep = (bytes: Uint8Array) => void views.add(bytes);
  secret.withBytes(keep);
  secret.update(keep);
  secret.withBytes((bytes) => {
    views.add(bytes);
    secret.withBytes(keep);
  });
  {
    using opened = secret.open();
    views.add(opened.bytes);
  }
  assert.equal(views.size, 1);
});

test("`withBytes` closes the window when the callback throws, and throws the same value", () => {
  using secret = four();
  for (const problem of [new Error("problem"), "a string", null, undefined]) {
    let caught: unknown = "nothing";
    try {
      secret.withBytes(() => {
        throw problem;
      });
    } catch (error) {
      caught = error;
    }
    assert.equal(caught, problem);
    assert.equal(secret.status().protection, "none");
  }
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
});

test("windows on one secret nest, and only the last one closes the pages", () => {
  using secret = four();
  const seen: string[] = [];
  const look = () => seen.push(secret.status().protection);
  look();
  secret.withBytes(() => {
    look();
    secret.withBytes(() => {
      look();
      secret.withBytes(look);
      look();
    });
    look();
  });
  look();
  assert.deepEqual(seen, ["none", "read", "read", "read", "read", "read", "none"]);
});

test("a nested window that throws leaves the outer one open", () => {
  using secret = four();
  const sum = secret.withBytes((bytes) => {
    assert.throws(() =>
      secret.withBytes(() => {
        throw new Error("inner");
      }), /inner/);
    assert.equal(secret.status().protection, "read");
    return bytes[0]! + bytes[3]!;
  });
  assert.equal(sum, 5);
  assert.equal(secret.status().protection, "none");
});

test("an error that goes through nested windows closes all of them", () => {
  using secret = four();
  assert.throws(() =>
    secret.withBytes(() =>
      secret.withBytes(() => {
        throw new Error("innermost");
      })
    ), /innermost/);
  assert.equal(secret.status().protection, "none");
});

test("windows on different secrets are independent", () => {
  using a = four();
  using b = four();
  const both = () => [a.status().protection, b.status().protection];
  assert.deepEqual(a.withBytes(both), ["read", "none"]);
  assert.deepEqual(a.withBytes(() => b.withBytes(both)), ["read", "read"]);
  assert.deepEqual(b.withBytes(() => a.update(both)), ["write", "read"]);
  a.withBytes(() => {
    b.withBytes(() => {});
    assert.deepEqual(both(), ["read", "none"]);
  });
  assert.deepEqual(both(), ["none", "none"]);
}, OWN_PAGES);

test("windows that end in the order they began close the pages with the last", () => {
  using a = four();
  using b = four();
  const both = () => [a.status().protection, b.status().protection];
  const first = a.open();
  const second = b.open();
  const third = a.open();
  first[Symbol.dispose]();
  assert.deepEqual(both(), ["read", "read"]);
  second[Symbol.dispose]();
  assert.deepEqual(both(), ["read", "none"]);
  assert.deepEqual([...third.bytes], [1, 2, 3, 4]);
  third[Symbol.dispose]();
  assert.deepEqual(both(), ["none", "none"]);
}, OWN_PAGES);

test("a hundred nested windows are one open secret", () => {
  using secret = four();
  const before = stats().openWindows;
  const descend = (depth: number): number =>
    depth === 0 ? stats().openWindows : secret.withBytes(() => descend(depth - 1));
  assert.equal(descend(100), before + 1);
  assert.equal(stats().openWindows, before);
  assert.equal(secret.status().protection, "none");
});

test("ten thousand windows, the kinds taking turns, all see the same bytes", () => {
  using secret = four();
  const target = new Uint8Array(4);
  for (let round = 0; round < 2500; round++) {
    assert.equal(secret.withBytes((bytes) => bytes[3]), 4);
    assert.equal(secret.update((bytes) => bytes[2]), 3);
    assert.equal(secret.readInto(target), 4);
    using opened = secret.open();
    assert.equal(opened.bytes[0], 1);
  }
  assert.equal(secret.status().protection, "none");
});
