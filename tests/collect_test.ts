import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, runCode } from "./support/child.ts";
import { COLLECT_FLAGS } from "./support/collect.ts";

const collectUrl = new URL("./support/collect.ts", import.meta.url).href;

/**
 * Runs code in a child that can collect garbage. There is always a bait: twenty secrets
 * that nobody closes. `baited()` is true once some of them were collected, which shows
 * that collecting works; what must be kept has to be there still.
 */
function runCollecting(code: string): Promise<Outcome> {
  return runCode(
    `
    import assert from "node:assert/strict";
    import { collect } from ${JSON.stringify(collectUrl)};
    const { configure, Secret, stats } = securememory;
    const leaks = [];
    configure({ onLeak: (leak) => leaks.push(leak) });
    const four = (options) => Secret.from(new Uint8Array([1, 2, 3, 4]), options);
    const bait = () => {
      for (let index = 0; index < 20; index++) Secret.random(5, { label: "bait" });
    };
    const baited = () => leaks.filter((leak) => leak.label === "bait").length >= 10;
    const kept = () => leaks.every((leak) => leak.label === "bait");
    ${code}
    console.log("done");
    `,
    { flags: COLLECT_FLAGS },
  );
}

function succeeded(outcome: Outcome): void {
  assert.deepEqual(outcome, { status: 0, signal: null, stdout: "done\n", stderr: outcome.stderr });
}

test("a secret that is collected unclosed is wiped, counted and reported", async () => {
  succeeded(
    await runCollecting(`
    const before = stats();
    bait();
    assert.equal(stats().inUse - before.inUse, 20);
    assert.ok(await collect(baited));
    assert.equal(stats().leaked, leaks.length);
    assert.equal(stats().inUse - before.inUse, 20 - leaks.length);
    const [leak] = leaks;
    assert.equal(leak.label, "bait");
    assert.equal(leak.length, 5);
    assert.match(leak.message, /"bait" of 5 bytes was collected without having been closed/);
    assert.match(leak.stack, /bait/);
    assert.match(leak.stack, /child\\.ts/);
    `),
  );
});

test("a secret that was closed is not reported when it is collected", async () => {
  succeeded(
    await runCollecting(`
    const close = () => {
      for (let index = 0; index < 20; index++) {
        four({ label: "closed" }).close();
        using used = four({ label: "used" });
        used.withBytes((bytes) => bytes[0]);
      }
    };
    close();
    bait();
    assert.ok(await collect(baited));
    assert.ok(kept());
    `),
  );
});

test("a secret without any reference is kept while an async window is open", async () => {
  succeeded(
    await runCollecting(`
    let end;
    const ended = new Promise((resolve) => end = resolve);
    const begin = () =>
      four({ label: "kept" }).withBytesAsync(async () => {
        await ended;
        return "read";
      });
    const beginReading = () =>
      four({ label: "kept" }).withBytesAsync(async (bytes) => {
        await ended;
        return [...bytes];
      });
    // This one nobody can end; only the library knows that it is open.
    four({ label: "kept" }).withBytesAsync(() => new Promise(() => {}));
    const idle = begin();
    const reading = beginReading();
    const open = stats().openWindows;
    bait();
    assert.ok(await collect(baited));
    assert.ok(kept());
    assert.equal(stats().openWindows, open);
    end();
    assert.equal(await idle, "read");
    assert.deepEqual(await reading, [1, 2, 3, 4]);
    assert.equal(stats().openWindows, open - 2);
    `),
  );
});

test("a secret is collected after its async windows have ended", async () => {
  succeeded(
    await runCollecting(`
    const run = async () => {
      const all = Array.from({ length: 20 }, () =>
        four({ label: "done" }).withBytesAsync(async (bytes) => bytes[0]));
      await Promise.all(all);
    };
    await run();
    assert.ok(await collect(() => leaks.filter(({ label }) => label === "done").length >= 10));
    `),
  );
});

for (
  const [name, make] of [
    ["from", "four(options)"],
    ["fromString", 'Secret.fromString("text", options)'],
    ["random", "Secret.random(4, options)"],
    ["fill", "Secret.fill(4, (bytes) => void bytes.fill(7), options)"],
    ["copy", "(() => { using first = four(); return first.copy(options); })()"],
    ["revokeViews", "four({ ...options, revokeViews: true })"],
  ] as const
) {
  test(`a view alone keeps its secret, made by ${name}`, async () => {
    succeeded(
      await runCollecting(`
      const make = (options) => ${make};
      const views = (() =>
        Array.from({ length: 20 }, () => make({ label: "kept" }).open().bytes))();
      const before = views.map((view) => [...view]);
      bait();
      assert.ok(await collect(baited));
      assert.deepEqual(leaks.filter((leak) => leak.label === "kept").length, 0);
      assert.deepEqual(views.map((view) => [...view]), before);
      `),
    );
  });
}

test("a window of \`open()\` keeps its secret, and so does the view alone", async () => {
  succeeded(
    await runCollecting(`
    const window = (() => four({ label: "kept" }).open())();
    const view = (() => four({ label: "kept" }).open().bytes)();
    bait();
    assert.ok(await collect(baited));
    assert.ok(kept());
    assert.deepEqual([...view], [1, 2, 3, 4]);
    assert.deepEqual([...window.bytes], [1, 2, 3, 4]);
    `),
  );
});

test("a secret that was shared is not collected: its ticket stays good", async () => {
  succeeded(
    await runCollecting(`
    const tickets = (() => Array.from({ length: 20 }, () => four({ label: "kept" }).share()))();
    bait();
    assert.ok(await collect(baited));
    assert.ok(kept());
    for (const ticket of tickets) {
      assert.equal(Secret.attach(ticket).withBytes((bytes) => bytes[3]), 4);
    }
    `),
  );
});

test("a leak without \`onLeak\` is counted all the same", async () => {
  const outcome = await runCode(
    `
    import { collect } from ${JSON.stringify(collectUrl)};
    const { Secret, stats } = securememory;
    for (let index = 0; index < 20; index++) Secret.random(5);
    console.log(await collect(() => stats().leaked >= 10));
    `,
    { flags: COLLECT_FLAGS },
  );
  assert.equal(outcome.stdout, "true\n");
});

test("pages of collected secrets are used again", async () => {
  succeeded(
    await runCollecting(`
    const make = () => {
      for (let index = 0; index < 200; index++) four({ label: "used" }).withBytes((bytes) => bytes[0]);
    };
    for (let round = 1; round <= 10; round++) {
      make();
      assert.ok(await collect(() => leaks.length >= round * 150));
    }
    assert.ok(stats().pages < 2000, String(stats().pages));
    `),
  );
});
