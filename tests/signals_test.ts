/**
 * What becomes of a process that is told to end. Signals are the process's, so each test has
 * a child.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { UnsupportedError } from "../mod.ts";
import { purgeOnSignals } from "../src/signals.ts";
import { type Outcome, RUNTIME } from "./support/child.ts";
import { Ender } from "./support/ending.ts";
import { withoutZig } from "./support/native.ts";
import { moduleUrl, notOnLinux, reported, runReporting } from "./support/report.ts";

let ender: Ender;
before(() => {
  if (withoutZig === false) ender = new Ender();
});
after(() => ender?.[Symbol.dispose]());

const HELPERS = `
const { purgeOnSignals } = securememory;
const secret = Secret.from(new Uint8Array([1, 2, 3]));
const said = [];
/** There listeners that were added before ours run before it. */
const isDeno = "Deno" in globalThis;
const send = (name) => process.kill(process.pid, name);
const turn = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** Long enough for a signal to arrive and to do what it does. */
const arrive = async (name) => {
  send(name);
  await turn(300);
};
`;

/** A child that has to report. */
function signalled<T>(code: string): Promise<T> {
  return reported<T>(HELPERS + code);
}

/** A child that may end in any way. */
function ended(code: string): Promise<Outcome> {
  return runReporting(HELPERS + code);
}

for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"]) {
  test(`${name} wipes the secrets, and then ends the process as it does without us`, {
    skip: withoutZig,
  }, async () => {
    const ending = await ender.end(`
      purgeOnSignals([${JSON.stringify(name)}]);
      const secret = make();
      look(secret);
      process.kill(process.pid, ${JSON.stringify(name)});
      await turn(10_000);
    `);
    assert.deepEqual(ending.before, [32], ending.printed);
    assert.deepEqual(ending.atExit, [0]);
    assert.deepEqual({ status: ending.status, signal: ending.signal }, {
      status: null,
      signal: name,
    });
    assert.equal(ending.printed, "");
  });
}

test("without it a signal ends the process and nothing is wiped: signals are the application's", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    look(make());
    process.kill(process.pid, "SIGTERM");
    await turn(10_000);
  `);
  assert.deepEqual(ending.before, [32]);
  assert.deepEqual(ending.atExit, [32]);
  assert.equal(ending.signal, "SIGTERM");
});

test("a signal from outside does the same, also inside an asynchronous window", {
  skip: withoutZig,
}, async () => {
  const ending = await ender.end(`
    import { spawn } from "node:child_process";
    purgeOnSignals(["SIGTERM", "SIGINT"]);
    const secret = make();
    look(secret);
    spawn("sh", ["-c", "kill -INT " + process.pid], { stdio: "ignore" });
    await secret.withBytesAsync(() => turn(10_000));
  `);
  assert.deepEqual(ending.before, [32], ending.printed);
  assert.deepEqual(ending.atExit, [0]);
  assert.equal(ending.signal, "SIGINT");
});

test("other listeners run as before, after the purge, and the process goes on", {
  skip: notOnLinux,
}, async () => {
  const seen = await signalled<unknown>(`
    const listener = (name) => said.push(["before", name, isDeno || secret.isClosed]);
    process.on("SIGTERM", listener);
    purgeOnSignals(["SIGTERM"]);
    process.on("SIGTERM", () => said.push(["after", secret.isClosed]));
    await turn(1);
    await arrive("SIGTERM");
    const later = Secret.random(32);
    await arrive("SIGTERM");
    report({ said, closed: [secret.isClosed, later.isClosed], listeners: process.listenerCount("SIGTERM") });
  `);
  const once = [["before", "SIGTERM", true], ["after", true]];
  assert.deepEqual(seen, { said: [...once, ...once], closed: [true, true], listeners: 3 });
});

for (const add of ["once", "prependOnceListener", "prependListener"]) {
  for (const order of ["before", "after"]) {
    test(`a listener of process.${add} handles the signal, added ${order} ours`, {
      skip: notOnLinux,
    }, async () => {
      const seen = await signalled<unknown>(`
        const others = () => process.${add}("SIGTERM", () => said.push(isDeno || secret.isClosed));
        if (${order === "before"}) others();
        purgeOnSignals(["SIGTERM"]);
        if (${order === "after"}) others();
        await turn(1);
        await arrive("SIGTERM");
        report({ said, closed: secret.isClosed });
      `);
      assert.deepEqual(seen, { said: [true], closed: true });
    });
  }
}

test("a listener that handled the signal once does not stand for the next one", {
  skip: notOnLinux,
}, async () => {
  const { signal, stdout } = await ended(`
    purgeOnSignals(["SIGTERM"]);
    process.prependOnceListener("SIGTERM", () => console.log("once"));
    await arrive("SIGTERM");
    await arrive("SIGTERM");
    console.log("alive");
  `);
  assert.equal(stdout, "once\n");
  assert.equal(signal, "SIGTERM");
});

test("a listener that ends the process decides how", { skip: notOnLinux }, async () => {
  const { status, signal } = await ended(`
    process.on("SIGTERM", async () => {
      await turn(100);
      process.exit(secret.isClosed ? 12 : 13);
    });
    purgeOnSignals(["SIGTERM"]);
    await arrive("SIGTERM");
    await turn(5000);
  `);
  assert.deepEqual({ status, signal }, { status: 12, signal: null });
});

test("listeners that fail do so as before, and the secrets are wiped first", {
  skip: notOnLinux,
}, async () => {
  const seen = await signalled<unknown>(`
    process.on("uncaughtException", (error) => said.push(error.message, secret.isClosed));
    purgeOnSignals(["SIGTERM"]);
    process.on("SIGTERM", () => { throw new Error("on purpose"); });
    await arrive("SIGTERM");
    report(said);
  `);
  assert.deepEqual(seen, ["on purpose", true]);
});

test("it keeps no event loop alive, and changes no exit code", { skip: notOnLinux }, async () => {
  const { status, signal, stderr } = await ended(`
    purgeOnSignals(["SIGTERM", "SIGINT", "SIGHUP"]);
    process.exitCode = 6;
  `);
  assert.deepEqual({ status, signal, stderr }, { status: 6, signal: null, stderr: "" });
});

test("calling it twice adds, and each call can be taken back by itself", {
  skip: notOnLinux,
}, async () => {
  const seen = await signalled<unknown>(`
    const names = ["SIGTERM", "SIGINT", "newListener", "removeListener"];
    const now = () => names.map((name) => process.listenerCount(name));
    const start = now();
    const counts = [];
    const look = () => counts.push(now().map((count, index) => count - start[index]));
    const first = purgeOnSignals(["SIGTERM"]);
    const second = purgeOnSignals(["SIGINT", "SIGTERM", "SIGTERM"]);
    look();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    look();
    second[Symbol.dispose]();
    look();
    report(counts);
  `);
  assert.deepEqual(seen, [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]);
});

test("taken back, a signal does what it did before", { skip: notOnLinux }, async () => {
  const { signal, stdout } = await ended(`
    process.on("exit", () => console.log("exit"));
    purgeOnSignals(["SIGTERM"])[Symbol.dispose]();
    await arrive("SIGTERM");
    console.log("alive");
  `);
  assert.deepEqual({ signal, stdout }, { signal: "SIGTERM", stdout: "" });
});

test("without the default action the process goes on", { skip: notOnLinux }, async () => {
  const seen = await signalled<unknown>(`
    purgeOnSignals(["SIGTERM"], { defaultAction: false });
    purgeOnSignals(["SIGTERM"]);
    await arrive("SIGTERM");
    report(secret.isClosed);
  `);
  assert.equal(seen, true);
});

test("on Deno a listener of Deno.addSignalListener runs once, as it does without us", {
  skip: RUNTIME === "deno" ? notOnLinux : "this is about Deno",
}, async () => {
  const seen = await signalled<unknown>(`
    Deno.addSignalListener("SIGTERM", () => said.push("deno"));
    purgeOnSignals(["SIGTERM"], { defaultAction: false });
    await arrive("SIGTERM");
    report({ said, closed: secret.isClosed });
  `);
  assert.deepEqual(seen, { said: ["deno"], closed: true });
});

test("signals that cannot be waited for are refused by name, and nothing is done", {
  skip: notOnLinux,
}, async () => {
  const { failures, listeners } = await signalled<
    { failures: { name: string; code: string; message: string }[]; listeners: number }
  >(`
    const names = ["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGCHLD", "SIGPIPE", "SIGNONE", "toString", ""];
    const failures = names.map((name) => failureOf(() => purgeOnSignals(["SIGTERM", name])));
    report({ failures, listeners: process.listenerCount("SIGTERM") });
  `);
  assert.equal(listeners, 0);
  for (const { name, code } of failures) {
    assert.deepEqual([name, code], ["UnsupportedError", "UNSUPPORTED"]);
  }
  const [kill] = failures;
  assert.match(kill?.message ?? "", /"SIGKILL".*SIGTERM/);
  assert.match(failures.at(-3)?.message ?? "", /"SIGNONE": this system has none/);
});

test("wrong arguments are refused", () => {
  const refused: (() => unknown)[] = [
    // @ts-expect-error: an array of names.
    () => purgeOnSignals("SIGTERM"),
    // @ts-expect-error: names, not numbers.
    () => purgeOnSignals([15]),
    // @ts-expect-error: there has to be something.
    () => purgeOnSignals(),
    // @ts-expect-error: options are an object.
    () => purgeOnSignals([], 5),
    // @ts-expect-error: a boolean.
    () => purgeOnSignals([], { defaultAction: "no" }),
  ];
  for (const call of refused) assert.throws(call, TypeError);
  assert.throws(() => purgeOnSignals(["SIGKILL"]), UnsupportedError);
});

test("no signal at all is fine", () => {
  using _guard = purgeOnSignals([]);
});

test("a Worker is told that no signal reaches it", { skip: notOnLinux }, async () => {
  const seen = await signalled<{ code: string; message: string }>(`
    import { Worker } from "node:worker_threads";
    const worker = new Worker(new URL(${moduleUrl("tests/workers/signals.ts")}));
    report(await new Promise((resolve) => worker.once("message", resolve)));
    await worker.terminate();
  `);
  assert.equal(seen.code, "UNSUPPORTED");
  assert.match(seen.message, /in a Worker/);
});

test("before the first secret it loads no library, and a signal ends the process", {
  skip: notOnLinux,
}, async () => {
  const { signal, stdout } = await runReporting(`
    securememory.purgeOnSignals(["SIGTERM"]);
    console.log(readFileSync("/proc/self/maps", "utf8").includes("libsecurememory"));
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => {}, 10_000);
  `);
  assert.deepEqual({ signal, stdout }, { signal: "SIGTERM", stdout: "false\n" });
});
