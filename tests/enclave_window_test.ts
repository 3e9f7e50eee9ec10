/**
 * Windows on enclaves: the same claims for one that is decrypted each time, one that is kept open,
 * and one that is longer than a page.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  capabilities,
  configure,
  Enclave,
  purge,
  Secret,
  SecretClosedError,
  stats,
} from "../mod.ts";
import { testOnWays as test, type Way, WAYS, withCache } from "./support/enclaves.ts";
import { addressOf, permissionsAt } from "./support/memory.ts";
import { testOnGates } from "./support/rungs.ts";

/** What the kernel says of a page that nobody may touch, or that is gone. */
const CLOSED = /^---|^$/;

const PAGE = capabilities().pageSize;

test("`withBytes` hands out the bytes and returns what the callback returns", ({ four }) => {
  using enclave = four();
  assert.deepEqual(enclave.withBytes((bytes) => [...bytes.subarray(0, 4)]), [1, 2, 3, 4]);
  const object = { any: "thing" };
  for (const value of [undefined, null, 0, "", false, 5n, Symbol.iterator, object, four]) {
    assert.equal(enclave.withBytes(() => value), value);
  }
});

test("the callback gets one argument: a Uint8Array of the enclave's length, and its buffer too", ({ four, length }) => {
  using enclave = four();
  let given: unknown[] = [];
  enclave.withBytes((...args: unknown[]) => {
    const bytes = args[0] as Uint8Array;
    given = [args.length, Object.getPrototypeOf(bytes) === Uint8Array.prototype];
    assert.deepEqual([bytes.length, bytes.byteOffset], [length, 0]);
    assert.equal(bytes.buffer.byteLength, length);
  });
  assert.deepEqual(given, [1, true]);
});

test("a copy of the bytes may leave the window", ({ four }) => {
  using enclave = four();
  const copy = enclave.withBytes((bytes) => bytes.slice(0, 4));
  assert.deepEqual([...copy], [1, 2, 3, 4]);
});

test("whatever the callback throws is thrown, and the window is closed", ({ four }) => {
  using enclave = four();
  const before = stats().openWindows;
  for (const problem of [new Error("problem"), "a string", null, undefined]) {
    let caught: unknown = "nothing";
    try {
      enclave.withBytes(() => {
        throw problem;
      });
    } catch (error) {
      caught = error;
    }
    assert.equal(caught, problem);
    assert.equal(stats().openWindows, before);
  }
  assert.equal(enclave.withBytes((bytes) => bytes[3]), 4);
});

test(
  "outside a window the page is inaccessible, and inside it is locked memory",
  ({ four }, { gate }) => {
    using enclave = four();
    const before = stats();
    let address = 0n;
    enclave.withBytes((bytes) => {
      address = addressOf(bytes);
      assert.match(permissionsAt(address), /^r/);
      assert.equal(stats().openWindows, before.openWindows + 1);
      assert.ok(stats().lockedBytes > 0);
    });
    assert.equal(stats().openWindows, before.openWindows);
    if (gate === "mprotect") assert.match(permissionsAt(address), CLOSED);
  },
);

const NO_FUNCTIONS: readonly unknown[] = [undefined, null, 1, "text", {}, new Uint8Array(1)];

test("what is no function is a TypeError", async ({ four }) => {
  using enclave = four();
  for (const value of NO_FUNCTIONS) {
    const expected = { name: "TypeError", message: /the callback must be a function/ };
    assert.throws(() => enclave.withBytes(value as () => 0), expected);
    await assert.rejects(enclave.withBytesAsync(value as () => 0), expected);
  }
});

test("asynchronous functions and generators are refused before they run", ({ four }) => {
  using enclave = four();
  const called = () => assert.fail("called");
  for (
    const fn of [
      // deno-lint-ignore require-await
      async () => called(),
      // deno-lint-ignore require-yield
      function* () {
        called();
      },
      // deno-lint-ignore require-yield
      async function* () {
        called();
      },
    ]
  ) {
    assert.throws(() => enclave.withBytes(fn as () => unknown), {
      name: "TypeError",
      message: /use withBytesAsync/,
    });
  }
});

test("the view, another view on its buffer and a promise do not leave the callback", ({ four }) => {
  using enclave = four();
  const before = stats().openWindows;
  const escapes: readonly ((bytes: Uint8Array) => unknown)[] = [
    (bytes) => bytes,
    (bytes) => bytes.buffer,
    (bytes) => bytes.subarray(1),
    (bytes) => new DataView(bytes.buffer),
    () => Promise.resolve(1),
    () => Promise.reject(new Error("never seen")),
  ];
  for (const escape of escapes) {
    assert.throws(() => enclave.withBytes(escape), {
      name: "TypeError",
      message: /^Cannot return/,
    });
    assert.equal(stats().openWindows, before);
  }
  assert.equal(enclave.withBytes((bytes) => bytes[0]), 1);
});

test(
  "transferring the buffer is a TypeError, and the page is not used again",
  ({ four, name }, { gate }) => {
    using enclave = four();
    const before = stats();
    let gone: ArrayBuffer | undefined;
    let address = 0n;
    assert.throws(() => {
      enclave.withBytes((bytes) => {
        address = addressOf(bytes);
        gone = (bytes.buffer as ArrayBuffer).transfer();
      });
    }, { name: "TypeError", message: /transferred/ });
    assert.equal(gone?.detached, false);
    // Whoever has the bytes' address has pages that nobody can open any more.
    if (name === "cold") assert.ok(stats().retiredPages > before.retiredPages);
    if (gate === "mprotect") assert.match(permissionsAt(address), CLOSED);
    for (let round = 0; round < 100; round++) {
      using other = Enclave.seal(new Uint8Array(4).fill(7));
      other.withBytes((bytes) => assert.notEqual(addressOf(bytes), address));
    }
  },
);

test("windows on one enclave nest", ({ four }) => {
  using enclave = four();
  const seen = enclave.withBytes((first) =>
    enclave.withBytes((second) =>
      enclave.withBytes((third) => [first[0], second[1], third[2], first[3]])
    )
  );
  assert.deepEqual(seen, [1, 2, 3, 4]);
});

test("an enclave's own close inside its window lets the window go on", ({ four }) => {
  const before = stats();
  const enclave = four();
  const last = enclave.withBytes((bytes) => {
    enclave.close();
    assert.equal(enclave.isClosed, true);
    assert.throws(() => enclave.withBytes(() => 0), SecretClosedError);
    assert.throws(() => enclave.open(), SecretClosedError);
    return bytes[3];
  });
  assert.equal(last, 4);
  assert.throws(() => enclave.withBytes(() => 0), SecretClosedError);
  assert.equal(stats().sealed, before.sealed);
});

test("a purge inside a window: the callback reads zeros, and the window ends well", ({ four }) => {
  const enclave = four();
  const read = enclave.withBytes((bytes) => {
    purge();
    return [...bytes.subarray(0, 4)];
  });
  assert.deepEqual(read, [0, 0, 0, 0]);
  assert.equal(enclave.isClosed, true);
  using next = four();
  assert.equal(next.withBytes((bytes) => bytes[3]), 4);
  assert.equal(stats().openWindows, 0);
});

test("`withBytesAsync` keeps the bytes until the promise has settled", async ({ four }) => {
  using enclave = four();
  const before = stats().openWindows;
  const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
  const seen = await enclave.withBytesAsync(async (bytes) => {
    await pause();
    const inner = enclave.withBytes((again) => again[0]);
    await pause();
    return [bytes[0], inner, bytes[3]];
  });
  assert.deepEqual(seen, [1, 1, 4]);
  assert.equal(stats().openWindows, before);
  assert.equal(await enclave.withBytesAsync((bytes) => bytes[1]), 2);
});

test("many asynchronous windows at once, and the enclave closed meanwhile", async ({ four }) => {
  const before = stats();
  const enclave = four();
  let go = () => {};
  const held = new Promise<void>((resolve) => go = resolve);
  const all = Array.from({ length: 5 }, () =>
    enclave.withBytesAsync(async (bytes) => {
      await held;
      return bytes[3];
    }));
  enclave.close();
  go();
  assert.deepEqual(await Promise.all(all), [4, 4, 4, 4, 4]);
  assert.equal(stats().openWindows, before.openWindows);
  assert.equal(stats().inUse <= before.inUse + 1, true);
});

test("an asynchronous window that fails is closed, and the view does not leave it", async ({ four }) => {
  using enclave = four();
  const before = stats();
  const problem = new Error("problem");
  await assert.rejects(enclave.withBytesAsync(() => Promise.reject(problem)), problem);
  await assert.rejects(
    enclave.withBytesAsync(() => {
      throw problem;
    }),
    problem,
  );
  await assert.rejects(enclave.withBytesAsync((bytes) => Promise.resolve(bytes)), TypeError);
  assert.equal(stats().openWindows, before.openWindows);
  assert.equal(stats().inUse, before.inUse);
});

testOnGates("windows of several enclaves nest, each with its own bytes, sixty deep", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    const enclaves = Array.from(
      { length: 60 },
      (_, index) => Enclave.seal(new Uint8Array(index % 5 + 1).fill(index)),
    );
    const open = (index: number, outer: Uint8Array[]): void => {
      if (index === enclaves.length) {
        for (const [at, bytes] of outer.entries()) {
          assert.equal(bytes.length, at % 5 + 1);
          assert.ok(bytes.every((byte) => byte === at));
        }
        return;
      }
      enclaves[index]!.withBytes((bytes) => open(index + 1, [...outer, bytes]));
    };
    const before = stats();
    open(0, []);
    assert.equal(stats().openWindows, before.openWindows);
    // Once more, on the same pages.
    const { inUse } = stats();
    open(0, []);
    assert.equal(stats().inUse, inUse);
    for (const enclave of enclaves) enclave.close();
  });
});

testOnGates(
  "enclaves of every length one after the other have views of their own length",
  async () => {
    await withCache({ enclaveSlots: 0 }, () => {
      const lengths = [...Array.from({ length: 100 }, (_, index) => index + 1), PAGE - 1, PAGE];
      const enclaves = lengths.map((length) => Enclave.seal(new Uint8Array(length).fill(length)));
      for (let round = 0; round < 3; round++) {
        for (const [index, enclave] of enclaves.entries()) {
          enclave.withBytes((bytes) => {
            assert.equal(bytes.buffer.byteLength, lengths[index]);
            assert.ok(bytes.every((byte) => byte === (lengths[index]! & 255)));
          });
        }
      }
      for (const enclave of enclaves) enclave.close();
    });
  },
);

testOnGates("what is written in a window on one that is decrypted each time is lost", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
    enclave.withBytes((bytes) => void bytes.fill(9));
    assert.deepEqual(enclave.withBytes((bytes) => [...bytes]), [1, 2, 3, 4]);
  });
});

testOnGates("nothing of an enclave is on the page when another one is opened there", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using long = Enclave.seal(new Uint8Array(PAGE).fill(0xee));
    using short = Enclave.seal(new Uint8Array([1]));
    using middle = Enclave.seal(new Uint8Array(PAGE).fill(0x11));
    long.withBytes((bytes) => bytes[0]);
    let address = 0n;
    short.withBytes((bytes) => {
      address = addressOf(bytes);
    });
    middle.withBytes((bytes) => {
      assert.equal(addressOf(bytes), address);
      assert.ok(bytes.every((byte) => byte === 0x11));
    });
  });
});

testOnGates(
  "with `revokeViews` every window has a view of its own, which dies with it",
  async () => {
    for (const enclaveSlots of [0, 16]) {
      await withCache({ enclaveSlots }, () => {
        configure({ revokeViews: true });
        try {
          using enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
          const views: Uint8Array[] = [];
          for (let round = 0; round < 5; round++) {
            enclave.withBytes((bytes) => {
              assert.deepEqual([...bytes], [1, 2, 3, 4]);
              views.push(bytes);
            });
          }
          assert.equal(new Set(views).size, 5);
          assert.deepEqual(views.map((view) => view.length), [0, 0, 0, 0, 0]);
        } finally {
          configure({ revokeViews: undefined });
        }
      });
    }
  },
);

testOnGates("other options than before are those of the next window", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using enclave = Enclave.seal(new Uint8Array([1, 2, 3, 4]));
    const addresses = new Set<bigint>();
    const use = () => enclave.withBytes((bytes) => void addresses.add(addressOf(bytes)));
    use();
    use();
    assert.equal(addresses.size, 1);
    configure({ label: "another" });
    use();
    configure({ label: undefined });
    assert.equal(addresses.size, 2);
  });
});

testOnGates("a secret, a pool's secret and an enclave nest", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using secret = Secret.from(new Uint8Array([1]));
    using enclave = Enclave.seal(new Uint8Array([2]));
    const seen = secret.withBytes((outer) =>
      enclave.withBytes((middle) => {
        using made = Enclave.seal(new Uint8Array([3]));
        return made.withBytes((inner) => [outer[0], middle[0], inner[0]]);
      })
    );
    assert.deepEqual(seen, [1, 2, 3]);
  });
});

testOnGates("sealing what a window shows takes it out of the window's page", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
    enclave.withBytes((bytes) => {
      using other = Enclave.seal(bytes);
      assert.deepEqual([...bytes], [0, 0, 0]);
      assert.deepEqual(other.withBytes((again) => [...again]), [1, 2, 3]);
    });
    assert.deepEqual(enclave.withBytes((bytes) => [...bytes]), [1, 2, 3]);
  });
});

testOnGates("every way is what it says", async () => {
  for (const { name, four } of WAYS satisfies readonly Way[]) {
    await withCache({ enclaveSlots: name === "hot" ? 16 : 0 }, () => {
      using enclave = four();
      const first = enclave.withBytes(addressOf);
      using other = Enclave.seal(new Uint8Array(4).fill(7));
      const second = other.withBytes(addressOf);
      const again = enclave.withBytes(addressOf);
      assert.equal(first === second, name === "cold", name);
      assert.equal(first === again, name !== "large", name);
    });
  }
});
