import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { library } from "../src/native/library.ts";
import { ROOT } from "./support/child.ts";
import { moduleUrl, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";

/** The library that counts its system calls, built apart from the one that ships. */
const counting = join(
  ROOT,
  "zig-out",
  basename(dirname(library().path)),
  "libsecurememory-faults.so",
);
const skip = unless(
  "faults",
  existsSync(counting),
  "the counting library is not built; scripts/setup.mjs does it",
);

/** How often the core called the system, by the names of `STEPS`, without what was not called. */
type Counts = { readonly [step: string]: number };

/** Runs code in a child; `counted(action)` gives the system calls of an action. */
function inCountingChild<T>(code: string): Promise<T> {
  return reported<T>(
    `
    import { library } from ${moduleUrl("src/native/library.ts")};
    import { STEPS } from ${moduleUrl("src/native/abi.ts")};
    const { runtime, path } = library();
    const faults = runtime.load(path, {
      securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
      securememory_fault_count: { parameters: ["u32"], result: "u32" },
    });
    const counted = (action) => {
      faults.securememory_fault_arm(0, 0, 0);
      action();
      const counts = STEPS.map((name, step) => [name || "all", faults.securememory_fault_count(step)]);
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    };
    const make = () => Secret.from(new Uint8Array([1, 2, 3]));
    ${code}
    `,
    { env: { SECUREMEMORY_LIBRARY: counting } },
  );
}

test("the first secret maps and locks its arena: the calls are counted", { skip }, async () => {
  const first = await inCountingChild<Counts>("report(counted(make));");
  assert.ok((first.mmap ?? 0) >= 1);
  assert.ok((first.mlock ?? 0) >= 16, "An arena is locked page by page");
  assert.ok((first.all ?? 0) > (first.mlock ?? 0));
});

test("making 100 secrets changes protections, and neither maps, marks nor locks", {
  skip,
}, async () => {
  const calls = await inCountingChild<Counts>(`
    make();
    const made = [];
    report(counted(() => {
      while (made.length < 100) made.push(make());
    }));
  `);
  // Opened to be written, and closed.
  assert.deepEqual(calls, { all: 200, mprotect: 200 });
});

test("100 windows change the protection twice each, and nothing else", { skip }, async () => {
  const { single, nested } = await inCountingChild<{ single: Counts; nested: Counts }>(`
    const secret = make();
    const single = counted(() => {
      for (let round = 0; round < 100; round++) secret.withBytes((bytes) => bytes[0]);
    });
    const nested = counted(() => secret.withBytes(() => {
      for (let round = 0; round < 99; round++) secret.withBytes((bytes) => bytes[0]);
    }));
    report({ single, nested });
  `);
  assert.deepEqual(single, { all: 200, mprotect: 200 });
  assert.deepEqual(nested, { all: 2, mprotect: 2 });
});

test("closing 100 secrets gives their pages back without unmapping or unlocking", {
  skip,
}, async () => {
  const { closing, again } = await inCountingChild<{ closing: Counts; again: Counts }>(`
    const made = Array.from({ length: 100 }, make);
    const closing = counted(() => {
      for (const secret of made) secret.close();
    });
    const again = counted(() => {
      for (let round = 0; round < 100; round++) make().close();
    });
    report({ closing, again });
  `);
  assert.deepEqual(closing, { all: 200, mprotect: 200 });
  assert.deepEqual(again, { all: 400, mprotect: 400 });
});

test("100 random secrets add one call of getrandom each", { skip }, async () => {
  const calls = await inCountingChild<Counts>(`
    make();
    report(counted(() => {
      for (let round = 0; round < 100; round++) Secret.random(32).close();
    }));
  `);
  assert.deepEqual(calls, { all: 500, mprotect: 400, getrandom: 100 });
});
