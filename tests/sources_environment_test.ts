import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { Secret, SecretFactory, SourceError } from "../mod.ts";
import {
  type ChildOptions,
  commandLine,
  patience,
  ROOT,
  runCode,
  RUNTIME,
  withModule,
} from "./support/child.ts";
import { runDeno, withoutDeno } from "./support/deno.ts";
import { find, withoutReading } from "./support/find.ts";
import { unless } from "./support/skip.ts";

/**
 * Copies of a variable that JavaScript has not read, after it was scrubbed and its secret closed.
 * Bun copies all of the environment to its heap when it starts (the table behind
 * `process.env`), and gives nobody the address.
 */
const COPIES = { bun: 1, deno: 0, node: 0 }[RUNTIME];

const skip = unless("linux", process.platform === "linux", "the kernel's block is Linux's");
const limits = { skip, timeout: patience(60_000) };

/** What a child says that has `securememory` and one variable. */
async function said(code: string, value: string, options: ChildOptions = {}): Promise<string> {
  const outcome = await runCode(`import process from "node:process";${code}`, {
    ...options,
    env: { SECUREMEMORY_TEST: value, ...options.env },
  });
  assert.deepEqual([outcome.status, outcome.signal], [0, null], outcome.stderr);
  return outcome.stdout.trimEnd();
}

const NAME = '"SECUREMEMORY_TEST"';
const READ = (options = "") => `securememory.Secret.fromEnv(${NAME}${options})`;
const SCRUB = READ(", { scrub: true }");
/** The error of a call, in words. */
const THROWN = (call: string) =>
  `(() => { try { ${call}; return "nothing"; } catch (error) { return error.name + ": " + error.message; } })()`;
const FAILED = `SourceError: Cannot create a secret from the environment variable ${NAME}: `;

describe("Secret.fromEnv", () => {
  it("gives the bytes of a variable, and leaves it as it is", limits, async () => {
    const value = " =pä55=🔑 ";
    const code = `
      const secret = ${READ()};
      console.log(secret.withBytes((bytes) => bytes.toHex()), process.env[${NAME}] === ${
      JSON.stringify(value)
    });
    `;
    assert.equal(await said(code, value), `${Buffer.from(value).toString("hex")} true`);
  });

  it("gives a variable as long as Linux allows", limits, async () => {
    // MAX_ARG_STRLEN, include/uapi/linux/binfmts.h: with the name, the sign and the zero.
    const value = "0123456789abcdef".repeat(8192).slice(
      0,
      131072 - "SECUREMEMORY_TEST=".length - 1,
    );
    const code = `
      import { createHash } from "node:crypto";
      const secret = ${SCRUB};
      console.log(secret.length, secret.withBytes((bytes) => createHash("sha256").update(bytes).digest("hex")));
    `;
    const { createHash } = await import("node:crypto");
    const hash = createHash("sha256").update(value).digest("hex");
    assert.equal(await said(code, value), `${value.length} ${hash}`);
  });

  it("is there in a factory, with its options", limits, async () => {
    assert.equal(typeof new SecretFactory().fromEnv, "function");
    const code = `
      const made = new securememory.SecretFactory({ store: "locked", label: "token" })
        .fromEnv(${NAME}, { scrub: true, store: undefined });
      console.log(made.length, made.status().store, ${NAME} in process.env);
    `;
    assert.equal(await said(code, "factory"), "7 locked false");
  });

  it("refuses what no variable can be called", () => {
    for (const name of [undefined, null, 1, {}, Symbol()]) {
      assert.throws(() => Secret.fromEnv(name as string), {
        name: "TypeError",
        message: /^Cannot read an environment variable: its name must be a string, current value/,
      });
    }
    for (
      const [name, why] of [
        ["", "be empty"],
        ["A=B", "have an equals sign in it"],
        ["A\0", "have a zero character in it"],
        ["A\ud800", "have a lone surrogate in it"],
      ] as const
    ) {
      assert.throws(() => Secret.fromEnv(name), {
        name: "TypeError",
        message: `Cannot read an environment variable: its name must not ${why}`,
      });
    }
  });

  it("refuses wrong options, and leaves the variable", limits, async () => {
    assert.throws(() => Secret.fromEnv("PATH", { scrub: 1 as unknown as boolean }), {
      name: "TypeError",
      message: "Cannot use the option scrub: it must be a boolean, current value is 1",
    });
    assert.throws(() => Secret.fromEnv("PATH", { maxBytes: 1 } as object), /the option maxBytes/);
    assert.throws(() => Secret.fromEnv("PATH", null as unknown as undefined), TypeError);
    const code = `
      console.log(${THROWN(READ(", { scrub: true, alignment: 3 }"))}, process.env[${NAME}]);
    `;
    assert.match(await said(code, "kept"), /^RangeError: .* kept$/);
  });

  it("says that a variable is not set", () => {
    assert.throws(() => Secret.fromEnv("SECUREMEMORY_NO_SUCH"), (error) => {
      assert.ok(error instanceof SourceError);
      assert.equal(
        error.message,
        'Cannot create a secret from the environment variable "SECUREMEMORY_NO_SUCH": it is not set',
      );
      assert.deepEqual([error.code, error.errno, error.syscall], ["SOURCE_FAILED", 0, ""]);
      return true;
    });
  });

  it("knows whole names only", limits, async () => {
    const code = ["SECUREMEMORY_TES", "SECUREMEMORY_TEST_", "ECUREMEMORY_TEST"].map((name) =>
      `console.log(${THROWN(`securememory.Secret.fromEnv("${name}", { scrub: true })`)});`
    ).join("\n");
    const printed = (await said(`${code} console.log(process.env[${NAME}]);`, "kept")).split("\n");
    assert.equal(printed.pop(), "kept");
    assert.equal(printed.length, 3);
    assert.ok(printed.every((line) => line.endsWith(": it is not set")), printed.join());
  });

  it("says that a variable is empty", limits, async () => {
    assert.equal(await said(`console.log(${THROWN(READ())});`, ""), `${FAILED}it is empty`);
  });

  it("gives what was set since, where that is not in JavaScript alone", limits, async () => {
    const code = `
      process.env[${NAME}] = "since";
      process.env.SECUREMEMORY_NEW = "new";
      const hex = (name, scrub) => securememory.Secret.fromEnv(name, { scrub }).withBytes((bytes) => new TextDecoder().decode(bytes));
      console.log(hex(${NAME}, true), ${NAME} in process.env);
      console.log(${THROWN('console.log(hex("SECUREMEMORY_NEW", true))')});
    `;
    const printed = await said(code, "before");
    if (RUNTIME === "bun") {
      // It tells nobody else what is set there.
      assert.equal(
        printed,
        'before false\nSourceError: Cannot create a secret from the environment variable "SECUREMEMORY_NEW": ' +
          "only this thread's JavaScript has it, as a string that cannot be wiped. " +
          "Set it before the process starts, or use Secret.fromString",
      );
    } else assert.equal(printed, "since false\nnew\nnothing");
  });

  it("does not give what was deleted", limits, async () => {
    if (RUNTIME === "bun") return;
    const code = `delete process.env[${NAME}]; console.log(${THROWN(READ())});`;
    assert.equal(await said(code, "gone"), `${FAILED}it is not set`);
  });

  it("gives the first of two of a name, and scrubs both", {
    ...limits,
    skip: skip ||
      unless(
        "python",
        spawnSync("python3", ["-c", "import ctypes"], { stdio: "ignore" }).status === 0,
        "python3 is not installed",
      ),
  }, async () => {
    const code = `
      import { readFileSync } from "node:fs";
      const secret = ${SCRUB};
      console.log(secret.withBytes((bytes) => new TextDecoder().decode(bytes)));
      console.log(${THROWN(READ())});
      console.log(readFileSync("/proc/self/environ", "latin1").split("SECUREMEMORY_TEST=\\0\\0\\0").length);
    `;
    const strings = ["first", "second"].map((value) => `SECUREMEMORY_TEST=${value}`);
    const others = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const printed = await said(code, "unused", {
      wrapper: [
        "python3",
        `${ROOT}tests/support/execve.py`,
        JSON.stringify([strings[0], ...others, strings[1]]),
      ],
    });
    assert.deepEqual(printed.split("\n"), ["first", `${FAILED}it is not set`, "3"]);
  });
});

describe("Secret.fromEnv on Deno", () => {
  const code = `
    const said = (use) => { try { return use(); } catch (error) { return error.name + ": " + error.message; } };
    console.log(said(() => securememory.Secret.fromEnv(${NAME}, { scrub: true }).length));
    console.log(said(() => securememory.Secret.fromEnv(${NAME}).length));
  `;
  const env = { SECUREMEMORY_TEST: "permitted" };

  it("takes the permission for the variable", {
    skip: withoutDeno,
    timeout: patience(60_000),
  }, async () => {
    const flags = ["--allow-ffi", "--allow-env=SECUREMEMORY_TEST"];
    const { stdout, stderr } = await runDeno(code, flags, env);
    assert.equal(stdout, `9\n${FAILED}it is not set\n`, stderr);
  });

  it("fails without it, asks nobody, and leaves the variable", {
    skip: withoutDeno,
    timeout: patience(60_000),
  }, async () => {
    // Without --no-prompt: what is not granted must not be asked for.
    for (const flags of [["--allow-ffi"], ["--allow-ffi", "--allow-env=PATH"]]) {
      const { status, stdout, stderr } = await runDeno(code, flags, env);
      const wanted =
        `${FAILED}reading it is not permitted. Run Deno with --allow-env=SECUREMEMORY_TEST\n`;
      assert.deepEqual([status, stdout], [0, wanted + wanted], stderr);
    }
  });
});

describe("scrub", () => {
  it("leaves nothing of the value in the environment, nor in JavaScript's", limits, async () => {
    const code = `
      import { readFileSync } from "node:fs";
      const value = readFileSync("/proc/self/environ", "latin1").match(/SECUREMEMORY_TEST=([^\\0]*)/)[1];
      const secret = ${SCRUB};
      const block = readFileSync("/proc/self/environ", "latin1");
      console.log(value, block.includes(value), block.includes("SECUREMEMORY_TEST=" + "\\0".repeat(value.length)));
      console.log(process.env[${NAME}], ${NAME} in process.env, Object.keys(process.env).includes(${NAME}));
      if (globalThis.Deno !== undefined) console.log(Deno.env.get(${NAME}), Deno.env.has(${NAME}), "undefined");
      else console.log(undefined, false, process.env.PATH === undefined ? "lost" : "undefined");
    `;
    assert.deepEqual((await said(code, "some value")).split("\n"), [
      "some value false true",
      "undefined false false",
      "undefined false undefined",
    ]);
  });

  /** What children are given by each way of starting one: how often the value is in it. */
  const given = (made: string, ...ways: string[]) => `
    import { spawnSync } from "node:child_process";
    const secret = ${made};
    const text = [${ways.join(", ")}].join();
    console.log(text.split("inherited").length - 1, text.includes("PATH="));
  `;
  const BY_NODE = 'spawnSync("env", { encoding: "utf8" }).stdout';
  const BY_DENO = 'new TextDecoder().decode(new Deno.Command("env").outputSync().stdout)';
  const BY_BUN = 'new TextDecoder().decode(Bun.spawnSync(["env"]).stdout)';

  it("keeps the variable from children that start later", limits, async () => {
    const ways = RUNTIME === "deno" ? [BY_NODE, BY_DENO] : [BY_NODE];
    assert.equal(await said(given(SCRUB, ...ways), "inherited"), "0 true");
    // The control: they have it otherwise.
    assert.equal(await said(given(READ(), ...ways), "inherited"), `${ways.length} true`);
  });

  it("does not keep it from those that Bun starts from its own copy", {
    ...limits,
    skip: skip || unless("bun", RUNTIME === "bun", "this is not Bun"),
  }, async () => {
    assert.equal(await said(given(SCRUB, BY_BUN), "inherited"), "1 true");
    const passed = BY_BUN.replace('["env"]', '["env"], { env: process.env }');
    assert.equal(await said(given(SCRUB, passed), "inherited"), "0 true");
  });

  it("in a Worker holds for the process", limits, async () => {
    const code = `
      import { isMainThread, parentPort, Worker } from "node:worker_threads";
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        worker.on("message", (said) => {
          console.log(said, ${THROWN(READ())});
          process.exit(0);
        });
      } else parentPort.postMessage(${SCRUB}.length + " " + process.env[${NAME}]);
    `;
    const printed = await said(code, "four");
    // Bun has an object for each thread, which still has it here.
    const why = RUNTIME === "bun" ? "only this thread's JavaScript has it" : "it is not set";
    assert.ok(printed.startsWith(`4 undefined ${FAILED}${why}`), printed);
  });

  it("crashes nobody who reads the environment meanwhile", limits, async () => {
    const names = Array.from({ length: 300 }, (_, index) => `SECUREMEMORY_TEST_${index}`);
    const code = `
      import { isMainThread, parentPort, SHARE_ENV, Worker } from "node:worker_threads";
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url), { env: SHARE_ENV });
        await new Promise((go) => worker.once("message", go));
        let bytes = 0;
        for (let index = 0; index < ${names.length}; index++) {
          using secret = securememory.Secret.fromEnv("SECUREMEMORY_TEST_" + index, { scrub: true });
          bytes += secret.length;
        }
        console.log(bytes, Object.keys(process.env).filter((name) => /^SECUREMEMORY_TEST_[0-9]+$/.test(name)).length);
        process.exit(0);
      } else {
        parentPort.postMessage("here");
        for (;;) for (const name of Object.keys(process.env)) void process.env[name];
      }
    `;
    const env = Object.fromEntries(names.map((name) => [name, "0123456789"]));
    assert.equal(await said(code, "", { env }), `${names.length * 10} 0`);
  });
});

describe("copies of a variable", () => {
  const reading = { ...limits, skip: skip || withoutReading };

  /** How often the value is in the memory of a child, and in what others see of its environment. */
  function counted(code: string): Promise<{ copies: number; shown: boolean }> {
    const value = randomBytes(16).toString("hex");
    return withModule(
      `${code}\nconsole.log("here");\nsetTimeout(() => {}, 60_000);`,
      async (path) => {
        const [program, ...args] = commandLine(path) as [string, ...string[]];
        const child = spawn(program, args, {
          env: { ...process.env, SECUREMEMORY_TEST: value, SECUREMEMORY_STORE: "locked" },
          stdio: ["ignore", "pipe", "inherit"],
        });
        const timer = setTimeout(() => child.kill("SIGKILL"), patience(50_000));
        try {
          const { value: line } = await createInterface(child.stdout)[Symbol.asyncIterator]()
            .next();
          assert.equal(line, "here");
          const texts = [Buffer.from(value), Buffer.from(value, "utf16le")];
          const found = find(child.pid as number, texts) as number[];
          const shown = readFileSync(`/proc/${child.pid}/environ`, "latin1").includes(value);
          return { copies: (found[0] as number) + (found[1] as number), shown };
        } finally {
          clearTimeout(timer);
          child.kill("SIGKILL");
        }
      },
    );
  }

  it("are those of the system and the runtime before it is scrubbed", reading, async () => {
    assert.deepEqual(await counted(""), { copies: 1 + COPIES, shown: true });
    // And one on the page.
    assert.deepEqual(await counted(`globalThis.secret = ${READ()};`), {
      copies: 2 + COPIES,
      shown: true,
    });
  });

  it(
    `are one on the page afterwards, and on this runtime ${COPIES} elsewhere`,
    reading,
    async () => {
      assert.deepEqual(await counted(`globalThis.secret = ${SCRUB};`), {
        copies: 1 + COPIES,
        shown: false,
      });
      assert.deepEqual(await counted(`${SCRUB}.close();`), { copies: COPIES, shown: false });
    },
  );

  it("stay where they are if JavaScript deletes it", reading, async () => {
    const code = `import process from "node:process"; delete process.env[${NAME}];`;
    assert.deepEqual(await counted(code), { copies: 1 + COPIES, shown: true });
  });

  it("are in the heap, too, once JavaScript has read it", reading, async () => {
    const code = `import process from "node:process"; globalThis.kept = process.env[${NAME}];`;
    const { copies } = await counted(`${code}${SCRUB}.close();`);
    assert.ok(copies >= 1 + COPIES, `${copies}`);
  });
});
