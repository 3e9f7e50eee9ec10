/**
 * Faults that speak, and those that must be handled as if this library were not there. What
 * is said of each kind of fault is in death_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { configure, Secret } from "../mod.ts";
import { type ChildOptions, type Outcome, runCode, RUNTIME } from "./support/child.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { withNative, withoutZig } from "./support/native.ts";
import { unless } from "./support/skip.ts";

/** Where memory faults are signals. Windows has others. */
const skip = unless("proc", HAS_SMAPS, "faults are not signals here");

const supportUrl = (file: string) => new URL(`./support/${file}`, import.meta.url).href;

const PRELUDE = `
  import { addressOf, bytesAt } from ${JSON.stringify(supportUrl("memory.ts"))};
  import process from "node:process";
  const { configure, Secret } = securememory;
  const stale = (secret) => {
    let kept;
    secret.withBytes((bytes) => { kept = bytes; });
    return kept;
  };
  /** Not folded, not left out: what it returns is printed. */
  const touch = (bytes, index = 0) => bytes[index];
  const make = (label) => Secret.from(new Uint8Array(32).fill(0x41), { label });
  /** Where nothing is mapped. */
  const nowhere = () => bytesAt(4096n, 1);
`;

const run = (code: string, options?: ChildOptions) => runCode(PRELUDE + code, options);

/** Our lines on standard error. */
const lines = ({ stderr }: Pick<Outcome, "stderr">) =>
  stderr.split("\n").filter((line) => line.startsWith("securememory"));

const KEPT = "a view of it or a pointer to it was kept; the process has to stop";
const said = (name: string, offset = 0) =>
  `securememory: read of ${name} at offset ${offset} outside its window: ${KEPT}`;

function died(outcome: Outcome, ...expected: string[]): void {
  const { signal, stdout, stderr } = outcome;
  assert.deepEqual([lines(outcome), stdout, signal], [expected, "before\n", "SIGSEGV"], stderr);
}

const STALE_READ = `
  const kept = stale(make("mine"));
  console.log("before");
  console.log("after", touch(kept, 3));
`;
const MINE = said('the secret "mine" (32 bytes)', 3);

/** How a process ended, without what differs from one run of a runtime to the next. */
const shape = ({ status, signal, stdout, stderr }: Outcome) => ({
  status,
  signal,
  stdout,
  // Bun's report: what it was doing, the thread that a signal came to, and its state as an address.
  stderr: stderr
    .replaceAll(/^(?:Args|Features|Builtins): .*|https:\/\/bun\.report\S+/gm, "...")
    .replace(/^panic\([^)]*\)/m, "panic")
    .replaceAll(/0x[\dA-F]+|\d+(\.\d+)?/g, "0"),
});

describe("the line can be turned off", { skip }, () => {
  const OFF: readonly (readonly [string, string, Record<string, string>?])[] = [
    ["by `configure()` before the first secret", `configure({ diagnostics: false });`],
    ["by `configure()` after it", `make("other"); configure({ diagnostics: false });`],
    ["by SECUREMEMORY_DIAGNOSTICS=0", "", { SECUREMEMORY_DIAGNOSTICS: "0" }],
    [
      "by the environment again, when `configure()` takes back what it said",
      `make("other"); configure({ diagnostics: true }); configure({ diagnostics: undefined });`,
      { SECUREMEMORY_DIAGNOSTICS: "0" },
    ],
  ];
  for (const [name, code, env = {}] of OFF) {
    it(name, async () => died(await run(code + STALE_READ, { env })));
  }

  const ON: typeof OFF = [
    ["by nobody", ""],
    [
      "and on again",
      `make("other"); configure({ diagnostics: false });
      configure({ diagnostics: true });`,
    ],
    [
      "and back to what it was",
      `make("other"); configure({ diagnostics: false });
      configure({ diagnostics: undefined });`,
    ],
    [
      "by the environment, over which `configure()` wins",
      `configure({ diagnostics: true });`,
      { SECUREMEMORY_DIAGNOSTICS: "0" },
    ],
    ["by no other value of the environment", "", { SECUREMEMORY_DIAGNOSTICS: "1" }],
    [
      "by no call that is about something else",
      `make("other"); configure({ diagnostics: true }); configure({ label: "x" });`,
      { SECUREMEMORY_DIAGNOSTICS: "0" },
    ],
  ];
  for (const [name, code, env = {}] of ON) {
    it(`on: ${name}`, async () => died(await run(code + STALE_READ, { env }), MINE));
  }

  it("with no other difference in how the process ends", async () => {
    const on = await run(STALE_READ);
    const off = await run(`configure({ diagnostics: false });` + STALE_READ);
    died(on, MINE);
    assert.deepEqual(shape({ ...on, stderr: on.stderr.replace(`${MINE}\n`, "") }), shape(off));
  });

  it("by nothing but a boolean", () => {
    for (const value of [null, 0, 1, "false", {}]) {
      assert.throws(() => configure({ diagnostics: value as never }), TypeError);
    }
  });

  it("and no handler is installed then", async () => {
    const { stdout, status } = await run(`
      import { readFileSync } from "node:fs";
      const caught = () => readFileSync("/proc/self/status", "utf8").match(/SigCgt:.*/)[0];
      caught();
      const before = caught();
      configure({ diagnostics: false });
      make("mine");
      console.log(before === caught());
    `);
    assert.deepEqual([stdout, status], ["true\n", 0]);
  });
});

describe("the label", { skip }, () => {
  const shows = (label: string, shown: string | undefined) => async () => {
    const code = `
      const kept = stale(make(${JSON.stringify(label)}));
      console.log("before");
      console.log("after", touch(kept));
    `;
    const name = shown === undefined ? "a secret" : `the secret "${shown}"`;
    died(await run(code), said(`${name} (32 bytes)`));
  };

  it("may be missing", async () => {
    const code = `
      const kept = stale(Secret.random(1));
      console.log("before");
      console.log("after", touch(kept));
    `;
    died(await run(code), said("a secret (1 byte)"));
  });
  it("may be empty, which is as good as none", shows("", undefined));
  it("may be in any script", shows("ключ 鍵 🔑", "ключ 鍵 🔑"));
  it(
    "cannot end its quotes or its line",
    shows(
      'x" (1 byte)\nsecurememory: forged\r\0\u2028\u202e',
      "x? (1 byte)?securememory: forged????",
    ),
  );
  it("cannot send a terminal anything", shows("\x1b[2J\x9b2J\x7f", "?[2J?2J?"));
  it("of 10,000 characters is cut", shows("l".repeat(10_000), `${"l".repeat(52)}…`));
  it("is cut between characters", shows("🔑".repeat(5_000), `${"🔑".repeat(13)}…`));
  it(
    "with halves of characters shows that they are none",
    shows("a\ud800b\udc00c", "a\ufffdb\ufffdc"),
  );

  it("is that of the secret, not of one before or beside it", async () => {
    const outcome = await run(`
      for (let round = 0; round < 300; round++) make("gone " + round).close();
      const secrets = Array.from({ length: 200 }, (_, index) => make("number " + index));
      const kept = stale(secrets[123]);
      console.log("before");
      console.log("after", touch(kept));
    `);
    died(outcome, said('the secret "number 123" (32 bytes)'));
  });

  it("of a secret whose pages were used again is not that of the next one", async () => {
    const outcome = await run(`
      for (let round = 0; round < 300; round++) make("gone").close();
      const kept = stale(Secret.random(32));
      console.log("before");
      console.log("after", touch(kept));
    `);
    died(outcome, said("a secret (32 bytes)"));
  });
});

describe("a Worker", { skip }, () => {
  const WORKERS = `
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    const inWorker = (message) => new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      worker.on("error", reject).on("message", resolve);
      worker.postMessage(message);
    });
  `;
  /** The code of the main thread, and that of a Worker, which is sent `message`. */
  const both = (main: string, worker: string) =>
    `${WORKERS}
    if (isMainThread) { ${main} }
    else parentPort.on("message", (message) => {
      const answer = (() => { ${worker} })();
      parentPort.postMessage(answer ?? null);
    });
  `;
  const DIES = `
    const kept = stale(Secret.attach(message));
    touch(kept);
    console.log("after", touch(kept));
  `;

  it("that reads a stale view of its own secret is told of", async () => {
    const outcome = await run(both(
      `console.log("before"); await inWorker("go");`,
      `const kept = stale(make("theirs")); return touch(kept);`,
    ));
    died(outcome, said('the secret "theirs" (32 bytes)'));
  });

  it("that reads a stale view of a shared secret is told of", async () => {
    const outcome = await run(both(
      `const secret = make("ours"); console.log("before"); await inWorker(secret.share());`,
      DIES,
    ));
    died(outcome, said('the secret "ours" (32 bytes)'));
  });

  it("that only starts does not turn on what was turned off", async () => {
    const outcome = await run(both(
      `configure({ diagnostics: false }); const secret = make("ours");
       console.log("before"); await inWorker(secret.share());`,
      DIES,
    ));
    died(outcome);
  });

  it("that says no before it attaches a secret turns it off for all threads", async () => {
    const outcome = await run(both(
      `const secret = make("ours"); console.log("before"); await inWorker(secret.share());`,
      `configure({ diagnostics: false });` + DIES,
    ));
    died(outcome);
  });

  it("turns it off for all threads", async () => {
    const outcome = await run(both(
      `const kept = stale(make("ours")); await inWorker("off");
       console.log("before"); console.log("after", touch(kept));`,
      `make("theirs"); configure({ diagnostics: false });`,
    ));
    died(outcome);
  });
});

/**
 * (module (memory 1) (func (export "load") (param i32) (result i32) local.get 0 i32.load))
 */
const WASM = `
  const code = new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 1,
    7, 8, 1, 4, 0x6c, 0x6f, 0x61, 0x64, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x28, 2, 0, 0x0b,
  ]);
  const instantiate = () => new WebAssembly.Instance(new WebAssembly.Module(code)).exports.load;
  /** How many of 10,000 loads beyond the memory were caught. */
  const trap = (load) => {
    let caught = 0;
    for (let round = 0; round < 10_000; round++) {
      try {
        load(0x7fffff00);
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) caught += 1;
      }
    }
    if (load(16) !== 0) throw new Error("A load inside the memory failed");
    return caught;
  };
`;

test("where pages of a large secret were, a pointer is told of as long as the process runs", {
  skip,
}, async () => {
  // Address space is never given back: nobody else's memory is ever there.
  const outcome = await run(`
    const large = (length) => Secret.random(length);
    const first = large(300_000);
    const address = first.withBytes(addressOf);
    first.close();
    for (let round = 0; round < 64; round++) {
      const other = large(400_000);
      other.withBytes(() => {});
      other.close();
    }
    console.log("before");
    console.log("after", touch(bytesAt(address, 1)));
  `);
  died(outcome, `securememory: read of a page of a closed secret: ${KEPT}`);
});

describe("faults of others are handled as without us:", { skip }, () => {
  it("traps of WebAssembly, instantiated before and after, in a Worker too", async () => {
    const { stdout, stderr, status } = await run(`${WASM}
      import { isMainThread, parentPort, Worker } from "node:worker_threads";
      const counts = [];
      const early = instantiate();
      counts.push(trap(early));
      const kept = stale(make("mine"));
      counts.push(trap(early), trap(instantiate()));
      if (!isMainThread) parentPort.postMessage(counts);
      else {
        const worker = new Worker(new URL(import.meta.url));
        const theirs = new Promise((resolve) => worker.on("message", resolve));
        counts.push(trap(early));
        counts.push(...await theirs, trap(early));
        console.log(counts.join(" "));
        await worker.terminate();
        process.exit(0);
      }
    `);
    assert.deepEqual([stdout, status], [`${new Array(8).fill(10_000).join(" ")}\n`, 0], stderr);
    assert.equal(stderr.includes("securememory"), false, stderr);
  });

  it("traps of WebAssembly, and then a fault of ours is told of all the same", async () => {
    const outcome = await run(
      `${WASM}
      const load = instantiate();
      make("other");
      if (trap(load) !== 10_000) throw new Error("A trap was lost");
    ` + STALE_READ,
    );
    died(outcome, MINE);
  });

  /** Runs it three times: with the library only, with diagnostics off, with them on. */
  async function alike(code: string, options?: ChildOptions): Promise<Outcome> {
    const without = await run(`securememory.capabilities();` + code, options);
    const off = await run(`configure({ diagnostics: false }); make("mine");` + code, options);
    const on = await run(`make("mine");` + code, options);
    assert.deepEqual(lines(on), []);
    assert.deepEqual(shape(on), shape(off));
    assert.deepEqual(shape(on), shape(without));
    return on;
  }

  it("a read where nothing is mapped", async () => {
    died(await alike(`console.log("before"); console.log("after", touch(nowhere()));`));
  });

  it("a write where nothing is mapped", async () => {
    died(await alike(`console.log("before"); nowhere()[0] = 1; console.log("after");`));
  });

  it("a SIGSEGV sent by another process", async () => {
    const outcome = await alike(`
      import { execFileSync } from "node:child_process";
      console.log("before");
      const kill = () => execFileSync("kill", ["-SEGV", String(process.pid)]);
      kill();
      // The handler that Deno's own runtime has takes the first for a fault, and resets itself.
      if (${RUNTIME === "deno"}) kill();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      console.log("after");
    `);
    died(outcome);
  });

  it("a SIGSEGV that the process sends to itself", async () => {
    const outcome = await alike(`
      console.log("before");
      for (let round = 0; round < 2; round++) {
        try { process.kill(process.pid, "SIGSEGV"); } catch (error) { console.log(error.message); }
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
      console.log("after");
    `);
    died(outcome);
  });
});

const SA_RESETHAND = 0x80000000;
const SA_NODEFER = 0x40000000;
const SA_ONSTACK = 0x08000000;
const SA_RESTART = 0x10000000;

describe("with the handler of another library", { skip: skip || withoutZig }, () => {
  /** Runs code that has `native`, the functions of tests/native/handlers.zig. */
  const withHandlers = (code: string) =>
    withNative("handlers", (path) =>
      run(`
        import { library } from ${
        JSON.stringify(new URL("../src/native/library.ts", import.meta.url).href)
      };
        const native = library().runtime.load(${JSON.stringify(path)}, {
          handlers_install: { parameters: ["u32", "u32", "u32"], result: "i32" },
          handlers_touch: { parameters: ["u32"], result: "u32" },
          handlers_close: { parameters: [], result: "i32" },
          handlers_seen: { parameters: ["u32"], result: "u32" },
          handlers_flags: { parameters: [], result: "u32" },
          handlers_send: { parameters: [], result: "i32" },
        });
        const install = (kind, flags = 0, masks = 0) => {
          if (native.handlers_install(kind, flags, masks) !== 1) throw new Error("Not installed");
        };
        const DEFAULT = 0, IGNORE = 1, RECOVER = 2, LEAVE = 3;
        /** Of its faults: all, with SIGSEGV blocked, reset, strange, with SIGUSR1 blocked, on its stack. */
        const seen = () => [0, 1, 2, 3, 4, 5].map((what) => native.handlers_seen(what)).join(" ");
        /** Faults in pages of its own, from which its handler recovers. */
        const recover = (rounds) => {
          for (let round = 0; round < rounds; round++) {
            native.handlers_close();
            for (let page = 0; page < 64; page++) {
              if (native.handlers_touch(page) !== 0) throw new Error("Not zero");
            }
          }
          return seen();
        };
        ${code}
      `));

  it("before ours, which recovers: it does, and ours speaks", async () => {
    const outcome = await withHandlers(
      `
      install(RECOVER);
      const early = recover(1);
      make("other");
      if (recover(10) !== "704 704 0 0 0 0") throw new Error(recover(0));
    ` + STALE_READ,
    );
    died(outcome, MINE);
    assert.match(outcome.stderr, /process has to stop\npassed on\n/);
  });

  const FLAGS: readonly (readonly [string, number, number, string])[] = [
    ["SA_NODEFER", SA_NODEFER, 0, "64 0 0 0 0 0"],
    ["SA_NODEFER and a mask", SA_NODEFER, 1, "64 0 0 0 64 0"],
    ["SA_ONSTACK", SA_ONSTACK, 0, "64 64 0 0 0 64"],
    ["a mask", 0, 1, "64 64 0 0 64 0"],
    ["no flag", 0, 0, "64 64 0 0 0 0"],
  ];
  for (const [name, flags, masks, seen] of FLAGS) {
    it(`before ours, with ${name}: its mask and its stack are what they would be`, async () => {
      for (const diagnostics of [false, true]) {
        const outcome = await withHandlers(`
          install(RECOVER, ${flags}, ${masks});
          configure({ diagnostics: ${diagnostics} });
          make("mine");
          console.log(recover(1));
        `);
        assert.deepEqual([outcome.stdout, outcome.status], [`${seen}\n`, 0], outcome.stderr);
      }
    });
  }

  it("before ours, with SA_RESETHAND: it is called once, and finds itself reset", async () => {
    for (const diagnostics of [false, true]) {
      const outcome = await withHandlers(`
        install(RECOVER, ${SA_RESETHAND});
        configure({ diagnostics: ${diagnostics} });
        make("mine");
        native.handlers_touch(0);
        console.log("before");
        if ([0, 1, 2, 3].map((what) => native.handlers_seen(what)).join(" ") !== "1 1 1 0") {
          console.log("wrong");
        }
        native.handlers_touch(1);
        console.log("after");
      `);
      died(outcome);
    }
  });

  it("after ours, which recovers: it does, and passes on to ours", async () => {
    const outcome = await withHandlers(
      `
      make("other");
      install(RECOVER);
      if (recover(10) !== "640 640 0 0 0 0") throw new Error(recover(0));
    ` + STALE_READ,
    );
    died(outcome, MINE);
    assert.match(outcome.stderr, /passed on\nsecurememory: /);
  });

  it("after ours, which passes nothing on: it is as if ours were not there", async () => {
    const outcome = await withHandlers(`make("other"); install(LEAVE);` + STALE_READ);
    const { status, signal, stdout, stderr } = outcome;
    assert.deepEqual([status, signal, stdout, stderr], [7, null, "before\n", "left\n"]);
  });

  it("after ours, which passes nothing on: ours goes in front again when it is told to", async () => {
    const outcome = await withHandlers(
      `
      make("other");
      install(LEAVE);
      configure({ diagnostics: true });
    ` + STALE_READ,
    );
    const { status, signal, stdout, stderr } = outcome;
    assert.deepEqual([status, signal, stdout, stderr], [7, null, "before\n", `${MINE}\nleft\n`]);
  });

  it("which is in front and behind ours: it is told of once, and the process ends", async () => {
    const outcome = await withHandlers(
      `
      make("other");
      for (let round = 0; round < 3; round++) {
        install(RECOVER);
        configure({ diagnostics: true });
      }
    ` + STALE_READ,
    );
    died(outcome, MINE);
  });

  it("which is in front and behind ours: traps of WebAssembly find their handler", async () => {
    const { stdout, stderr, status } = await withHandlers(`${WASM}
      const load = instantiate();
      make("other");
      install(RECOVER);
      configure({ diagnostics: true });
      install(RECOVER);
      console.log(trap(load));
    `);
    assert.deepEqual(
      [stdout, status, lines({ stderr })],
      ["10000\n", 0, []],
      stderr.slice(0, 1000),
    );
  });

  it("and none at all: the default, which ours restores", async () => {
    died(await withHandlers(`install(DEFAULT);` + STALE_READ), MINE);
    const elsewhere = `console.log("before"); console.log("after", touch(nowhere()));`;
    died(await withHandlers(`install(DEFAULT); make("mine");` + elsewhere));
    const sent = `console.log("before"); native.handlers_send(); console.log("after");`;
    died(await withHandlers(`install(DEFAULT); make("mine");` + sent));
  });

  it("and a signal that is ignored: not if it is a fault, which the kernel does not ignore", async () => {
    died(await withHandlers(`install(IGNORE);` + STALE_READ), MINE);
    const elsewhere = `console.log("before"); console.log("after", touch(nowhere()));`;
    died(await withHandlers(`install(IGNORE); make("mine");` + elsewhere));
    const { stdout, status } = await withHandlers(`
      install(IGNORE);
      make("mine");
      for (let round = 0; round < 3; round++) native.handlers_send();
      // A system call that it interrupts goes on, as it would have.
      console.log("alive", (native.handlers_flags() & ${SA_RESTART}) !== 0);
    `);
    assert.deepEqual([stdout, status], ["alive true\n", 0]);
  });
});

it("a secret that is never touched wrongly is never spoken of", { skip }, async () => {
  const { stdout, stderr, status } = await run(`
    for (let round = 0; round < 100; round++) {
      const secret = make("quiet");
      secret.withBytes((bytes) => touch(bytes));
      secret.update((bytes) => { bytes[0] = 1; });
      secret.close();
    }
    console.log("done");
  `);
  assert.deepEqual([stdout, status], ["done\n", 0]);
  assert.equal(stderr.includes("securememory"), false, stderr);
});

it("a label has no effect on the secret itself", () => {
  using secret = Secret.from(new Uint8Array([1, 2]), { label: "\ud800\n".repeat(5_000) });
  assert.deepEqual(secret.withBytes((bytes) => [...bytes]), [1, 2]);
});
