/**
 * Runs with the library whose system calls can be made to fail: for every k, the k-th
 * call of an operation. Started by faults_test.ts with the name of a case, and a number k
 * or `busy`: then every protection key belongs to an open secret all the time, so that
 * others are opened and closed as there were no keys.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  AllocationError,
  capabilities,
  configure,
  Enclave,
  LockLimitError,
  ProtectionError,
  purge,
  Secret,
  SecretClosedError,
  SourceError,
  stats,
  SystemError,
} from "../../mod.ts";
import { library } from "../../src/native/library.ts";
import { mappings } from "../support/maps.ts";

const ENOMEM = 12;
const EPERM = 1;
const EACCES = 13;
const EINTR = 4;
const EAGAIN = 11;
const EFAULT = 14;
const ERRNOS = [ENOMEM, EPERM, EACCES];

const { runtime, path } = library();
const faults = runtime.load(path, {
  securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
  securememory_fault_count: { parameters: ["u32"], result: "u32" },
});
const FOREVER = 0xffffffff;
const arm = (k: number, errno: number, times = 1) => faults.securememory_fault_arm(k, errno, times);

/**
 * Calls `run` with the k-th system call failing, for every k until none fails any more,
 * and gives `check` what it threw.
 */
function forEveryK(run: (k: number) => () => unknown, check: (error: unknown, k: number) => void) {
  for (const errno of ERRNOS) {
    let k = 1;
    for (;; k++) {
      const operation = run(k);
      let thrown: unknown;
      arm(k, errno);
      try {
        operation();
      } catch (error) {
        thrown = error;
      }
      const calls = faults.securememory_fault_count(0);
      arm(0, 0);
      if (thrown !== undefined) checkSystemError(thrown, errno);
      check(thrown, k);
      if (k > calls) break;
    }
    assert.ok(k > 1, "the operation makes no system call at all");
  }
}

function checkSystemError(error: unknown, errno: number): void {
  const known = error instanceof AllocationError || error instanceof ProtectionError ||
    error instanceof SourceError;
  assert.ok(known, `not a typed error: ${error}`);
  assert.equal(error.errno, errno);
  assert.match(error.syscall, SYSCALLS);
}

const SYSCALLS = new RegExp(
  "^(mmap|munmap|mprotect|mlock|madvise_\\w+|getrandom|getrlimit|" +
    "memfd_secret|ftruncate|pkey_mprotect|open|read|poll)$",
);

/** Pages that anybody could read: the open mappings of locked memory. */
function readableLockedPages(): number {
  const { inUse, openWindows } = stats();
  const open = openWindows - holding.length;
  assert.ok(open <= inUse);
  return open;
}

/** Mappings that are wiped on fork: the core's, and no engine's. */
function wipedOnFork(): number {
  return readFileSync("/proc/self/smaps", "utf8").match(/^VmFlags:.* wf\b/gm)?.length ?? 0;
}

/** Descriptors whose name has a part. */
function descriptorsOf(part: string): string[] {
  const links = readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // That of the folder itself, which is closed by now.
    }
  });
  assert.ok(links.length > 2, "descriptors cannot be seen");
  return links.filter((link) => link.includes(part));
}

/** A file that takes several sizes to read, and a line's end that is trimmed. */
function withFile(use: (path: string, content: Uint8Array) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  try {
    const content = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
    const path = join(folder, "file");
    writeFileSync(path, Uint8Array.of(...content, 10));
    use(path, content);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the variables that the test gives have in them. */
const VALUE = "0123456789abcdef0123456789abcdef";

const cases: Record<string, () => void | Promise<void>> = {
  create() {
    const inUse = stats().inUse;
    forEveryK((k) => {
      const source = new Uint8Array(k % 2 === 0 ? 32 : 300_000).fill(0xa5);
      return () => {
        try {
          Secret.from(source).close();
          assert.ok(source.every((byte) => byte === 0), "the source was not wiped");
        } catch (error) {
          // A failed close comes after a successful creation, which has wiped the source.
          const created = stats().allocated !== allocated;
          assert.ok(
            source.every((byte) => byte === (created ? 0 : 0xa5)),
            "the source was changed",
          );
          throw error;
        } finally {
          allocated = stats().allocated;
        }
      };
    }, () => assert.equal(stats().inUse, inUse));
  },

  environment() {
    const inUse = stats().inUse;
    let used = 0;
    let name = "";
    let made = 0;
    forEveryK(() => {
      name = `SECUREMEMORY_FAULT_${used++}`;
      return () => {
        made = stats().allocated;
        Secret.fromEnv(name, { scrub: true }).close();
      };
    }, (error) => {
      // A failed close comes after a successful creation, which has scrubbed the variable.
      const scrubbed = error === undefined || stats().allocated !== made;
      if (scrubbed) {
        assert.throws(() => Secret.fromEnv(name), SourceError);
      } else {
        using again = Secret.fromEnv(name);
        assert.equal(again.withBytes((bytes) => new TextDecoder().decode(bytes)), VALUE);
      }
      assert.equal(stats().inUse, inUse);
    });
    assert.ok(used > 3 && used < 300, `${used}`);
  },

  async rearm() {
    // A page that was idle gets a key again by a system call.
    configure({ idleTimeout: 2 });
    const secret = Secret.from(new Uint8Array(32).fill(0xa5), { gate: "pkey" });
    const read = () => secret.withBytes((bytes) => bytes[0]);
    for (const errno of ERRNOS) {
      for (let turn = 0; stats().keyedSecrets > 0; turn++) {
        assert.ok(turn < 500, "it is never idle");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      arm(1, errno);
      assert.throws(read, ProtectionError);
      arm(0, 0);
      assert.equal(read(), 0xa5);
    }
  },

  async idle() {
    // What an enclave has open is wiped by a timer, which nobody could catch an error of.
    configure({ enclaveIdle: 20 });
    const enclave = Enclave.seal(new Uint8Array(32).fill(7));
    const read = () => enclave.withBytes((bytes) => bytes[31]);
    const { inUse } = stats();
    for (let turn = 0; stats().inUse < inUse + 2; turn++) {
      assert.ok(turn < 10, "it is never hot");
      assert.equal(read(), 7);
    }
    arm(1, EPERM, FOREVER);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(faults.securememory_fault_count(0) > 0, "nothing was wiped meanwhile");
    arm(0, 0);
    assert.equal(readableLockedPages(), 0);
    assert.equal(read(), 7);
  },

  first() {
    // The very first creation makes the arena; each k needs a process that has none.
    const k = Number(process.argv[3]);
    const source = new Uint8Array(32).fill(0xa5);
    const before = mappings().length;
    arm(k, ENOMEM);
    try {
      Secret.from(source).close();
    } catch (error) {
      checkSystemError(error, ENOMEM);
      assert.ok(stats().inUse === 0);
      if (stats().allocated === 0) assert.ok(source.every((byte) => byte === 0xa5));
      if (stats().arenas === 0) {
        // Engines map some memory of their own meanwhile; an arena is hundreds of mappings.
        assert.ok(mappings().length <= before + 40, "mappings were left");
        assert.equal(wipedOnFork(), 0, "marked mappings were left");
      }
    }
    arm(0, 0);
    using after = Secret.random(32);
    assert.equal(after.length, 32);
  },

  random() {
    const inUse = stats().inUse;
    forEveryK(() => () => Secret.random(32).close(), () => assert.equal(stats().inUse, inUse));
  },

  fill() {
    const inUse = stats().inUse;
    forEveryK(
      () => () => Secret.fill(32, (bytes) => void bytes.fill(7)).close(),
      () => assert.equal(stats().inUse, inUse),
    );
  },

  copy() {
    using source = Secret.random(32);
    const inUse = stats().inUse;
    let live = source;
    forEveryK(() => {
      if (live.isClosed) live = Secret.random(32);
      const now = live;
      return () => now.copy().close();
    }, () => {
      // If the window on the source could not be closed, the source itself is gone.
      assert.ok(stats().inUse <= inUse + 1);
      assert.equal(readableLockedPages(), 0);
    });
    live.close();
  },

  window() {
    let called = 0;
    let secret = Secret.from(new Uint8Array(32).fill(7));
    forEveryK(() => {
      called = 0;
      if (secret.isClosed) secret = Secret.from(new Uint8Array(32).fill(7));
      const now = secret;
      return () => now.withBytes((bytes) => called += bytes[0] as number);
    }, (error, k) => {
      assert.equal(readableLockedPages(), 0, "a page is open with no window");
      if (error === undefined) return assert.equal(called, 7);
      assert.ok(error instanceof ProtectionError);
      if (k === 1) {
        // Opening failed: not called, and the secret is as it was.
        assert.equal(called, 0);
        assert.equal(secret.isClosed, false);
        assert.equal(secret.withBytes((bytes) => bytes[31]), 7);
      } else {
        // Closing failed: called, reported, and destroyed rather than left readable.
        assert.equal(called, 7);
        assert.equal(secret.isClosed, true);
        assert.throws(() => secret.withBytes(() => 1), SecretClosedError);
      }
    });
    secret.close();
  },

  /** Every keyed operation, on a secret of this thread and on a shared one. */
  keyed() {
    const bytes = () => new Uint8Array(32).fill(7);
    const [box, theirs, wanted] = withKey((key) => [
      key.encrypt("text"),
      Secret.random(32).publicKey("X25519"),
      key.hmac("SHA-256", "data").toHex(),
    ]);
    const nonce = new Uint8Array(16);
    let text = Secret.fromString("text");
    const operations: readonly ((key: Secret) => unknown)[] = [
      (key) => assert.equal(key.hmac("SHA-256", "data").toHex(), wanted),
      (key) => key.hmac("SHA-256", "data", { as: "secret" }).close(),
      (key) => key.verifyHmac("SHA-256", "data", bytes()),
      (key) => key.encrypt("text"),
      (key) => key.encrypt(text),
      (key) => key.sign("message"),
      (key) => key.publicKey(),
      (key) => key.derive("info", 40).close(),
      (key) => key.agree(theirs).close(),
      (key) => Secret.fromPassword(key, { nonce, memory: 32 }).close(),
      (key) => key.decrypt(box),
      (key) => key.decrypt(box, { as: "secret" }).close(),
    ];
    function withKey<T>(use: (key: Secret) => T): T {
      using key = Secret.from(bytes());
      return use(key);
    }
    for (const shared of [false, true]) {
      for (const operation of operations) {
        let [intact, destroyed] = [0, 0];
        let key = Secret.random(1);
        const open = () => Number(!key.isClosed) + Number(!text.isClosed);
        let [opened, inUse] = [0, 0];
        forEveryK(() => {
          key.close();
          key = Secret.from(bytes());
          if (shared) key.share();
          if (text.isClosed) text = Secret.fromString("text");
          [opened, inUse] = [open(), stats().inUse];
          return () => operation(key);
        }, (error) => {
          assert.equal(readableLockedPages(), 0, `a page is open after ${operation}`);
          // What was made is gone, and so is what could not be closed, and nothing else.
          assert.equal(stats().inUse, inUse - (opened - open()), `${operation}`);
          if (key.isClosed) {
            destroyed += 1;
            assert.ok(error instanceof ProtectionError, `${error}`);
            assert.throws(() => key.hmac("SHA-256", "data"), SecretClosedError);
          } else if (error !== undefined) {
            intact += 1;
            assert.equal(key.hmac("SHA-256", "data").toHex(), wanted, "it is not as it was");
          }
        });
        // One errno after the other: opening failed, and closing.
        assert.ok(intact >= ERRNOS.length, `${intact} of ${operation}`);
        assert.ok(destroyed >= ERRNOS.length, `${destroyed} of ${operation}`);
        key.close();
      }
    }
  },

  both() {
    const secret = Secret.random(32);
    const mine = new Error("mine");
    arm(2, EPERM);
    try {
      secret.withBytes(() => {
        throw mine;
      });
      assert.fail("nothing was thrown");
    } catch (error) {
      assert.ok(error instanceof SuppressedError, `${error}`);
      assert.equal(error.suppressed, mine);
      assert.ok(error.error instanceof ProtectionError);
      assert.equal(error.error.errno, EPERM);
    } finally {
      arm(0, 0);
    }
    assert.equal(secret.isClosed, true);
    assert.equal(readableLockedPages(), 0);
  },

  read() {
    withFile((path, content) => {
      const inUse = stats().inUse;
      let made = 0;
      forEveryK(() => () => {
        const secret = Secret.fromFile(path, { trimNewline: true });
        made += 1;
        assert.equal(secret.length, content.length);
        secret.close();
      }, (error) => {
        assert.equal(stats().inUse, inUse);
        assert.equal(readableLockedPages(), 0);
        assert.deepEqual(descriptorsOf(path), [], "a descriptor was left open");
        // Nothing of the content, and the path if it was the file.
        if (error instanceof SourceError) assert.ok(error.message.includes(path), error.message);
      });
      assert.ok(made >= ERRNOS.length);
    });
  },

  interrupted() {
    // What is only said to come later does come; other calls may fail of the same number.
    const numbers = process.argv[3] === "ordinary" ? [EFAULT] : [EINTR, EAGAIN];
    withFile((path, content) => {
      for (const errno of numbers) {
        let again = 0;
        for (let k = 1;; k++) {
          arm(k, errno);
          let failed: unknown;
          let secret: Secret | undefined;
          try {
            secret = Secret.fromFile(path, { trimNewline: true });
          } catch (error) {
            failed = error;
          }
          const calls = faults.securememory_fault_count(0);
          arm(0, 0);
          if (secret !== undefined) {
            assert.ok(secret.equals(content));
            secret.close();
            again += 1;
          } else {
            assert.ok(failed instanceof SystemError, `${failed}`);
            const allowed = errno === EINTR ? ["open", "read", "poll"] : ["read"];
            assert.ok(!allowed.includes(failed.syscall), `${failed}`);
          }
          if (k > calls) break;
        }
        assert.ok(again >= 5, `${errno}: ${again}`);
      }
    });
  },

  decode() {
    const inUse = stats().inUse;
    const hex = "a5".repeat(5000);
    forEveryK((k) => {
      const text = new TextEncoder().encode(hex);
      return () => {
        if (k % 2 === 0) return Secret.fromHex(hex).close();
        const before = stats().allocated;
        try {
          Secret.fromHex(text).close();
        } finally {
          const made = stats().allocated !== before;
          const kept = text.every((byte, index) => byte === hex.charCodeAt(index));
          assert.equal(kept, !made, "the text is neither as it was nor wiped");
          if (made) assert.ok(text.every((byte) => byte === 0));
        }
      };
    }, () => {
      assert.equal(stats().inUse, inUse);
      assert.equal(readableLockedPages(), 0);
    });
  },

  async asynchronous() {
    const secret = Secret.random(32);
    arm(2, EPERM);
    await assert.rejects(() => secret.withBytesAsync(() => Promise.resolve(1)), ProtectionError);
    arm(0, 0);
    assert.equal(secret.isClosed, true);
    assert.equal(readableLockedPages(), 0);
  },

  close() {
    const inUse = stats().inUse;
    for (const length of [32, 300_000]) {
      for (const used of [false, true]) {
        forEveryK(() => {
          const secret = Secret.random(length);
          if (used) secret.withBytes((bytes) => bytes[0]);
          return () => secret.close();
        }, () => {
          assert.equal(stats().inUse, inUse, "the secret is not gone");
          assert.equal(readableLockedPages(), 0);
        });
      }
    }
  },

  forever() {
    // Everything fails from here on, also what undoes: still nothing is readable or half made.
    const inUse = stats().inUse;
    for (let k = 1; k < 5; k++) {
      const source = new Uint8Array(32).fill(0xa5);
      arm(k, EPERM, FOREVER);
      try {
        Secret.from(source).close();
      } catch (error) {
        checkSystemError(error, EPERM);
      }
      arm(0, 0);
      assert.equal(stats().inUse, inUse);
      assert.equal(readableLockedPages(), 0);
    }
  },

  lock() {
    const numbers = stats();
    const held = Array.from({ length: numbers.freePages }, () => Secret.random(1));
    assert.equal(held[0]?.status().store, "locked");
    // getrlimit, mmap, four times madvise, then the first lock.
    arm(7, EPERM);
    try {
      Secret.random(32);
      assert.fail("nothing was thrown");
    } catch (error) {
      assert.ok(error instanceof LockLimitError, `${error}`);
      assert.equal(error.errno, EPERM);
      assert.equal(error.syscall, "mlock");
      assert.equal(error.lockedBytes, numbers.lockedBytes);
      assert.match(error.message, /ulimit -l/);
    } finally {
      arm(0, 0);
    }
    for (const secret of held) secret.close();
  },

  rest() {
    const secret = Secret.random(32);
    secret.withBytes(() => 0);
    secret.close();
    const resting = stats().restingPages;
    assert.equal(resting, 1);
    // mprotect, getrandom: more room would not make the second one work.
    arm(2, EACCES);
    assert.throws(() => Secret.random(32), /getrandom/);
    arm(0, 0);
    assert.equal(stats().restingPages, resting);
  },

  /** Kernels that charge a page of memfd_secret(2) when it is touched cannot write to it then. */
  touched() {
    const probe = Secret.random(32);
    const { store } = probe.status();
    const limited = capabilities().lockLimitBytes !== Infinity;
    const alive = [probe];
    const refusals: SystemError[] = [];
    for (const length of [32, 5000]) {
      const touches: unknown[] = [];
      // How many calls there are differs: what was refused leaves its address for the next one.
      for (let k = 1; k <= 40; k++) {
        const { inUse } = stats();
        arm(k, EFAULT);
        try {
          // It stays, so that the next one gets memory that nobody had.
          alive.push(Secret.random(length));
        } catch (error) {
          assert.ok(error instanceof AllocationError || error instanceof ProtectionError);
          if (error.syscall === "getrandom") refusals.push(error);
          if (error instanceof LockLimitError) touches.push(error);
          assert.equal(stats().inUse, inUse);
        }
        arm(0, 0);
      }
      assert.equal(touches.length > 0, limited && store === "secretmem", `${length} bytes`);
    }
    // Once the pages are there it is the content that fails, which is not the budget's.
    assert.ok(refusals.some((error) => !(error instanceof LockLimitError)));
    for (const secret of alive) {
      secret.withBytes((bytes) => assert.ok(bytes.some((byte) => byte !== 0)));
      secret.close();
    }
  },

  purge() {
    forEveryK(() => {
      // More than there are keys: wiping what carries one takes no system call.
      const secrets = Array.from({ length: stats().protectionKeys + 1 }, () => Secret.random(32));
      // They keep their memory, and there are many rounds: the budget has to be enough for all.
      secrets.push(Secret.random(30_000));
      return () => {
        try {
          purge();
        } finally {
          for (const secret of secrets) assert.equal(secret.isClosed, true);
        }
      };
    }, () => {
      assert.equal(readableLockedPages(), 0);
    });
  },
};

// What rungs there are is found out before, but for the case that begins with nothing.
if (process.argv[2] !== "first") Secret.random(1).close();
// A page of memfd_secret(2) takes more calls when it is used first: here are enough that were.
if (process.argv[2] !== "first" && process.argv[2] !== "touched") {
  const used = Array.from({ length: 300 }, () => Secret.random(1));
  for (const secret of used) secret.close();
}

/** Windows that keep all protection keys. */
const holding = process.argv[3] !== "busy" ? [] : Array.from(
  { length: stats().protectionKeys },
  () => Secret.random(1).open(),
);

let allocated = stats().allocated;
const run = cases[process.argv[2] as string];
if (run === undefined) throw new Error(`There is no case ${process.argv[2]}`);
await run();
// Whatever failed: an area of memfd_secret(2) is closed as soon as it is mapped, or is not.
assert.deepEqual(descriptorsOf("secretmem"), []);
console.log("done");
