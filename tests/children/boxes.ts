/**
 * Changes boxes in memory, as something that can write there would. Runs with the library of the
 * faults, which says where boxes are. Started by enclave_corruption_test.ts with the name of a case.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import {
  AllocationError,
  configure,
  CorruptionError,
  Enclave,
  ProtectionError,
  purge,
  rekey,
  type Secret,
  stats,
} from "../../mod.ts";
import { library } from "../../src/native/library.ts";

const TAG = 16;
const ENOMEM = 12;
const EPERM = 1;

const { runtime, path } = library();
const { securememory_fault_box, securememory_fault_arm, securememory_fault_count } = runtime.load(
  path,
  {
    securememory_fault_box: { parameters: ["f64"], result: "pointer" },
    securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
    securememory_fault_count: { parameters: ["u32"], result: "u32" },
  },
);

/** The box of an enclave, itself: ciphertext and tag. */
function boxOf(enclave: Enclave): Uint8Array {
  const pointer = securememory_fault_box(enclave.share().handle);
  return new Uint8Array(runtime.arrayBuffer(pointer, enclave.length + TAG));
}

/** An enclave of random bytes, and these. */
function sealed(length = 32): { enclave: Enclave; bytes: Uint8Array; box: Uint8Array } {
  const bytes = new Uint8Array(length);
  // It fills no more than 65,536 at once.
  crypto.getRandomValues(bytes.subarray(0, 65_536));
  const enclave = Enclave.seal(bytes.slice());
  return { enclave, bytes, box: boxOf(enclave) };
}

function assertIntact({ enclave, bytes }: { enclave: Enclave; bytes: Uint8Array }): void {
  assert.deepEqual(enclave.withBytes((view) => [...view]), [...bytes]);
  using opened = enclave.open();
  assert.equal(opened.equals(bytes), true);
}

/** Nothing of it is decrypted, in whatever way, and nothing is left open or made. */
function assertRefused(enclave: Enclave): void {
  const before = stats();
  const refused = (error: unknown) => {
    assert.ok(error instanceof CorruptionError, `${error}`);
    assert.equal(error.code, "MEMORY_CORRUPTED");
    assert.match(
      error.message,
      /^Cannot open (a window on )?the enclave: its box was changed from outside, .*[^.]$/,
    );
    return true;
  };
  const called = () => assert.fail("the callback was called");
  for (let round = 0; round < 3; round++) {
    assert.throws(() => enclave.withBytes(called), refused);
    assert.throws(() => enclave.open(), refused);
  }
  assert.equal(enclave.isClosed, false);
  const { openWindows, inUse, sealed } = stats();
  // The page on which enclaves are opened may be new.
  assert.ok(inUse <= before.inUse + 1);
  assert.deepEqual([openWindows, sealed], [before.openWindows, before.sealed]);
}

/**
 * Calls what `prepare` returns with the k-th system call failing, for every k until none fails any
 * more, and gives `check` what it threw.
 */
function forEveryK(prepare: () => () => unknown, check: (error: unknown) => void): void {
  for (const errno of [ENOMEM, EPERM]) {
    let failures = 0;
    for (let k = 1;; k++) {
      const run = prepare();
      let thrown: unknown;
      securememory_fault_arm(k, errno, 1);
      try {
        run();
      } catch (error) {
        thrown = error;
      }
      const calls = securememory_fault_count(0);
      securememory_fault_arm(0, 0, 0);
      if (thrown !== undefined) {
        failures += 1;
        const known = thrown instanceof AllocationError || thrown instanceof ProtectionError;
        assert.ok(known, `not a typed error: ${thrown}`);
        assert.equal((thrown as AllocationError | ProtectionError).errno, errno);
      }
      check(thrown);
      if (k > calls) break;
    }
    assert.ok(failures >= 1, "nothing failed");
  }
}

const cases: { readonly [name: string]: () => unknown } = {
  /** Every bit of ciphertext and tag counts, and the enclave is as it was once the bit is. */
  bits() {
    for (const length of [1, 16, 32, 100]) {
      const one = sealed(length);
      assertIntact(one);
      for (let at = 0; at < one.box.length; at++) {
        one.box[at]! ^= 1 << at % 8;
        assertRefused(one.enclave);
        one.box[at]! ^= 1 << at % 8;
      }
      assertIntact(one);
      one.enclave.close();
    }
  },

  foreign() {
    const one = sealed();
    const other = sealed();
    const kept = one.box.slice();
    one.box.set(other.box);
    assertRefused(one.enclave);
    assertIntact(other);
    other.box.set(kept);
    assertRefused(other.enclave);
    one.box.set(kept);
    assertIntact(one);
  },

  truncated() {
    for (const length of [32, 100_000]) {
      const one = sealed(length);
      const kept = one.box.slice();
      for (const rest of [0, 1, 16, length, length + TAG - 1]) {
        // One box in 256 ends with a zero.
        one.box.fill(kept.at(-1) === 0 ? 1 : 0, rest);
        assertRefused(one.enclave);
        one.box.set(kept);
      }
      assertIntact(one);
    }
  },

  replayed() {
    const one = sealed();
    const old = one.box.slice();
    rekey();
    assertIntact(one);
    const now = boxOf(one.enclave);
    assert.notDeepEqual([...now], [...old]);
    const kept = now.slice();
    now.set(old);
    assertRefused(one.enclave);
    now.set(kept);
    assertIntact(one);
    // Nor is that of an enclave that was there before, though the place is the same.
    one.enclave.close();
    const next = sealed();
    next.box.set(kept);
    assertRefused(next.enclave);
  },

  /** What is open beside its box does not need it, and falls back on it later. */
  open() {
    const one = sealed();
    for (let round = 0; round < 3; round++) assertIntact(one);
    one.box[0]! ^= 1;
    assert.deepEqual(one.enclave.withBytes((view) => [...view]), [...one.bytes]);
    assert.throws(() => one.enclave.open(), CorruptionError);
    one.box[0]! ^= 1;
    assertIntact(one);
  },

  async asynchronous() {
    const one = sealed();
    one.box[3]! ^= 1;
    await assert.rejects(one.enclave.withBytesAsync(() => assert.fail("called")), CorruptionError);
    assert.equal(stats().openWindows, 0);
    one.box[3]! ^= 1;
    assertIntact(one);
  },

  /** One that cannot be decrypted is not moved to the new key, and is lost; the others are. */
  rekey() {
    const all = Array.from({ length: 10 }, () => sealed());
    all[4]!.box[0]! ^= 1;
    assert.equal(rekey(), 9);
    for (const [index, one] of all.entries()) {
      if (index === 4) assertRefused(one.enclave);
      else assertIntact(one);
    }
    all[4]!.box[0]! ^= 1;
    assertRefused(all[4]!.enclave);
    for (const one of all) one.enclave.close();
    assert.equal(rekey(), 0);
  },

  /** Ciphertexts tell nothing: the same bytes, twice, are different boxes. */
  nonces() {
    const boxes = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      using enclave = Enclave.seal(new Uint8Array(32));
      boxes.add(boxOf(enclave).toString());
    }
    assert.equal(boxes.size, 1000);
  },

  sealing() {
    let source = new Uint8Array();
    let enclave: Enclave | undefined;
    let before = stats();
    forEveryK(() => {
      // The first of all makes the key, which is another one after a purge.
      purge();
      source = new Uint8Array([1, 2, 3]);
      enclave = undefined;
      before = stats();
      return () => enclave = Enclave.seal(source);
    }, (error) => {
      assert.deepEqual([...source], error === undefined ? [0, 0, 0] : [1, 2, 3]);
      assert.equal(stats().sealed, before.sealed + (error === undefined ? 1 : 0));
      assert.equal(stats().openWindows, 0);
      const sealed = enclave ?? Enclave.seal(source);
      assert.deepEqual(sealed.withBytes((bytes) => [...bytes]), [1, 2, 3]);
      sealed.close();
    });
  },

  window() {
    const one = sealed();
    let seen: number[] | undefined;
    configure({ enclaveSlots: 0 });
    forEveryK(() => {
      // Another page to open it on, each time.
      configure({});
      seen = undefined;
      return () => one.enclave.withBytes((bytes) => void (seen = [...bytes]));
    }, () => {
      if (seen !== undefined) assert.deepEqual(seen, [...one.bytes]);
      assert.equal(stats().openWindows, 0);
      assertIntact(one);
    });
  },

  opening() {
    const one = sealed();
    let opened: Secret | undefined;
    configure({ enclaveSlots: 0 });
    forEveryK(() => {
      opened = undefined;
      const { inUse } = stats();
      return () => {
        opened = one.enclave.open();
        assert.equal(stats().inUse, inUse + 1);
      };
    }, (error) => {
      assert.equal(opened === undefined, error !== undefined);
      opened?.close();
      assert.equal(stats().openWindows, 0);
      assertIntact(one);
    });
    // The enclave, and the page on which it is opened.
    assert.equal(stats().inUse, 2);
  },

  /** The box is wiped with the enclave. */
  wiped() {
    const one = sealed(64);
    const kept = one.box.slice();
    one.enclave.close();
    let same = 0;
    for (const [index, byte] of one.box.entries()) if (byte === kept[index]) same += 1;
    assert.ok(same < 8, `${same}`);
  },
};

await cases[process.argv[2] as string]!();
console.log("done");
