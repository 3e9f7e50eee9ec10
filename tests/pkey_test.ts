/**
 * The gate `pkey`: who can read during a window and after it, on hardware with protection
 * keys or in the emulated machine (`npm run test:pkey`).
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test as plainTest } from "node:test";
import { capabilities, type Stats } from "../mod.ts";
import type { Outcome } from "./support/child.ts";
import { withFolder, withNative, withoutZig } from "./support/native.ts";
import { type Failure, moduleUrl, reported, runReporting } from "./support/report.ts";
import { unless } from "./support/skip.ts";

const { pkey } = capabilities().gates;
const skip = unless("pkey", pkey.available, pkey.reason ?? "");

/** Named after the rung, by which tests are counted. */
const test = (name: string, options: { skip: string | false }, run: () => Promise<void>) =>
  plainTest(`${name} (pkey)`, options, run);

const SETUP = `
import { setTimeout as sleep } from "node:timers/promises";
import { addressOf, bytesAt } from ${moduleUrl("tests/support/memory.ts")};
import { startWorker } from ${moduleUrl("tests/support/worker.ts")};
const { configure, stats } = securememory;
const make = (fill = 0x41) => Secret.from(new Uint8Array(32).fill(fill), { gate: "pkey" });
const startReader = () => startWorker(new URL(${moduleUrl("tests/workers/raw_reader.ts")}));
/** Keeps pages armed for the whole test. */
const neverIdle = () => configure({ idleTimeout: 60_000 });
/** Beyond every idle time of 100 ms. */
const untilIdle = async () => {
  for (let waited = 0; stats().keyedSecrets > 0 && waited < 100; waited++) await sleep(100);
};
`;

function run(code: string): Promise<Outcome> {
  return runReporting(`${SETUP}${code}`, { timeoutMs: 240_000 });
}

function value<T>(code: string): Promise<T> {
  return reported<T>(`${SETUP}${code}`, { timeoutMs: 240_000 });
}

function died({ signal, status, stdout, stderr }: Outcome): void {
  assert.deepEqual([stdout, signal, status], ["before\n", "SIGSEGV", null], stderr);
}

/** A Worker that is there before any window, and knows where to read. */
const READER_BEFORE = `
const reader = startReader();
await reader.receive();
const secret = make();
const address = secret.withBytes(addressOf);
`;

/** Holds a synchronous window open for seconds, in which the Worker gets its message: not before. */
const READ_MEANWHILE = `
console.log("before");
const clock = new Int32Array(new SharedArrayBuffer(4));
secret.withBytes(() => {
  reader.post({ address });
  Atomics.wait(clock, 0, 0, 3000);
});
console.log("after", await reader.receive());
`;

test("a window of this thread is none of another's", { skip }, async () => {
  died(await run(READER_BEFORE + READ_MEANWHILE));
});

test("the same read finds the bytes under mprotect, so that a death means something", {
  skip,
}, async () => {
  const code = (READER_BEFORE + READ_MEANWHILE).replace("make()", "make0()");
  const outcome = await run(`
    const make0 = () => Secret.from(new Uint8Array(32).fill(0x41), { gate: "mprotect" });
    ${code}
    process.exit(0);
  `);
  assert.deepEqual([outcome.stdout, outcome.status], ["before\nafter 65\n", 0], outcome.stderr);
});

test("a read-write window of this thread is none of another's", { skip }, async () => {
  died(await run(READER_BEFORE + READ_MEANWHILE.replace("withBytes", "update")));
});

for (
  const [name, hold] of [
    [
      "withBytesAsync",
      "await secret.withBytesAsync(async () => void report(await ask()));",
    ],
    ["open", "{ using window = secret.open(); report(await ask()); window.bytes; }"],
  ] as const
) {
  test(`a window of \`${name}\` is for every thread, and ends for every thread`, {
    skip,
  }, async () => {
    const code = `
      ${READER_BEFORE}
      const ask = async () => {
        reader.post({ address });
        return await reader.receive();
      };
      ${hold}
    `;
    const outcome = await run(`${code} process.exit(0);`);
    assert.deepEqual([outcome.stdout, outcome.status], ["65\n", 0], outcome.stderr);
    const { signal, stdout } = await run(`neverIdle(); ${code} report(await ask());`);
    assert.deepEqual([stdout, signal], ["65\n", "SIGSEGV"]);
  });
}

/** A thread that a native library starts when it is told to, and what it finds at an address. */
const inThread = (path: string) => `
import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
const native = detectRuntime().load(${JSON.stringify(path)}, {
  keys_start_thread: { parameters: [], result: "i32" },
  keys_read_in_thread: { parameters: ["buffer"], result: "i32" },
});
const secret = make();
let kept;
secret.withBytes((bytes) => void (kept = bytes));
const readInThread = () => native.keys_read_in_thread(kept);
`;
const EFAULT = -14;

test("a thread that is there before a window cannot read in it, nor after it", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const found = await value<number[]>(`
      configure({ idleTimeout: 60_000 });
      ${inThread(path)}
      const started = native.keys_start_thread();
      const before = readInThread();
      const inside = secret.withBytes(readInThread);
      const writing = secret.update(readInThread);
      const lasting = await secret.withBytesAsync(readInThread);
      report([started, before, inside, writing, lasting, readInThread()]);
      process.exit(0);
    `);
    assert.deepEqual(found, [0, EFAULT, EFAULT, EFAULT, 0x41, EFAULT]);
  });
});

test("a thread that is started in a window keeps its rights, and reads nothing once idle", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const found = await value<number[]>(`
      configure({ idleTimeout: 3000 });
      ${inThread(path)}
      const started = secret.withBytes(() => native.keys_start_thread());
      // What the idle rule is for: the window is closed, and the thread still reads.
      const inherited = readInThread();
      await untilIdle();
      const idle = readInThread();
      const later = secret.withBytes((bytes) => bytes[0]);
      report([started, inherited, idle, later]);
      process.exit(0);
    `);
    assert.deepEqual(found, [0, 0x41, EFAULT, 0x41]);
  });
});

test("a thread that uses the library gives up the rights that it was born with", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const found = await value<number[]>(`
      configure({ idleTimeout: 60_000 });
      ${inThread(path)}
      import { library } from ${moduleUrl("src/native/library.ts")};
      const { calls } = library();
      // As the start of a Worker does it; this thread stands for one with inherited rights.
      const found = secret.withBytes(() => {
        calls.securememory_thread_start();
        return native.keys_start_thread() === 0 ? readInThread() : 1;
      });
      const control = secret.withBytes((bytes) => bytes[0]);
      report([found, control]);
      process.exit(0);
    `);
    assert.deepEqual(found, [EFAULT, 0x41]);
  });
});

const READER_INSIDE = `
const secret = make();
let address;
let reader;
secret.withBytes((bytes) => {
  address = addressOf(bytes);
  reader = startReader();
});
await reader.receive();
console.log("before");
`;

test("a Worker that was started inside a window reads nothing once the secret is idle", {
  skip,
}, async () => {
  died(
    await run(`
      ${READER_INSIDE}
      await untilIdle();
      reader.post({ address });
      console.log("after", await reader.receive());
    `),
  );
});

test("a Worker that uses the library gives inherited rights up before it does", {
  skip,
}, async () => {
  died(
    await run(`
      neverIdle();
      ${READER_INSIDE}
      reader.post({ address, load: true });
      console.log("after", await reader.receive());
    `),
  );
});

/** Starts the runtime's own threads inside a window, and writes a stale view from one of them. */
const POOL_INSIDE = `
import { open, write } from "node:fs";
import { promisify } from "node:util";
const secret = make();
const path = "/dev/null";
const pipeOf = promisify(open);
let kept;
let started;
secret.withBytes((bytes) => {
  kept = bytes;
  // The first work for the pool starts its threads, here and now.
  started = Promise.all(Array.from({ length: 8 }, () => pipeOf(path, "r+")));
});
const files = await started;
/** A write(2) on a thread of the pool: the kernel reads the page with that thread's rights. */
const fifo = process.env.FIFO;
const target = await pipeOf(fifo, "r+");
const writeStale = () => new Promise((resolve) => {
  write(target, kept, 0, 4, null, (error, written) => resolve(error?.code ?? written));
});
`;

async function withPool<T>(code: string): Promise<T> {
  return await withFolder((folder) => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    return reported<T>(SETUP + code, { env: { FIFO: fifo }, timeoutMs: 240_000 });
  });
}

test("a thread of the runtime's pool that was started inside a window reads nothing once idle", {
  skip,
}, async () => {
  const found = await withPool<{ inherited: unknown; idle: unknown; control: unknown }>(`
    configure({ idleTimeout: 5000 });
    ${POOL_INSIDE}
    const inherited = await writeStale();
    await untilIdle();
    const idle = await writeStale();
    const control = await secret.withBytesAsync(() => writeStale());
    report({ inherited, idle, control });
    process.exit(0);
  `);
  assert.equal(found.idle, "EFAULT");
  assert.equal(found.control, 4, "in an async window the pool can read");
  console.log(`a pool thread that was started inside a window: ${found.inherited}`);
});

test("the rights to other keys are left alone, in every kind of window", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const { key, bits, others } = await value<{ key: number; bits: number[]; others: number[] }>(`
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const keys = detectRuntime().load(${JSON.stringify(path)}, {
        keys_take_denied: { parameters: [], result: "u32" },
        keys_rights: { parameters: [], result: "u32" },
      });
      const ours = make(); // The library takes its keys.
      const key = keys.keys_take_denied();
      const bits = [];
      const others = [];
      const look = () => {
        const rights = keys.keys_rights();
        bits.push((rights >>> (key * 2)) & 3);
        others.push(rights & 3);
      };
      look();
      ours.withBytes(look);
      ours.update(look);
      await ours.withBytesAsync(look);
      { using window = ours.open(); look(); }
      ours.close();
      make().close();
      securememory.purge();
      look();
      report({ key, bits, others });
    `);
    assert.ok(key > 0);
    assert.deepEqual(bits, bits.map(() => 3), "another key's bits moved");
    assert.deepEqual(others, others.map(() => 0), "key 0 is that of all other memory");
  });
});

/** Takes keys before the library does. */
const takeKeys = (path: string, count: number) => `
import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
const keys = detectRuntime().load(${JSON.stringify(path)}, {
  keys_take: { parameters: ["u32"], result: "u32" },
  keys_give_back: { parameters: ["u32"], result: "i32" },
});
const taken = keys.keys_take(${count});
`;

test("where all keys are taken the gate is mprotect, and that is said", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const { taken, gate, reason, required, right } = await reported<
      { taken: number; gate: string; reason: string; required: Failure; right: boolean }
    >(`
      ${takeKeys(path, 16)}
      const secret = Secret.from(new Uint8Array(32).fill(7));
      const gate = secret.status().gate;
      const right = secret.withBytes((bytes) => bytes.every((byte) => byte === 7));
      const reason = securememory.capabilities().gates.pkey.reason;
      const required = failureOf(() => Secret.random(1, { gate: "pkey" }));
      report({ taken, gate, reason, required, right });
    `);
    assert.ok(taken > 0);
    assert.equal(gate, "mprotect");
    assert.equal(right, true);
    assert.match(reason, /no protection key is left: all are taken.*pkey_alloc.*ENOSPC 28/);
    assert.equal(required.code, "UNSUPPORTED");
    assert.ok(required.message.includes(reason));
    assert.equal(required.errno, 28);
    assert.equal(required.syscall, "pkey_alloc");
  });
});

test("with one key left secrets still work, several open at once too", {
  skip: skip || withoutZig,
}, async () => {
  await withNative("keys", async (path) => {
    const { keys, sum, after } = await value<{ keys: number; sum: number; after: Stats }>(`
      ${takeKeys(path, 16)}
      keys.keys_give_back(taken);
      const secrets = Array.from({ length: 20 }, (_, index) => make(index));
      const nest = (depth) => depth === secrets.length ? 0
        : secrets[depth].withBytes((bytes) => bytes[31] + nest(depth + 1) + bytes[0]);
      const sum = nest(0) + nest(10);
      for (let round = 0; round < 50; round++) {
        secrets.forEach((secret, index) => secret.withBytes((bytes) => {
          if (bytes[0] !== index) throw new Error("another secret's bytes");
        }));
      }
      await untilIdle();
      report({ keys: stats().protectionKeys, sum, after: stats() });
    `);
    assert.equal(keys, 1);
    assert.equal(sum, 2 * 190 + 2 * 145);
    assert.equal(after.keyedSecrets, 0);
    assert.equal(after.openWindows, 0);
  });
});

test("more secrets open at once than there are keys are all right, and all close", {
  skip,
}, async () => {
  const { keys, pkeys, protections, windows, after } = await value<{
    keys: number;
    pkeys: (number | null)[];
    protections: string[];
    windows: number;
    after: string[];
  }>(`
    const secrets = Array.from({ length: 12 }, (_, index) => make(index));
    let found;
    const nest = (depth) => {
      if (depth < secrets.length) {
        return secrets[depth].withBytes((bytes) => {
          nest(depth + 1);
          if (bytes.some((byte) => byte !== depth)) throw new Error("wrong bytes");
        });
      }
      const all = secrets.map((secret) => secret.status());
      found = {
        pkeys: all.map(({ pkey }) => pkey ?? null),
        protections: all.map(({ protection }) => protection),
        windows: stats().openWindows,
      };
    };
    nest(0);
    const after = secrets.map((secret) => secret.status().protection);
    report({ keys: stats().protectionKeys, ...found, after });
  `);
  assert.equal(keys, 8);
  const numbers = pkeys.filter((key) => key !== null);
  assert.equal(numbers.length, keys, "each key is in use");
  assert.equal(new Set(numbers).size, keys, "each has one secret");
  assert.deepEqual(protections, protections.map(() => "read"));
  assert.equal(windows, 12);
  assert.deepEqual(after, after.map(() => "none"));
});

test("windows of both kinds nest in any order, and end in any order", { skip }, async () => {
  const seen = await value<number[]>(`
    const secret = make(9);
    const seen = [];
    const look = (bytes) => seen.push(bytes[0], bytes[31]);
    // A lasting window ends inside a window of this thread.
    const window = secret.open();
    secret.withBytes((bytes) => {
      look(window.bytes);
      window[Symbol.dispose]();
      look(bytes);
    });
    // One begins inside and ends after it.
    let later;
    secret.withBytes((bytes) => {
      later = secret.open();
      look(bytes);
    });
    look(later.bytes);
    secret.withBytes(look);
    look(later.bytes);
    later[Symbol.dispose]();
    // Two at once, the first ends first.
    const [first, second] = [secret.open(), secret.open()];
    first[Symbol.dispose]();
    look(second.bytes);
    second[Symbol.dispose]();
    // And once the pages have gone to rest.
    await untilIdle();
    secret.withBytes(look);
    await secret.withBytesAsync(async (bytes) => {
      await untilIdle();
      secret.withBytes(look);
      look(bytes);
    });
    report([...seen, secret.status().protection === "none" ? 0 : 1]);
  `);
  assert.deepEqual(seen, [...seen.slice(0, -1).map(() => 9), 0]);
  assert.ok(seen.length > 18);
});

test("idle pages are inaccessible, and the next window works", { skip }, async () => {
  const { hot, idle, again } = await value<Record<string, (string | number | null)[]>>(`
    configure({ idleTimeout: 20 });
    const secret = make(3);
    const look = () => {
      const { protection, pkey } = secret.status();
      return [protection, pkey === undefined ? null : 1, stats().keyedSecrets];
    };
    secret.withBytes(() => {});
    const hot = look();
    await untilIdle();
    const idle = look();
    const again = [secret.withBytes((bytes) => bytes[0]), ...look()];
    report({ hot, idle, again });
  `);
  assert.deepEqual(hot, ["none", 1, 1]);
  assert.deepEqual(idle, ["none", null, 0]);
  assert.deepEqual(again, [3, "none", 1, 1]);
});

test("a secret that is used all the time keeps its key", { skip }, async () => {
  const changes = await value<number>(`
    configure({ idleTimeout: 400 });
    const secret = make();
    const first = secret.status().pkey;
    let changes = 0;
    for (let round = 0; round < 20; round++) {
      await sleep(50);
      secret.withBytes(() => {});
      if (secret.status().pkey !== first) changes += 1;
    }
    report(changes);
  `);
  assert.equal(changes, 0);
});

test("the timer of the idle rule keeps no process alive", { skip }, async () => {
  const started = Date.now();
  const outcome = await run(`neverIdle(); make().withBytes(() => {}); console.log("end");`);
  assert.deepEqual([outcome.stdout, outcome.status], ["end\n", 0], outcome.stderr);
  assert.ok(Date.now() - started < 55_000);
});
