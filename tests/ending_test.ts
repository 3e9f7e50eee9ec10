/**
 * However the process ends, its secrets are wiped before its memory is given back: seen from
 * outside, at the last moment at which a debugger could look. See zig/ending.zig.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RUNTIME } from "./support/child.ts";
import { Ender, type Ending } from "./support/ending.ts";
import { withoutZig } from "./support/native.ts";
import { moduleUrl } from "./support/report.ts";

let ender: Ender;
before(() => {
  if (withoutZig === false) ender = new Ender();
});
after(() => ender?.[Symbol.dispose]());

/** The secret was there, and is gone. */
function assertWiped({ before, atExit, printed }: Ending, lengths: readonly number[]): void {
  assert.deepEqual(before, lengths, `Nothing is proved where it cannot be seen: ${printed}`);
  assert.deepEqual(atExit, lengths.map(() => 0), printed);
}

interface Way {
  readonly name: string;
  readonly code: string;
  readonly status: number;
  /** What the runtime has to say of it. */
  readonly says?: RegExp;
}

const WAYS: readonly Way[] = [
  { name: "the last statement", code: "", status: 0 },
  { name: "process.exitCode", code: "process.exitCode = 7;", status: 7 },
  { name: "process.exit(0)", code: "process.exit(0);", status: 0 },
  { name: "process.exit(3)", code: "process.exit(3);", status: 3 },
  { name: "process.reallyExit(3)", code: "process.reallyExit(3);", status: 3 },
  ...(RUNTIME === "deno" ? [{ name: "Deno.exit(4)", code: "Deno.exit(4);", status: 4 }] : []),
  {
    name: "an uncaught exception",
    code: `throw new Error("on purpose");`,
    status: 1,
    says: /on purpose/,
  },
  {
    name: "an uncaught exception in a timer",
    code: `setTimeout(() => { throw new Error("on purpose"); }); await turn(10_000);`,
    status: 1,
    says: /on purpose/,
  },
  {
    name: "an unhandled rejection",
    code: `Promise.reject(new Error("on purpose")); await turn(10_000);`,
    status: 1,
    says: /on purpose/,
  },
  {
    name: "an uncaught exception inside a window",
    code: `secret.withBytes(() => { throw new Error("on purpose"); });`,
    status: 1,
    says: /on purpose/,
  },
  {
    name: "an exit inside a window",
    code: `secret.withBytes(() => process.exit(3));`,
    status: 3,
  },
  {
    name: "an exit inside update()",
    code: `secret.update((bytes) => { bytes.fill(0xa7); process.exit(3); });`,
    status: 3,
  },
  {
    name: "an exit inside update(), after a purge",
    code: `secret.update((bytes) => { securememory.purge(); bytes.fill(0xa7); process.exit(3); });`,
    status: 3,
  },
  {
    name: "an exit inside a window of open()",
    code: `const window = secret.open(); window.bytes[0]; process.exit(3);`,
    status: 3,
  },
  {
    name: "an exit inside withBytesAsync()",
    code: `await secret.withBytesAsync(async () => { await turn(); process.exit(3); });`,
    status: 3,
  },
  {
    name: "an exit inside Secret.fill()",
    code: `Secret.fill(32, (bytes) => { bytes.fill(0xa7); process.exit(3); });`,
    status: 3,
  },
];

for (const { name, code, status, says } of WAYS) {
  test(`wiped at the end: ${name}`, { skip: withoutZig }, async () => {
    const ending = await ender.end(`const secret = make();\nlook(secret);\n${code}`);
    assertWiped(ending, [32]);
    assert.deepEqual({ status: ending.status, signal: ending.signal }, { status, signal: null });
    if (says === undefined) assert.equal(ending.printed, "");
    else assert.match(ending.printed, says);
  });
}

test("every secret is wiped at the end, whatever was done to it before", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    const shared = make(64);
    shared.share();
    const opened = make(4096);
    const window = opened.open();
    look(make(), make(100_000), shared, opened, Secret.attach(shared.share()));
  `);
  assertWiped(ending, [32, 100_000, 64, 4096, 64]);
});

test("a secret that is being filled when the process exits is wiped", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    Secret.fill(32, (bytes) => {
      bytes.fill(0xa7);
      console.log("look " + addressOf(bytes).toString(16) + " 32");
      ready();
      process.exit(3);
    }, { store: "locked" });
  `);
  assertWiped(ending, [32]);
  assert.equal(ending.status, 3);
});

test("the application's own exit listener can use its secrets, and is not counted upon", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    const listeners = process.eventNames().map((name) => process.listenerCount(name));
    const secret = make();
    look(secret);
    console.error(JSON.stringify(process.eventNames().map((name) => process.listenerCount(name))) ===
      JSON.stringify(listeners));
    process.on("exit", () => {
      console.error("sum " + secret.withBytes((bytes) => bytes.reduce((sum, byte) => sum + byte)));
      make().withBytes((bytes) => bytes[0]);
      process.exitCode = 9;
    });
  `);
  assertWiped(ending, [32]);
  assert.equal(ending.printed.trim(), `true\nsum ${32 * 0xa7}`);
  assert.equal(ending.status, 9);
});

test("a handler of uncaught exceptions goes on with its secrets", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    const secret = make();
    look(secret);
    process.on("uncaughtException", () => {
      console.error("length " + secret.withBytes((bytes) => bytes.length));
      process.exit(8);
    });
    setTimeout(() => { throw new Error("on purpose"); });
    await turn(10_000);
  `);
  assertWiped(ending, [32]);
  assert.equal(ending.printed.trim(), "length 32");
  assert.equal(ending.status, 8);
});

const WORKER = moduleUrl("tests/workers/keeper.ts");

/** A Worker that holds a secret of its own, told where that is. */
const WITH_WORKER = `
const worker = new Worker(new URL(${WORKER}));
const next = () => new Promise((resolve) => worker.once("message", resolve));
const place = await next();
console.log("look " + place + " 32");
`;

test("the end with a Worker alive wipes the secrets of both threads", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`${WITH_WORKER} look(make()); process.exit(5);`);
  assertWiped(ending, [32, 32]);
  assert.equal(ending.status, 5);
});

test("a natural end with a Worker that nobody waits for wipes the secrets of both", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`${WITH_WORKER} look(make()); worker.unref();`);
  assertWiped(ending, [32, 32]);
  assert.equal(ending.status, 0);
});

test("the end wipes secrets that a Worker opens and closes all the time", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    ${WITH_WORKER}
    worker.postMessage("storm");
    await next();
    look(make());
    process.exit(5);
  `);
  assertWiped(ending, [32, 32]);
  assert.equal(ending.status, 5);
});

for (const way of ["end", "exit", "terminate"]) {
  test(`a Worker's end (${way}) leaves every secret alone; its own is wiped with the process`, {
    skip: withoutZig,
  }, async () => {
    const ending = await ender.end(`
      ${WITH_WORKER}
      const secret = make();
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      if (${JSON.stringify(way)} === "terminate") worker.terminate();
      else worker.postMessage(${JSON.stringify(way)});
      await ended;
      await turn(100);
      // Had it wiped anything, the control would not find its bytes now.
      look(secret);
      console.error(secret.isClosed, securememory.stats().inUse);
    `);
    assertWiped(ending, [32, 32]);
    assert.equal(ending.printed.trim(), "false 2");
    assert.equal(ending.status, 0);
  });
}

test("a Worker that was the first to load the library does not take it along", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    ${WITH_WORKER}
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("end");
    await ended;
    globalThis.gc?.();
    await turn(200);
    look(make());
    console.error(securememory.stats().inUse);
  `);
  assertWiped(ending, [32, 32]);
  assert.equal(ending.printed.trim(), "2");
});
