import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChildOptions } from "./support/child.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { withNative, withoutZig } from "./support/native.ts";
import { moduleUrl, reported } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";

/** What a forked child found: see `hostile_fork` in native/hostile.zig. */
const ZEROS = 0;
const SOMETHING = 1;
const NOTHING = 2;

/** Runs code in a child; `fork(view)` is what a fork of that finds in the view's memory. */
function forking<T>(code: string, options: ChildOptions = {}): Promise<T> {
  return withNative("hostile", (path) =>
    reported<T>(
      `
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const { hostile_fork } = detectRuntime().load(${JSON.stringify(path)}, {
        hostile_fork: { parameters: ["buffer", "u32"], result: "u32" },
      });
      const fork = (view) => hostile_fork(view, view.byteLength);
      const bytes = (length) => new Uint8Array(length).fill(0xa7);
      const intact = (secret) => secret.withBytes((view) => view.every((byte) => byte === 0xa7));
      ${code}
      `,
      options,
    ));
}

test("a forked child finds ordinary memory as its parent has it: the probe works", {
  skip: withoutZig,
}, async () => {
  const found = await forking<number[]>(`report([fork(bytes(64)), fork(new Uint8Array(64))]);`);
  assert.deepEqual(found, [SOMETHING, ZEROS]);
});

for (const { skip: missing, ...rungs } of EVERY_RUNG) {
  const env = environmentOf(rungs);
  /** The kernel wipes private memory in a child, and leaves out what is shared by its nature. */
  const found = rungs.store === "secretmem" ? NOTHING : ZEROS;
  const what = found === NOTHING ? "nothing" : "zeros";

  test(
    `a forked child finds ${what} in an open secret; its parent's bytes stay (${nameOf(rungs)})`,
    {
      skip: withoutZig || missing,
    },
    async () => {
      const seen = await forking<unknown>(
        `
      const secrets = [1, 32, 4096, 100_000].map((length) => Secret.from(bytes(length)));
      const found = secrets.map((secret) => secret.withBytes(fork));
      for (const secret of secrets) found.push(await secret.withBytesAsync(fork));
      report({ found, same: secrets.every(intact) });
      `,
        { env },
      );
      assert.deepEqual(seen, { found: new Array(8).fill(found), same: true });
    },
  );

  test(`a forked child that opens a closed secret's page finds ${what} (${nameOf(rungs)})`, {
    skip: withoutZig || missing,
  }, async () => {
    const seen = await forking<unknown>(
      `
      const secrets = [1, 32, 4096, 100_000].map((length) => Secret.from(bytes(length)));
      let view;
      const found = secrets.map((secret) => {
        secret.withBytes((inside) => void (view = inside));
        return fork(view);
      });
      report({ found, same: secrets.every(intact) });
      `,
      { env },
    );
    assert.deepEqual(seen, { found: new Array(4).fill(found), same: true });
  });

  test(`a forked child finds ${what} in the page of a secret closed before (${nameOf(rungs)})`, {
    skip: withoutZig || missing,
  }, async () => {
    const seen = await forking<number>(
      `
      const secret = Secret.from(bytes(32));
      let view;
      secret.withBytes((inside) => void (view = inside));
      secret.close();
      report(fork(view));
      `,
      { env },
    );
    assert.equal(seen, found);
  });
}

test("memory that could not be locked is wiped in a forked child as well", {
  skip: withoutZig || withoutMemlock,
}, async () => {
  const { store, found, same } = await forking<{ store: string; found: number[]; same: boolean }>(
    `
    const secret = Secret.from(bytes(32), { allowUnlocked: true });
    const found = [secret.update(fork), secret.withBytes(fork)];
    report({ store: secret.status().store, found, same: intact(secret) });
    `,
    { wrapper: memlock(0) },
  );
  assert.equal(store, "unlocked");
  assert.deepEqual(found, [ZEROS, ZEROS]);
  assert.equal(same, true);
});

test(
  "a forked child that ends as processes do disturbs nothing, and its parent's bytes are intact",
  {
    skip: withoutZig,
  },
  async () => {
    const { ends, same } = await withNative(
      "hostile",
      (path) =>
        reported<{ ends: number[]; same: boolean }>(`
      import { detectRuntime } from ${moduleUrl("src/native/library.ts")};
      const { hostile_fork_and_end } = detectRuntime().load(${JSON.stringify(path)}, {
        hostile_fork_and_end: { parameters: ["u32"], result: "u32" },
      });
      const bytes = new Uint8Array(100_000).fill(0xa7);
      const secrets = [32, 4096, 100_000].map((length) => Secret.from(bytes.slice(0, length)));
      const window = secrets[0].open();
      const ends = [hostile_fork_and_end(0), hostile_fork_and_end(7)];
      window[Symbol.dispose]();
      const intact = (secret) => secret.withBytes((view) => view.every((byte) => byte === 0xa7));
      report({ ends, same: secrets.every(intact) && Secret.random(32).length === 32 });
    `),
    );
    assert.deepEqual(ends, [0, 7]);
    assert.equal(same, true);
  },
);
