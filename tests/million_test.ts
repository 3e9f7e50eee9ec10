/**
 * A million secrets at once, where a process may lock 8 MiB and has no privilege.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { patience } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { bindingLimit, memlockUnprivileged, withoutMemlock } from "./support/memlock.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";

const LIMIT = 8 << 20;
const COUNT = 1_000_000;

interface Million {
  readonly limits: string;
  readonly bytesEach: number;
  readonly mappingsBefore: number;
  readonly mappings: number;
  readonly inUse: number;
  readonly lockedBytes: number;
  readonly wrong: number;
  readonly inUseAfter: number;
  readonly seconds: Readonly<Record<string, number>>;
}

/** What a child does that has `count` secrets. */
function child(count: number): string {
  return `
    import { collectAll } from ${moduleUrl("bench/collect_all.ts")};
    const { SecretPool, stats } = securememory;
    const started = performance.now();
    const seconds = {};
    const lap = (name) => seconds[name] = (performance.now() - started) / 1000;
    const resident = async () => {
      await collectAll();
      return Number.parseInt(status("VmRSS")) * 1024;
    };
    const bytes = new Uint8Array(32);
    const words = new Uint32Array(bytes.buffer);
    /** Each has another content; the source is wiped every time. */
    const make = (index) => {
      words.fill(index ^ 0x5ec2e7);
      words[3] = index;
      return pool.from(bytes);
    };
    const isRight = (index) => secrets[index].withBytes((bytes) => {
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 8);
      return words.every((word, at) => word === (at === 3 ? index : (index ^ 0x5ec2e7) >>> 0));
    });
    const pool = new SecretPool({ onPressure: "seal" });
    // The list is the caller's own.
    const secrets = new Array(${count}).fill(undefined);
    for (let index = 0; index < 3000; index++) secrets[index] = make(index);
    for (let index = 0; index < 3000; index++) isRight(index), secrets[index].close();
    secrets.fill(undefined);
    const before = await resident();
    const mappingsBefore = mappings();
    lap("ready");
    for (let index = 0; index < ${count}; index++) secrets[index] = make(index);
    lap("made");
    const bytesEach = (await resident() - before) / ${count};
    // Half of them are the engine's, for the objects in its heap.
    const mappingsThen = mappings();
    lap("collected");
    let wrong = 0;
    for (let index = 0; index < ${count}; index += 101) wrong += isRight(index) ? 0 : 1;
    lap("read");
    const numbers = stats();
    for (let index = 0; index < ${count}; index += 7) secrets[index].close();
    for (let index = 1; index < ${count}; index += 7777) {
      const closed = index % 7 === 0;
      if (!closed) wrong += isRight(index) ? 0 : 1;
    }
    lap("closed some");
    pool.close();
    lap("closed");
    const { inUse, lockedBytes } = numbers;
    const limits = readFileSync("/proc/self/status", "utf8") + readFileSync("/proc/self/limits", "utf8");
    const inUseAfter = stats().inUse;
    const found = { limits, bytesEach, mappingsBefore, inUse, lockedBytes, wrong, inUseAfter, seconds };
    report({ ...found, mappings: mappingsThen });
    // Nothing is left that collecting a million could do.
    process.exit(0);
  `;
}

test("1,000,000 secrets of 32 bytes live under 8 MiB, in at most 256 bytes each", {
  skip: notOnLinux || withoutMemlock,
  timeout: patience(60_000),
}, async () => {
  const seen = await reported<Million>(child(COUNT), {
    wrapper: memlockUnprivileged(LIMIT),
    flags: COLLECT_FLAGS,
  });
  assert.equal(bindingLimit(seen.limits), LIMIT, "The limit does not bind the child");
  const { bytesEach, mappings, mappingsBefore, seconds } = seen;
  console.log(
    `${bytesEach.toFixed(1)} bytes each, ${mappings} mappings (${mappingsBefore} before), ` +
      JSON.stringify(seconds),
  );
  assert.equal(seen.inUse, COUNT);
  assert.equal(seen.wrong, 0);
  assert.ok(bytesEach <= 256, `${bytesEach} bytes each`);
  assert.ok(bytesEach > 48, `${bytesEach} bytes each: they cannot be there`);
  assert.ok(mappings <= 1000, `${mappings} mappings`);
  assert.ok(seen.lockedBytes <= LIMIT);
  assert.equal(seen.inUseAfter, 0);
});

test("10,000 secrets of a pool that never seals are on at most 130 pages", {
  skip: notOnLinux || withoutMemlock,
}, async () => {
  const seen = await reported<
    { pages: number; grown: number; wrong: number; limits: string; hot: number }
  >(
    `
    const pool = new securememory.SecretPool();
    const first = pool.random(32);
    const before = mappings();
    const secrets = Array.from({ length: 9_999 }, (_, index) =>
      pool.from(new Uint8Array(32).fill(index)));
    const { pages, hot } = pool.stats();
    const grown = mappings() - before;
    let wrong = 0;
    for (const [index, secret] of secrets.entries()) {
      if (!secret.withBytes((bytes) => bytes.every((byte) => byte === (index & 0xff)))) wrong += 1;
    }
    const limits = readFileSync("/proc/self/status", "utf8") + readFileSync("/proc/self/limits", "utf8");
    report({ pages, hot, grown, wrong, limits });
    `,
    { wrapper: memlockUnprivileged(LIMIT) },
  );
  assert.equal(bindingLimit(seen.limits), LIMIT, "The limit does not bind the child");
  assert.equal(seen.hot, 10_000);
  assert.ok(seen.pages <= 130, `${seen.pages} pages`);
  assert.ok(seen.pages >= 10_000 * 32 / 65_536, `${seen.pages} pages: they cannot be there`);
  assert.ok(seen.grown <= 300, `${seen.grown} mappings more`);
  assert.equal(seen.wrong, 0);
});
