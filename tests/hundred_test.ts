import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counts, inCountingChild, only } from "./support/counting.ts";
import { withoutFaults } from "./support/faults.ts";
import { EVERY_RUNG, nameOf } from "./support/rungs.ts";

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  const { store, gate } = rungs;
  const change = gate === "pkey" ? "pkey_mprotect" : "mprotect";

  test(`an arena is mapped and locked once, in few calls of each kind (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const { calls, pages } = await inCountingChild<{ calls: Counts; pages: number }>(
      rungs,
      `
      const { stats } = securememory;
      const made = [make()];
      while (stats().freePages > 0) made.push(make());
      const before = stats().pages;
      const calls = counted(make);
      report({ calls, pages: stats().pages - before });
      `,
    );
    const { all = 0, mmap = 0, mlock = 0, memfd_secret = 0, ftruncate = 0 } = calls;
    assert.ok(pages >= 16);
    // One reservation; then one area whose pages are mapped, or every page is locked.
    assert.deepEqual(
      { mmap, mlock, memfd_secret, ftruncate },
      store === "secretmem"
        ? { mmap: 1 + pages, mlock: 0, memfd_secret: 1, ftruncate: 1 }
        : { mmap: 1, mlock: pages, memfd_secret: 0, ftruncate: 0 },
    );
    // Every guard is sealed, and whole ranges are marked.
    assert.ok(all < 2 * pages + 20, `${all} calls for ${pages} pages`);
  });

  test(`making 100 secrets changes protections, and nothing else (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const { calls, keys } = await inCountingChild<{ calls: Counts; keys: number }>(
      rungs,
      `
      useEveryPage();
      const made = [make()];
      const calls = hundred(() => made.push(make()));
      report({ calls, keys: securememory.stats().protectionKeys });
      `,
    );
    // Opened to be written, and closed; a key is put on the pages, and taken from others if
    // there is none left: the first secret has one.
    assert.deepEqual(calls, only(change, gate === "pkey" ? 200 - (keys - 1) : 200));
  });

  test(`a page is touched by the kernel before it is used first, on secretmem (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const { first, second } = await inCountingChild<{ first: Counts; second: Counts }>(
      rungs,
      `
      make();
      const first = counted(() => make().close());
      useEveryPage();
      make();
      report({ first, second: counted(() => make().close()) });
      `,
    );
    const touches = store === "secretmem" ? { mprotect: 2, getrandom: 1 } : {};
    for (const [name, calls] of Object.entries(touches)) {
      assert.equal((first[name] ?? 0) - (second[name] ?? 0), calls, name);
    }
    assert.equal(second.getrandom, undefined);
    if (store !== "secretmem") assert.deepEqual(first, second);
  });

  test(`100 windows change the protection twice each, under keys never (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const seen = await inCountingChild<Record<string, Counts>>(
      rungs,
      `
      const secret = make();
      const single = hundred(() => secret.withBytes((bytes) => bytes[0]));
      const nested = counted(() => secret.withBytes(() => {
        for (let round = 0; round < 99; round++) secret.withBytes((bytes) => bytes[0]);
      }));
      const updates = hundred(() => secret.update((bytes) => void (bytes[0] = 1)));
      // For every thread: the page table has to change.
      const lasting = hundred(() => secret.open()[Symbol.dispose]());
      const nestedInLasting = counted(() => {
        const window = secret.open();
        for (let round = 0; round < 99; round++) secret.withBytes((bytes) => bytes[0]);
        window[Symbol.dispose]();
      });
      await untilIdle();
      const afterRest = hundred(() => secret.withBytes((bytes) => bytes[0]));
      secret.share();
      const shared = hundred(() => secret.withBytes((bytes) => bytes[0]));
      report({ single, nested, updates, lasting, nestedInLasting, afterRest, shared });
      `,
    );
    const keyed = gate === "pkey";
    const windows = only(change, keyed ? 0 : 200);
    assert.deepEqual(seen, {
      single: windows,
      nested: only(change, keyed ? 0 : 2),
      updates: windows,
      lasting: only(change, 200),
      nestedInLasting: only(change, 2),
      // Pages at rest get their key once.
      afterRest: keyed ? only(change, 1) : windows,
      shared: windows,
    });
  });

  test(
    `windows on more secrets than there are keys cost what they cost without (${nameOf(rungs)})`,
    {
      skip: withoutFaults || missing,
    },
    async () => {
      const seen = await inCountingChild<Record<string, Counts> & { keys: number }>(
        rungs,
        `
      const few = [make()];
      const keys = securememory.stats().protectionKeys;
      while (few.length < keys) few.push(make());
      const all = () => few.forEach((secret) => secret.withBytes((bytes) => bytes[0]));
      all();
      const fitting = hundred(all);
      few.push(make());
      // All open at the same time, the last one without a key: for every thread.
      const open = (index) => index < few.length && few[index].withBytes(() => open(index + 1));
      open(0);
      const together = counted(() => open(0));
      report({ fitting, together, keys });
      `,
      );
      if (gate === "mprotect") {
        assert.deepEqual(seen.fitting, only("mprotect", 200));
        assert.deepEqual(seen.together, only("mprotect", 4));
      } else {
        assert.ok(seen.keys > 0);
        assert.deepEqual(seen.fitting, {});
        assert.deepEqual(seen.together, only("mprotect", 2));
      }
    },
  );

  test(
    `closing 100 secrets gives their pages back without unmapping or unlocking (${nameOf(rungs)})`,
    { skip: withoutFaults || missing },
    async () => {
      const { closing, again, keys } = await inCountingChild<
        { closing: Counts; again: Counts; keys: number }
      >(
        rungs,
        `
      useEveryPage();
      const made = Array.from({ length: 100 }, make);
      // The last one has a key, which the others get one after the other.
      const closing = hundred(() => made.pop().close());
      const again = hundred(() => make().close());
      report({ closing, again, keys: securememory.stats().protectionKeys });
      `,
      );
      assert.deepEqual(closing, only(change, gate === "pkey" ? 200 - keys : 200));
      assert.deepEqual(again, only(change, gate === "pkey" ? 200 : 400));
    },
  );

  test(`100 random secrets add one call of getrandom each (${nameOf(rungs)})`, {
    skip: withoutFaults || missing,
  }, async () => {
    const calls = await inCountingChild<Counts>(
      rungs,
      `
      useEveryPage();
      make();
      report(hundred(() => Secret.random(32).close()));
      `,
    );
    const changes = gate === "pkey" ? 200 : 400;
    assert.deepEqual(calls, { all: changes + 100, [change]: changes, getrandom: 100 });
  });
}
