/**
 * Enclaves that nobody closed: collected, wiped, counted and reported.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeakReport } from "../mod.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";
import { moduleUrl, reported } from "./support/report.ts";

type Leak = Pick<LeakReport, "message" | "label" | "length" | "stack">;

/** Runs a child that can collect garbage, and loses enclaves by `lose(make)`. */
function collecting<T>(code: string): Promise<T> {
  return reported<T>(
    `
    import { collect } from ${moduleUrl("tests/support/collect.ts")};
    const { configure, Enclave, purge, stats } = securememory;
    const leaks = [];
    const listen = () => configure({ onLeak: (leak) => leaks.push(leak) });
    const lose = (make, count = 40) => {
      for (let index = 0; index < count; index++) make(index);
    };
    const seal = (index, label) =>
      Enclave.seal(new Uint8Array([index, 2, 3]), label === undefined ? undefined : { label });
    ${code}
  `,
    { flags: COLLECT_FLAGS },
  );
}

test("an enclave that is collected is wiped, counted and reported", async () => {
  const { leaks, leaked, sealed } = await collecting<
    { leaks: Leak[]; leaked: number; sealed: number }
  >(`
    listen();
    lose(function makeTheEnclave(index) {
      seal(index, "forgotten");
    });
    await collect(() => stats().leaked >= 30);
    report({ leaks, leaked: stats().leaked, sealed: stats().sealed });
  `);
  assert.ok(leaked >= 30, `${leaked}`);
  assert.equal(leaks.length, leaked);
  assert.equal(sealed, 40 - leaked);
  for (const leak of leaks) {
    assert.equal(
      leak.message,
      'SecureMemory: the enclave "forgotten" of 3 bytes was collected without having been closed',
    );
    assert.deepEqual([leak.label, leak.length], ["forgotten", 3]);
    assert.match(leak.stack ?? "", /makeTheEnclave/);
  }
});

test("without a listener they are counted all the same, whatever else they have", async () => {
  const { leaked, sealed, hot } = await collecting<
    { leaked: number; sealed: number; hot: number }
  >(`
    lose((index) => {
      const enclave = seal(index, index % 2 === 0 ? "labelled" : undefined);
      // Some stay open beside their box.
      for (let use = 0; use < index % 4; use++) enclave.withBytes((bytes) => bytes[0]);
    });
    await collect(() => stats().leaked >= 30);
    const { leaked, sealed, inUse } = stats();
    // Open copies of those that were collected are closed: what is left is the page for others.
    report({ leaked, sealed, hot: inUse - sealed });
  `);
  assert.ok(leaked >= 30, `${leaked}`);
  assert.equal(sealed, 40 - leaked);
  assert.ok(hot <= 1 + sealed, `${hot}`);
});

test("a leak without a label says so, and still has its length", async () => {
  const leak = await collecting<Leak>(`
    listen();
    lose((index) => seal(index));
    await collect(() => leaks.length > 0);
    report(leaks[0]);
  `);
  assert.match(leak.message, /^SecureMemory: an enclave of 3 bytes was collected/);
  assert.equal(leak.label, undefined);
});

test("what was closed, shared, purged or is alive is no leak", async () => {
  const seen = await collecting<
    { found: boolean; other: number; values: number[]; sealed: number }
  >(`
    const alive = Array.from({ length: 20 }, (_, index) => seal(index, "alive"));
    const tickets = [];
    lose((index) => seal(index, "closed").close());
    lose((index) => {
      using enclave = seal(index, "used");
      for (let use = 0; use < 3; use++) enclave.withBytes((bytes) => bytes[0]);
    });
    lose((index) => tickets.push(seal(index, "shared").share()));
    lose((index) => Enclave.attach(tickets[index]));
    listen();
    lose((index) => seal(index, "bait"));
    const found = await collect(() => leaks.length >= 30);
    const other = leaks.filter(({ label }) => label !== "bait").length + stats().leaked - leaks.length;
    const values = tickets.map((ticket) => Enclave.attach(ticket).withBytes((bytes) => bytes[0]));
    values.push(...alive.map((enclave) => enclave.withBytes((bytes) => bytes[0])));
    lose((index) => seal(index, "purged"));
    purge();
    lose((index) => seal(index, "bait"));
    await collect(() => leaks.length >= 60);
    report({
      found,
      other: other + leaks.filter(({ label }) => label !== "bait").length,
      values,
      sealed: stats().sealed - (80 - leaks.length),
    });
  `);
  assert.equal(seen.found, true);
  assert.equal(seen.other, 0);
  assert.deepEqual(seen.values, [
    ...Array.from({ length: 40 }, (_, index) => index),
    ...Array.from({ length: 20 }, (_, index) => index),
  ]);
});

test("made and closed by the hundred thousand, enclaves leave nothing behind", async () => {
  const { before, after, leaked, numbers } = await collecting<
    { before: number; after: number; leaked: number; numbers: number[] }
  >(`
    const source = new Uint8Array(32);
    const make = () => {
      for (let index = 0; index < 150_000; index++) {
        const enclave = Enclave.seal(source);
        enclave.close();
      }
    };
    make();
    await collect(() => false);
    const before = process.memoryUsage.rss();
    const { sealed, sealedBytes, inUse } = stats();
    make();
    make();
    await collect(() => false);
    report({
      before,
      after: process.memoryUsage.rss(),
      leaked: stats().leaked,
      numbers: [sealed, sealedBytes, inUse],
    });
  `);
  assert.equal(leaked, 0);
  assert.deepEqual(numbers, [0, 0, 0]);
  assert.ok(after < before + 64 * 2 ** 20, `${before} ${after}`);
});
