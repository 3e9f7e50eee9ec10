/**
 * The hot cache: which enclaves stay open, for how long, and that their copies are wiped.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test as plain } from "node:test";
import { configure, Enclave, purge, rekey, stats } from "../mod.ts";
import { withCache } from "./support/enclaves.ts";
import { eventually } from "./support/eventually.ts";
import { addressOf } from "./support/memory.ts";
import { peek } from "./support/peek.ts";
import { notOnLinux, reported } from "./support/report.ts";
import { testOnGates as test } from "./support/rungs.ts";

/** For what looks at memory from behind. */
function onLinux(name: string, run: () => unknown): void {
  test(name, run, { skip: notOnLinux });
}

/** An enclave of random bytes, and these. */
function sealed(length = 32): { enclave: Enclave; bytes: Uint8Array } {
  const bytes = new Uint8Array(length);
  crypto.getRandomValues(bytes.subarray(0, 32));
  return { enclave: Enclave.seal(bytes.slice()), bytes };
}

const touch = (enclave: Enclave) => void enclave.withBytes((bytes) => bytes[0]);

/** Uses an enclave until it is open, and says where. Its pages can be looked at with `peek`. */
function heated(slots: { store?: "locked" } = { store: "locked" }) {
  configure(slots);
  const { enclave, bytes } = sealed();
  touch(enclave);
  const address = enclave.withBytes(addressOf);
  configure({ store: undefined });
  return { enclave, bytes, address, isThere: () => isAt(address, bytes) };
}

/** Whether bytes are at an address, whether or not anybody may touch it. */
function isAt(address: bigint, bytes: Uint8Array): boolean {
  const seen = peek(address, bytes.length);
  return seen !== undefined && seen.every((byte, index) => byte === bytes[index]);
}

test("the second use of an enclave leaves it open, the first does not", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const { enclave } = sealed();
    touch(enclave);
    const { inUse } = stats();
    touch(enclave);
    assert.equal(stats().inUse, inUse + 1);
    for (let round = 0; round < 100; round++) touch(enclave);
    assert.equal(stats().inUse, inUse + 1);
    enclave.close();
    // The enclave, and its copy.
    assert.equal(stats().inUse, inUse - 1);
  });
});

onLinux("what is open stays where it is, and its bytes are there between windows", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const { enclave, address, isThere } = heated();
    assert.equal(isThere(), true);
    assert.equal(enclave.withBytes(addressOf), address);
    assert.equal(stats().openWindows, 0);
    enclave.close();
    assert.equal(isThere(), false);
  });
});

onLinux("of more than there are slots, the least recently used one is wiped", async () => {
  await withCache({ enclaveSlots: 3 }, () => {
    const all = [heated(), heated(), heated()];
    const there = () => all.map(({ isThere }) => isThere());
    assert.deepEqual(there(), [true, true, true]);
    touch(all[0]!.enclave);
    all.push(heated());
    assert.deepEqual(there(), [true, false, true, true]);
    touch(all[2]!.enclave);
    all.push(heated());
    assert.deepEqual(there(), [false, false, true, true, true]);
    for (const { enclave, bytes } of all) {
      assert.deepEqual(enclave.withBytes((view) => [...view]), [...bytes]);
      enclave.close();
    }
    assert.deepEqual(there(), [false, false, false, false, false]);
  });
});

test("no more are open than there are slots, however many are used", async () => {
  for (const enclaveSlots of [1, 2, 16]) {
    await withCache({ enclaveSlots }, () => {
      const enclaves = Array.from({ length: 40 }, () => sealed().enclave);
      touch(enclaves[0]!);
      const { inUse } = stats();
      for (let round = 0; round < 4; round++) {
        for (const enclave of enclaves) {
          touch(enclave);
          assert.ok(stats().inUse <= inUse + enclaveSlots);
        }
      }
      assert.equal(stats().inUse, inUse + enclaveSlots);
      for (const enclave of enclaves) enclave.close();
    });
  }
});

test("with no slots nothing stays open", async () => {
  await withCache({ enclaveSlots: 0 }, () => {
    const { enclave } = sealed();
    touch(enclave);
    const { inUse } = stats();
    for (let round = 0; round < 10; round++) touch(enclave);
    assert.equal(stats().inUse, inUse);
    enclave.close();
  });
});

onLinux("fewer slots than before, and those that are too many are wiped at once", async () => {
  await withCache({ enclaveSlots: 3 }, () => {
    const all = [heated(), heated(), heated()];
    touch(all[0]!.enclave);
    configure({ enclaveSlots: 1 });
    assert.deepEqual(all.map(({ isThere }) => isThere()), [true, false, false]);
    configure({ enclaveSlots: 0 });
    assert.equal(all[0]!.isThere(), false);
    for (const { enclave } of all) enclave.close();
  });
});

onLinux("what is not used for `enclaveIdle` is wiped, and what is used stays", async () => {
  await withCache({ enclaveSlots: 4, enclaveIdle: 200 }, async () => {
    const used = heated();
    const idle = heated();
    const using = setInterval(() => touch(used.enclave), 10);
    try {
      assert.equal(await eventually(() => !idle.isThere()), true);
      assert.equal(used.isThere(), true);
    } finally {
      clearInterval(using);
    }
    assert.equal(await eventually(() => !used.isThere()), true);
    for (const { enclave, bytes } of [used, idle]) {
      assert.deepEqual(enclave.withBytes((view) => [...view]), [...bytes]);
      enclave.close();
    }
  });
});

test("the page on which enclaves are opened is given back when none was for a while", async () => {
  await withCache({ enclaveSlots: 0, enclaveIdle: 20 }, async () => {
    const { enclave } = sealed();
    const other = sealed().enclave;
    const { inUse } = stats();
    enclave.withBytes(() => touch(other));
    assert.equal(stats().inUse, inUse + 2);
    assert.equal(await eventually(() => stats().inUse === inUse), true);
    touch(enclave);
    enclave.close();
    other.close();
  });
});

test("a use long after another is a first one", async () => {
  await withCache({ enclaveSlots: 4, enclaveIdle: 4 }, async () => {
    const { enclave } = sealed();
    const isFirst = () => {
      const other = sealed().enclave;
      // Both on the page for those that are not open.
      const same = enclave.withBytes(addressOf) === other.withBytes(addressOf);
      other.close();
      return same;
    };
    assert.equal(isFirst(), true);
    for (let round = 0; round < 2; round++) {
      // The timer is this thread's, too: on a busy host it may not have run meanwhile.
      let first = false;
      for (let wait = 50; !first && wait < 5000; wait *= 2) {
        await new Promise((resolve) => setTimeout(resolve, wait));
        first = isFirst();
      }
      assert.equal(first, true);
    }
    enclave.close();
  });
});

onLinux("closed inside its window, an open copy is wiped with the window's end", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const { enclave, isThere, bytes } = heated();
    enclave.withBytes((view) => {
      enclave.close();
      assert.deepEqual([...view], [...bytes]);
      assert.equal(isThere(), true);
    });
    assert.equal(isThere(), false);
  });
});

onLinux("evicted inside its window, an open copy is wiped with the window's end", async () => {
  await withCache({ enclaveSlots: 1 }, () => {
    const { enclave, isThere, bytes } = heated();
    enclave.withBytes((view) => {
      const other = heated();
      assert.equal(other.isThere(), true);
      assert.equal(isThere(), true);
      // A window inside it is on a copy of its own.
      enclave.withBytes((again) => assert.deepEqual([...again], [...bytes]));
      assert.deepEqual([...view], [...bytes]);
      other.enclave.close();
    });
    assert.equal(isThere(), false);
    assert.deepEqual(enclave.withBytes((view) => [...view]), [...bytes]);
    enclave.close();
  });
});

onLinux("a purge wipes open copies", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const all = [heated(), heated()];
    assert.deepEqual(all.map(({ isThere }) => isThere()), [true, true]);
    purge();
    assert.deepEqual(all.map(({ isThere }) => isThere()), [false, false]);
    assert.equal(stats().inUse, 0);
  });
});

test("another key makes no difference to open copies", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const { enclave, bytes, address } = heated();
    rekey();
    assert.equal(enclave.withBytes(addressOf), address);
    configure({ enclaveSlots: 0 });
    assert.deepEqual(enclave.withBytes((view) => [...view]), [...bytes]);
    enclave.close();
  });
});

test("more than 64 KiB are decrypted each time", async () => {
  await withCache({ enclaveSlots: 4 }, () => {
    const most = sealed(65536);
    const more = sealed(65537);
    const { inUse } = stats();
    for (let round = 0; round < 3; round++) touch(more.enclave);
    assert.equal(stats().inUse, inUse);
    for (let round = 0; round < 3; round++) touch(most.enclave);
    assert.equal(stats().inUse, inUse + 1);
    most.enclave.close();
    more.enclave.close();
  });
});

test("open copies are not leaks", async () => {
  const before = stats().leaked;
  await withCache({ enclaveSlots: 1 }, () => {
    for (let round = 0; round < 50; round++) heated({}).enclave.close();
  });
  assert.equal(stats().leaked, before);
});

const WRONG: readonly (readonly [string, object, typeof TypeError | typeof RangeError])[] = [
  ["as text", { enclaveSlots: "4" }, TypeError],
  ["null", { enclaveSlots: null }, TypeError],
  ["a bigint", { enclaveSlots: 4n }, TypeError],
  ...[-1, 1.5, NaN, Infinity, 1025].map((enclaveSlots) =>
    [`${enclaveSlots}`, { enclaveSlots }, RangeError] as const
  ),
  ["as text", { enclaveIdle: "4" }, TypeError],
  ["null", { enclaveIdle: null }, TypeError],
  ...[-1, 0, 1, NaN, Infinity, 3_600_001].map((enclaveIdle) =>
    [`${enclaveIdle}`, { enclaveIdle }, RangeError] as const
  ),
];

for (const [name, options, kind] of WRONG) {
  plain(`\`configure()\` refuses ${Object.keys(options)[0]}: ${name}`, () => {
    assert.throws(() => configure(options), (error: Error) => {
      assert.equal(error.constructor, kind, `${error}`);
      assert.match(error.message, /^Cannot use the option enclave(Slots|Idle): .*[^.]$/);
      return true;
    });
  });
}

plain("neither open copies nor the page for others keep a process alive", async () => {
  const started = Date.now();
  const seen = await reported<boolean>(`
    const { configure, Enclave } = securememory;
    configure({ enclaveIdle: 3_600_000 });
    const enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
    for (let round = 0; round < 3; round++) enclave.withBytes((bytes) => bytes[0]);
    report(true);
  `);
  assert.equal(seen, true);
  assert.ok(Date.now() - started < 50_000);
});
