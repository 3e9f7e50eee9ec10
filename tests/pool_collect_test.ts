import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, runCode } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";

const collectUrl = new URL("./support/collect.ts", import.meta.url).href;

/** Runs code in a child that can collect garbage; `pools` has one pool of each kind. */
function runCollecting(code: string): Promise<Outcome> {
  return runCode(
    `
    import assert from "node:assert/strict";
    import { collect } from ${JSON.stringify(collectUrl)};
    const { configure, Secret, SecretPool, stats } = securememory;
    const leaks = [];
    const listen = () => configure({ onLeak: (leak) => leaks.push(leak) });
    const leak = (pool, count = 20) => {
      for (let index = 0; index < count; index++) pool.random(5);
    };
    for (const onPressure of ["error", "seal"]) {
      leaks.length = 0;
      await (async () => { ${code} })();
      configure({ onLeak: undefined });
    }
    console.log("done");
    `,
    { flags: COLLECT_FLAGS },
  );
}

function succeeded(outcome: Outcome): void {
  assert.deepEqual(outcome, { status: 0, signal: null, stdout: "done\n", stderr: outcome.stderr });
}

test("a pool's secret that is collected unclosed is wiped, counted and reported", async () => {
  succeeded(
    await runCollecting(`
    listen();
    using pool = new SecretPool({ onPressure, label: "bait" });
    const before = stats();
    leak(pool);
    assert.equal(stats().inUse - before.inUse, 20);
    assert.ok(await collect(() => leaks.length >= 10));
    assert.equal(stats().leaked - before.leaked, leaks.length);
    assert.equal(stats().inUse - before.inUse, 20 - leaks.length);
    assert.equal(pool.stats().secrets, 20 - leaks.length);
    for (const { label, length, message, stack } of leaks) {
      assert.equal(label, "bait");
      assert.equal(length, 5);
      assert.match(message, /"bait" of 5 bytes was collected without having been closed/);
      assert.match(stack, /child\\.ts/);
    }
    `),
  );
});

test("without a listener it is wiped and counted all the same", async () => {
  succeeded(
    await runCollecting(`
    using pool = new SecretPool({ onPressure });
    const before = stats();
    leak(pool);
    assert.ok(await collect(() => stats().leaked - before.leaked >= 10));
    assert.equal(pool.stats().secrets, 20 - (stats().leaked - before.leaked));
    `),
  );
});

test("one that is awake is collected as well, unless a view of it is alive", async () => {
  succeeded(
    await runCollecting(`
    listen();
    using pool = new SecretPool({ onPressure });
    const views = [];
    const use = (secret, keep) => secret.withBytes((bytes) => void (keep && views.push(bytes)));
    (() => {
      for (let index = 0; index < 20; index++) use(pool.random(5), false);
      for (let index = 0; index < 20; index++) use(pool.random(6), true);
    })();
    assert.ok(await collect(() => leaks.length >= 10));
    assert.ok(leaks.every(({ length }) => length === 5));
    assert.ok(views.every(({ length }) => length === 6));
    `),
  );
});

test("a secret that was closed, shared or purged is not reported", async () => {
  succeeded(
    await runCollecting(`
    listen();
    using pool = new SecretPool({ onPressure });
    const before = stats();
    const tickets = [];
    (() => {
      for (let index = 0; index < 20; index++) pool.random(6).close();
      for (let index = 0; index < 20; index++) {
        const secret = pool.random(7);
        secret.withBytes(() => {});
        secret.close();
      }
      for (let index = 0; index < 20; index++) pool.random(8);
      securememory.purge();
      for (let index = 0; index < 20; index++) tickets.push(pool.random(9).share());
      leak(pool);
    })();
    assert.ok(await collect(() => leaks.length >= 10));
    assert.ok(leaks.every(({ length }) => length === 5), JSON.stringify(leaks.map((leak) => leak.length)));
    for (const ticket of tickets) {
      const secret = Secret.attach(ticket);
      assert.equal(secret.withBytes((bytes) => bytes.length), 9);
      secret.close();
    }
    `),
  );
});

test("a callback that comes late does nothing to the secret that has the place now", async () => {
  succeeded(
    await runCollecting(`
    listen();
    using pool = new SecretPool({ onPressure });
    const live = new Set();
    (() => {
      // Enough to use every entry again, many times, before the first callback can come.
      for (let index = 0; index < 300_000; index++) {
        const secret = pool.random(8);
        if (index % 3000 === 0) live.add(secret);
        else secret.close();
      }
    })();
    await collect(() => false);
    assert.equal(leaks.length, 0);
    assert.equal(pool.stats().secrets, live.size);
    for (const secret of live) assert.equal(secret.withBytes((bytes) => bytes.length), 8);
    `),
  );
});

test("a pool that nobody has any more goes with its secrets, which are reported", async () => {
  succeeded(
    await runCollecting(`
    listen();
    const before = stats();
    (() => {
      for (let index = 0; index < 20; index++) {
        const pool = new SecretPool({ onPressure, label: "lost" });
        leak(pool, 3);
        pool.random(8).withBytes(() => {});
      }
    })();
    assert.ok(await collect(() => leaks.length >= 40));
    assert.ok(leaks.every(({ label }) => label === "lost"));
    await collect(() => stats().poolPages <= before.poolPages + 4);
    assert.ok(stats().poolPages <= before.poolPages + 10, String(stats().poolPages));
    `),
  );
});

test("a pool lives as long as one of its secrets", async () => {
  succeeded(
    await runCollecting(`
    listen();
    const secrets = (() =>
      Array.from({ length: 20 }, () => new SecretPool({ onPressure }).fromString("alive")))();
    const bait = new SecretPool({ onPressure });
    leak(bait);
    assert.ok(await collect(() => leaks.length >= 10));
    for (const secret of secrets) {
      assert.equal(secret.withBytes((bytes) => bytes[0]), "a".charCodeAt(0));
      secret.close();
    }
    `),
  );
});
