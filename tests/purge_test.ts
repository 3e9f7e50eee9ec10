/**
 * Purging concerns the whole process, so it is done in children.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownPages } from "./support/kind.ts";
import { withNative, withoutZig } from "./support/native.ts";
import { type Failure, moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

const CLOSED = "SECRET_CLOSED";

/** Runs code in a child, with `purge`, `stats` and a way to make a secret of 1, 2, 3. */
function purging<T>(code: string, env: Readonly<Record<string, string>> = {}): Promise<T> {
  const source = `
    const { purge, stats } = securememory;
    const make = (options) => Secret.from(new Uint8Array([1, 2, 3]), options);
    const codeOf = (action) => failureOf(action)?.code;
    ${code}
  `;
  return reported<T>(source, { env });
}

test("purging before the first secret does nothing, and does not load the library", {
  skip: notOnLinux,
}, async () => {
  const seen = await purging<unknown>(`
    purge();
    purge();
    const loaded = readFileSync("/proc/self/maps", "utf8").includes("libsecurememory");
    const secret = make();
    report({ loaded, closed: secret.isClosed, purges: stats().purges });
  `);
  assert.deepEqual(seen, { loaded: false, closed: false, purges: 0 });
});

test("purging without a secret is counted and harmless", async () => {
  const seen = await purging<unknown>(`
    make().close();
    purge();
    const { inUse, purges, allocated } = stats();
    report({ inUse, purges, allocated, value: make().withBytes((bytes) => bytes[2]) });
  `);
  assert.deepEqual(seen, { inUse: 0, purges: 1, allocated: 1, value: 3 });
});

test("purging closes every secret, whatever was done to it before", async () => {
  const { closed, codes, inUse, openWindows } = await purging<
    { closed: boolean[]; codes: string[][]; inUse: number; openWindows: number }
  >(`
    const used = make();
    used.withBytes((bytes) => bytes[0]);
    const shared = make();
    const ticket = shared.share();
    const secrets = [
      make(),
      used,
      shared,
      Secret.attach(ticket),
      Secret.random(100_000),
      Secret.fromString("text", { allowUnlocked: true, revokeViews: true, label: "label" }),
      used.copy(),
    ];
    const other = make();
    purge();
    const codes = await Promise.all(secrets.map(async (secret) => [
      codeOf(() => secret.withBytes(() => {})),
      codeOf(() => secret.update(() => {})),
      codeOf(() => secret.open()),
      codeOf(() => secret.equals(other)),
      codeOf(() => secret.copy()),
      codeOf(() => secret.readInto(new Uint8Array(3))),
      codeOf(() => secret.share()),
      codeOf(() => secret.status()),
      await secret.withBytesAsync(() => {}).catch((error) => error.code),
    ]));
    codes.push([codeOf(() => Secret.attach(ticket))]);
    const closed = secrets.map((secret) => secret.isClosed);
    const { inUse, openWindows } = stats();
    report({ closed, codes, inUse, openWindows });
  `);
  assert.deepEqual(new Set(closed), new Set([true]));
  assert.deepEqual(new Set(codes.flat()), new Set([CLOSED]));
  assert.equal(inUse, 0);
  assert.equal(openWindows, 0);
});

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  test(`purging wipes at once, before anybody lets go of the secrets (${nameOf(rungs)})`, {
    skip: withoutZig || missing,
  }, async () => {
    const { before, after } = await withNative(
      "hostile",
      (path) =>
        purging<{ before: number[]; after: number[] }>(
          `
        import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
        import { untilIdle } from ${moduleUrl("tests/support/idle.ts")};
        const { hostile_count } = detectRuntime().load(${JSON.stringify(path)}, {
          hostile_count: { parameters: ["buffer", "u32", "u32"], result: "u32" },
        });
        const lengths = [1, 32, 4096, 100_000];
        const secrets = lengths.map((length) => Secret.from(new Uint8Array(length).fill(0xa7)));
        const views = [];
        for (const secret of secrets) secret.withBytes((view) => void views.push(view));
        const window = secrets[1].open();
        await untilIdle();
        const full = () => views.map((view) => hostile_count(view, view.byteLength, 0xa7));
        const before = full();
        purge();
        report({ before, after: full() });
        `,
          environmentOf(rungs),
        ),
    );
    assert.deepEqual(before, [1, 32, 4096, 100_000], "Closed pages cannot be seen here");
    assert.deepEqual(after, [0, 0, 0, 0]);
  });
}

test("a window that is open reads zeros after a purge; new and nested ones are refused", async () => {
  const seen = await purging<Record<string, unknown>>(`
    const secret = make();
    const seen = secret.withBytes((bytes) => {
      const before = [...bytes];
      purge();
      const nested = codeOf(() => secret.withBytes(() => {}));
      return { before, after: [...bytes], nested, length: bytes.length, closed: secret.isClosed };
    });
    report({
      ...seen,
      later: codeOf(() => secret.withBytes(() => {})),
      openWindows: stats().openWindows,
      inUse: stats().inUse,
    });
  `);
  assert.deepEqual(seen, {
    before: [1, 2, 3],
    after: [0, 0, 0],
    nested: CLOSED,
    length: 3,
    closed: true,
    later: CLOSED,
    openWindows: 0,
    inUse: 0,
  });
});

test("every kind of window that is open survives a purge in good order", async () => {
  const seen = await purging<Record<string, unknown>>(`
    const one = make();
    const updated = one.update((bytes) => {
      purge();
      const after = [...bytes];
      bytes[0] = 5;
      return [...after, bytes[0]];
    });
    const two = make();
    const window = two.open();
    const outer = two.withBytes((bytes) => two.withBytes(() => {
      purge();
      return [...bytes];
    }));
    const opened = [...window.bytes];
    window[Symbol.dispose]();
    const three = make();
    const later = await three.withBytesAsync(async (bytes) => {
      await null;
      purge();
      await null;
      return [...bytes];
    });
    let filled;
    const filling = failureOf(() => Secret.fill(3, (bytes) => {
      bytes[0] = 1;
      purge();
      filled = [...bytes];
    }));
    const secrets = [one, two, three];
    report({
      updated,
      outer,
      opened,
      later,
      filled,
      filling,
      closed: secrets.map((secret) => secret.isClosed),
      openWindows: stats().openWindows,
      inUse: stats().inUse,
    });
  `);
  const zeros = [0, 0, 0];
  assert.deepEqual(seen, {
    updated: [...zeros, 5],
    outer: zeros,
    opened: zeros,
    later: zeros,
    filled: zeros,
    filling: null,
    closed: [true, true, true],
    openWindows: 0,
    inUse: 0,
  });
});

test("secrets made after a purge work, also inside a window of a purged one", async () => {
  const seen = await purging<Record<string, unknown>>(`
    const old = make();
    const inside = old.withBytes(() => {
      purge();
      const secret = make();
      return [secret.isClosed, secret.withBytes((bytes) => [...bytes])];
    });
    const later = make();
    const values = later.withBytes((bytes) => [...bytes]);
    report({ inside, values, closed: later.isClosed, inUse: stats().inUse });
  `);
  assert.deepEqual(seen, {
    inside: [false, [1, 2, 3]],
    values: [1, 2, 3],
    closed: false,
    inUse: 2,
  });
});

test("purging twice, and closing what was purged, is fine", async () => {
  const { failure, purges, states, inUse } = await purging<
    { failure: Failure | null; purges: number; states: boolean[]; inUse: number }
  >(`
    const secrets = [make(), make(), make()];
    const failure = failureOf(() => {
      secrets[0].close();
      purge();
      purge();
      secrets[1].close();
      secrets[1].close();
      secrets[2][Symbol.dispose]();
    });
    await secrets[0][Symbol.asyncDispose]();
    await secrets[2][Symbol.asyncDispose]();
    const { purges, inUse } = stats();
    report({ failure, purges, inUse, states: secrets.map((secret) => secret.isClosed) });
  `);
  assert.equal(failure, null);
  assert.equal(purges, 2);
  assert.deepEqual(states, [true, true, true]);
  assert.equal(inUse, 0);
});

test("the pages of purged secrets are given back when these are closed", {
  skip: ownPages("a pool keeps a page of each size"),
}, async () => {
  const { free, afterClose, resting, locked, spaces } = await purging<
    { free: number; afterClose: number; resting: number; locked: number; spaces: number }
  >(`
    make().close();
    const { freePages: free, lockedBytes } = stats();
    const secrets = Array.from({ length: 50 }, () => make());
    const used = Array.from({ length: 10 }, () => make());
    for (const secret of used) secret.withBytes((bytes) => bytes[0]);
    const large = Secret.random(100_000);
    purge();
    for (const secret of [...secrets, ...used, large]) secret.close();
    const { freePages: afterClose, restingPages: resting, arenas, lockedBytes: left } = stats();
    Secret.random(100_000).close();
    const spaces = stats().arenas - arenas;
    report({ free, afterClose, resting, locked: left - lockedBytes, spaces });
  `);
  // A view of these ten may be alive.
  assert.equal(resting, 10);
  assert.equal(afterClose, free - 10);
  assert.equal(locked, 0);
  // The address space of the large one is used again.
  assert.equal(spaces, 0);
});

test("a purge in a Worker closes the main thread's secrets, and the other way round", async () => {
  const seen = await purging<Record<string, unknown>>(`
    import { withWorker } from ${moduleUrl("tests/support/worker.ts")};
    const url = new URL(${moduleUrl("tests/workers/purger.ts")});
    const ask = async (worker, message) => {
      worker.post(message);
      return await worker.receive();
    };
    const secret = make();
    const shared = make();
    shared.share();
    const window = secret.open();
    const seen = await withWorker(url, async (worker) => {
      const before = [await ask(worker, "look"), secret.isClosed, [...window.bytes]];
      const after = [await ask(worker, "purge"), secret.isClosed, shared.isClosed];
      const zeros = [...window.bytes];
      const codes = [codeOf(() => secret.withBytes(() => {})), codeOf(() => shared.open())];
      const other = make();
      const alive = other.withBytes((bytes) => [...bytes]);
      return { before, after, zeros, codes, alive };
    });
    window[Symbol.dispose]();
    const back = await withWorker(url, async (worker) => {
      const before = await ask(worker, "look");
      purge();
      return [before.closed, (await ask(worker, "look")).closed];
    });
    report({ ...seen, back, openWindows: stats().openWindows });
  `);
  assert.deepEqual(seen, {
    before: [{ closed: false, purges: 0 }, false, [1, 2, 3]],
    after: [{ closed: true, purges: 1 }, true, true],
    zeros: [0, 0, 0],
    codes: [CLOSED, CLOSED],
    alive: [1, 2, 3],
    back: [false, true],
    openWindows: 0,
  });
});
