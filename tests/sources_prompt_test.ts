import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { Secret, SecretFactory } from "../mod.ts";
import { patience, RUNTIME } from "./support/child.ts";
import { FAULTS, withoutFaults } from "./support/faults.ts";
import {
  type Session,
  type SessionOptions,
  withoutTerminal,
  withTerminal,
} from "./support/terminal.ts";
import { find, withoutReading } from "./support/find.ts";

const limits = { skip: withoutTerminal, timeout: patience(120_000) };

/** Asks once, and says in hexadecimal what was typed, or what was thrown. */
const ASK = `
  const { Secret } = securememory;
  const ask = (options) => {
    try {
      using secret = Secret.prompt("Word: ", options);
      return secret.withBytes((bytes) => bytes.toHex());
    } catch (error) {
      return [error.name, error.code, error.syscall, error.message].join("|");
    }
  };
`;
const ONCE = `${ASK} console.log(ask());`;
const FAILED = "SourceError|SOURCE_FAILED||Cannot create a secret from the terminal: ";

/** A child that says how far it is, and goes on when it gets SIGUSR2. */
const WAIT = `
  import process from "node:process";
  setTimeout(() => {}, 60_000);
  let go;
  process.on("SIGUSR2", () => go?.());
  const step = (word) => new Promise((resolve) => { go = resolve; console.log(word); });
`;

/** What a child says that was asked once, and typed that. */
function answered(typed: string, code = ONCE, options?: SessionOptions): Promise<string> {
  return withTerminal(code, async (session) => {
    await session.expect("Word: ");
    await session.type(typed);
    const { status, signal, stdout, stderr, terminal } = await session.end();
    assert.deepEqual([status, signal, stderr], [0, null, ""], stdout);
    // Nothing is echoed: a line end, and a beep for what was refused.
    assert.equal(terminal.replaceAll("\x07", ""), "\r\n");
    return stdout.trimEnd();
  }, options);
}

const hex = (text: string, encoding: "utf8" | "latin1" = "utf8") =>
  Buffer.from(text, encoding).toString("hex");
/** Bytes of UTF-8, as a terminal sends them. */
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

describe("Secret.prompt", () => {
  it("gives what was typed, up to Enter", limits, async () => {
    assert.equal(await answered("open sesame\r"), hex("open sesame"));
    assert.equal(await answered("with a line feed\n"), hex("with a line feed"));
  });

  it("takes bytes as the terminal sends them", limits, async () => {
    const text = "pä55 🔑\t\x1b[A\xff";
    assert.equal(
      await answered(`${utf8("pä55 🔑")}\t\x1b[A\xff\r`),
      hex(`${utf8("pä55 🔑")}\t\x1b[A\xff`, "latin1"),
      text,
    );
  });

  it("erases characters, words and lines", limits, async () => {
    assert.equal(await answered(`ab${utf8("é")}\x7f${utf8("🔑")}\x08c\r`), hex("abc"));
    assert.equal(await answered("\x7f\x7fx\r"), hex("x"));
    assert.equal(await answered("one two\x17three\r"), hex("one three"));
    assert.equal(await answered("wrong\x15right\r"), hex("right"));
  });

  it("echoes nothing while it asks, and leaves the terminal as it was", limits, async () => {
    await withTerminal(
      `${ASK} console.log("here"); await new Promise((go) => setTimeout(go, 200)); console.log(ask());`,
      async (session) => {
        await session.expect("here\n", "stdout");
        assert.deepEqual([session.before.echo, session.before.icanon, session.before.isig], [
          true,
          true,
          true,
        ]);
        assert.equal(await session.expect("Word: "), "Word: ");
        const asking = await session.modes();
        assert.deepEqual([asking.echo, asking.icanon, asking.isig], [false, false, true]);
        await session.type("secret");
        await session.pause(0.3);
        await session.type("\r");
        const { stdout, terminal } = await session.end();
        assert.equal(stdout, `${hex("secret")}\n`);
        assert.equal(terminal, "\r\n");
        assert.equal((await session.modes()).all, session.before.all);
      },
    );
  });

  it("drops what was typed before the question", limits, async () => {
    await withTerminal(
      `${WAIT} await step("here"); ${ONCE} process.exit();`,
      async (session) => {
        await session.expect("here\n", "stdout");
        await session.type("too early\r");
        await session.signal("SIGUSR2");
        await session.expect("Word: ");
        await session.type("in time\r");
        assert.equal((await session.end()).stdout, `${hex("in time")}\n`);
      },
    );
  });

  it("refuses an empty answer, and the end of input", limits, async () => {
    assert.equal(await answered("\r"), `${FAILED}the answer is empty`);
    assert.equal(await answered("x\x7f\r"), `${FAILED}the answer is empty`);
    assert.equal(await answered("\x04"), `${FAILED}the input ended before there was an answer`);
  });

  it("takes the end of input for a mistake inside an answer", limits, async () => {
    assert.equal(await answered("ab\x04c\r"), hex("abc"));
  });

  it("refuses an answer that is too long, and takes one that is not", limits, async () => {
    const code = `${ASK} console.log(ask({ maxBytes: 5 }));`;
    assert.equal(await answered("12345\r", code), hex("12345"));
    assert.equal(
      await answered("123456\r", code),
      `${FAILED}it has more than 5 bytes, the option maxBytes`,
    );
    // Cut short, it would be another one.
    assert.equal(
      await answered("123456\x7f\r", code),
      `${FAILED}it has more than 5 bytes, the option maxBytes`,
    );
    assert.equal(await answered("123456\x1512345\r", code), hex("12345"));
    assert.equal(await answered(`${"y".repeat(1024)}\r`), hex("y".repeat(1024)));
  });

  it("takes an answer that is longer than a line of the terminal's own", limits, async () => {
    const long = randomBytes(3000).toString("hex");
    const code = `${ASK} console.log(ask({ maxBytes: 10_000 }));`;
    assert.equal(
      await withTerminal(code, async (session) => {
        await session.expect("Word: ");
        for (let at = 0; at < long.length; at += 1000) {
          await session.type(long.slice(at, at + 1000));
          await session.pause(0.1);
        }
        await session.type("\r");
        return (await session.end()).stdout;
      }),
      `${hex(long)}\n`,
    );
  });

  it("asks again and again, with the terminal as standard input, too", limits, async () => {
    await withTerminal(`${ASK} console.log(ask()); console.log(ask());`, async (session) => {
      await session.expect("Word: ");
      await session.type("one\r");
      await session.expect("Word: ");
      await session.type("two\r");
      assert.equal((await session.end()).stdout, `${hex("one")}\n${hex("two")}\n`);
      assert.equal((await session.modes()).all, session.before.all);
    }, { terminal: true });
  });

  it("says that there is no terminal", limits, async () => {
    await withTerminal(ONCE, async (session) => {
      const { stdout } = await session.end();
      assert.equal(
        stdout,
        "SourceError|SOURCE_FAILED|open|Cannot create a secret from the terminal: this process has " +
          "none (open failed with ENXIO 6)\n",
      );
    }, { alone: true });
  });

  it("refuses what is no question, and no option", () => {
    for (const question of [undefined, null, 1, {}, Symbol()]) {
      assert.throws(() => Secret.prompt(question as string), {
        name: "TypeError",
        message: /^Cannot ask for a secret: the question must be a string, current value is /,
      });
    }
    for (const maxBytes of [0, -1, 1.5, NaN, 2 ** 32 - 1]) {
      assert.throws(() => Secret.prompt("?", { maxBytes }), RangeError);
    }
    assert.throws(() => Secret.prompt("?", { maxBytes: "1" as unknown as number }), TypeError);
    assert.throws(() => Secret.prompt("?", { scrub: true } as object), /the option scrub/);
    assert.throws(() => Secret.prompt("?", null as unknown as undefined), TypeError);
  });

  it("is there in a factory, with its options", limits, async () => {
    assert.equal(typeof new SecretFactory().prompt, "function");
    const code = `
      const { SecretFactory } = securememory;
      using made = new SecretFactory({ store: "locked", alignment: 64 }).prompt("Word: ", { maxBytes: 9 });
      console.log(made.length, made.status().store);
    `;
    assert.equal(await answered("factory\r", code), "7 locked");
  });
});

/** Whether the terminal is as it was. */
async function restored(session: Session): Promise<void> {
  assert.equal((await session.modes()).all, session.before.all);
}

describe("Secret.prompt and signals", () => {
  const PERISHED = `${ASK} console.log(ask()); setTimeout(() => {}, 500);`;

  for (
    const [how, send, signal] of [
      ["Ctrl-C", (session: Session) => session.type("\x03"), "SIGINT"],
      ["Ctrl-\\", (session: Session) => session.type("\x1c"), "SIGQUIT"],
      ["SIGTERM", (session: Session) => session.signal("SIGTERM"), "SIGTERM"],
      ["SIGHUP", (session: Session) => session.signal("SIGHUP"), "SIGHUP"],
      ["SIGALRM", (session: Session) => session.signal("SIGALRM"), "SIGALRM"],
    ] as const
  ) {
    it(`${how} ends the process, and the terminal is as it was`, limits, async () => {
      await withTerminal(PERISHED, async (session) => {
        await session.expect("Word: ");
        await session.type("half an ans");
        await session.pause(0.2);
        await send(session);
        const ended = await session.end();
        assert.deepEqual([ended.signal, ended.stdout], [signal, ""], ended.stderr);
        assert.equal(ended.terminal, "\r\n");
        await restored(session);
      });
    });
  }

  it("handlers are called, and the question fails", limits, async () => {
    const code = `
      import process from "node:process";
      ${ASK}
      for (const signal of ["SIGINT", "SIGTERM"]) {
        process.on(signal, () => {
          console.log("handled", signal);
          if (signal === "SIGTERM") process.exit(3);
        });
      }
      console.log(ask());
      await new Promise((go) => setTimeout(go, 300));
      console.log(ask());
      await new Promise((go) => setTimeout(go, 5000));
    `;
    await withTerminal(code, async (session) => {
      await session.expect("Word: ");
      await session.type("ab\x03");
      await session.expect("handled SIGINT\n", "stdout").then((text) => {
        assert.equal(text, `${FAILED}a signal interrupted the question\nhandled SIGINT\n`);
      });
      await session.expect("Word: ");
      await session.signal("SIGTERM");
      const ended = await session.end();
      assert.deepEqual(
        [ended.status, ended.stdout],
        [3, `${FAILED}a signal interrupted the question\nhandled SIGTERM\n`],
        ended.stderr,
      );
      await restored(session);
    });
  });

  it("what is ignored does not disturb", limits, async () => {
    // As under nohup(1). Node gives all signals their defaults when it starts.
    await withTerminal(PERISHED, async (session) => {
      await session.expect("Word: ");
      await session.signal("SIGHUP");
      await session.pause(0.3);
      if (RUNTIME !== "node") await session.type("still here\r");
      const { signal, stdout } = await session.end();
      const wanted = RUNTIME === "node" ? ["SIGHUP", ""] : [null, `${hex("still here")}\n`];
      assert.deepEqual([signal, stdout], wanted);
      await restored(session);
    }, { wrapper: ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"] });
  });

  it("Ctrl-Z stops the process, and the question comes again", limits, async () => {
    await withTerminal(ONCE, async (session) => {
      await session.expect("Word: ");
      await session.type("forgotten\x1a");
      assert.equal(await session.stopped(), "SIGTSTP");
      await restored(session);
      await session.signal("SIGCONT");
      await session.expect("Word: ");
      assert.equal((await session.modes()).echo, false);
      await session.type("anew\r");
      const ended = await session.end();
      assert.equal(ended.stdout, `${hex("anew")}\n`, ended.stderr);
      await restored(session);
    });
  });

  it(
    "in the background the process is stopped, and asks when it has the terminal",
    limits,
    async () => {
      await withTerminal(ONCE, async (session) => {
        assert.equal(await session.stopped(), "SIGTTOU");
        await restored(session);
        // Still in the background.
        await session.signal("SIGCONT");
        assert.equal(await session.stopped(), "SIGTTOU");
        await session.foreground(true);
        await session.signal("SIGCONT");
        await session.expect("Word: ");
        // SIGCONT may still be on its way; then the question comes again, and what was typed is dropped.
        await session.pause(1);
        await session.type("in front\r");
        const ended = await session.end();
        assert.equal(ended.stdout, `${hex("in front")}\n`, ended.stderr);
        await restored(session);
      }, { background: true });
    },
  );

  it("the process ends while a Worker asks, and the terminal is as it was", limits, async () => {
    const code = `
      import process from "node:process";
      import { Worker, isMainThread, parentPort } from "node:worker_threads";
      ${ASK}
      if (isMainThread) {
        securememory.Secret.random(1);
        new Worker(new URL(import.meta.url))
          .on("message", () => setTimeout(() => process.exit(5), 1500));
      } else {
        parentPort.postMessage("about to ask");
        ask();
      }
    `;
    await withTerminal(code, async (session) => {
      await session.expect("Word: ");
      assert.equal((await session.modes()).echo, false);
      if (RUNTIME === "node") {
        // It waits for its Workers, and this one for an answer. Then node:ffi of Node 26.10 stops the
        // process: it does not expect that a thread is terminated during a call.
        await session.pause(2.5);
        await session.type("\r");
      }
      const ended = await session.end();
      if (RUNTIME !== "node") {
        assert.deepEqual([ended.status, ended.signal], [5, null], ended.stderr);
      }
      await restored(session);
    });
  });

  it("a Worker asks, and signals do the same", limits, async () => {
    const code = `
      import { Worker, isMainThread, parentPort } from "node:worker_threads";
      ${ASK}
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        worker.on("message", (said) => {
          console.log(said);
          process.exit(0);
        });
      } else parentPort.postMessage(ask());
    `;
    await withTerminal(`import process from "node:process";${code}`, async (session) => {
      await session.expect("Word: ");
      await session.type("from a Worker\r");
      const ended = await session.end();
      assert.equal(ended.stdout, `${hex("from a Worker")}\n`, ended.stderr);
    });
    await withTerminal(`import process from "node:process";${code}`, async (session) => {
      await session.expect("Word: ");
      await session.type("half\x03");
      assert.equal((await session.end()).signal, "SIGINT");
      await restored(session);
    });
  });
});

describe("when a system call fails", () => {
  it("the question fails, nothing is left, and the terminal is as it was", {
    ...limits,
    skip: withoutTerminal || withoutFaults,
  }, async () => {
    const code = `
      ${ASK}
      import { library } from ${
      JSON.stringify(new URL("../src/native/library.ts", import.meta.url).href)
    };
      const { runtime, path } = library();
      const faults = runtime.load(path, {
        securememory_fault_arm: { parameters: ["u32", "u32", "u32"], result: "i32" },
        securememory_fault_count: { parameters: ["u32"], result: "u32" },
      });
      const { stats } = securememory;
      Secret.random(1).close();
      for (let k = 1; ; k++) {
        faults.securememory_fault_arm(k, 1, 1);
        const said = ask();
        const calls = faults.securememory_fault_count(0);
        faults.securememory_fault_arm(0, 0, 1);
        console.log(JSON.stringify([k, said, stats().inUse, stats().openWindows]));
        if (k > calls) break;
        await new Promise((go) => setTimeout(go, 20));
      }
      console.log("end");
    `;
    await withTerminal(code, async (session) => {
      const text = await session.insist("ab\r", "end\n");
      const lines = text.trimEnd().split("\n").slice(0, -1).map((line) => JSON.parse(line));
      for (const [k, said, inUse, openWindows] of lines) {
        assert.match(said, /^([0-9a-f]+|\w+Error\|\w+\|\w+\|.*failed with EPERM 1.*)$/, `${k}`);
        assert.deepEqual([inUse, openWindows], [0, 0], `${k}: ${said}`);
      }
      const failed = lines.map(([, said]) => said.split("|")[2]).filter((name) =>
        name !== undefined
      );
      for (const name of ["open", "tcgetattr", "tcsetattr", "read", "mprotect"]) {
        assert.ok(failed.includes(name), `${name} is not among ${failed}`);
      }
      assert.match(lines.at(-1)[1], /^[0-9a-f]+$/);
      await session.end();
      await restored(session);
    }, {
      env: {
        SECUREMEMORY_LIBRARY: FAULTS,
        SECUREMEMORY_STORE: "locked",
        SECUREMEMORY_GATE: "mprotect",
      },
    });
  });
});

describe("what was typed", () => {
  const skip = withoutTerminal || withoutReading;

  /** How often it is in the child's memory at each of its words. */
  function counts(code: string, words: readonly string[]): Promise<number[]> {
    const typed = randomBytes(16).toString("hex");
    return withTerminal(code, async (session) => {
      await session.expect("Word: ");
      await session.type(typed);
      await session.pause(0.3);
      await session.type("\r");
      const found: number[] = [];
      for (const word of words) {
        await session.expect(`${word}\n`, "stdout");
        await session.pause(0.1);
        found.push((find(session.pid, [Buffer.from(typed)]) as number[])[0] as number);
        await session.signal("SIGUSR2");
      }
      return found;
    }, { env: { SECUREMEMORY_STORE: "locked" } });
  }

  it(
    "is on the secret's page alone, and nowhere once it is closed",
    { ...limits, skip },
    async () => {
      const code = `${WAIT}
      const secret = securememory.Secret.prompt("Word: ");
      await step("open");
      secret.close();
      await step("closed");
    `;
      assert.deepEqual(await counts(code, ["open", "closed"]), [1, 0]);
    },
  );

  it("is found if JavaScript reads it", { ...limits, skip }, async () => {
    const code = `${WAIT}
      import { closeSync, openSync, readSync, writeSync } from "node:fs";
      const tty = openSync("/dev/tty", "r+");
      writeSync(tty, "Word: ");
      const line = new Uint8Array(200);
      globalThis.typed = new TextDecoder().decode(line.subarray(0, readSync(tty, line)));
      closeSync(tty);
      await step("read");
    `;
    const [found] = await counts(code, ["read"]) as [number];
    assert.ok(found >= 1, `${found}`);
  });
});
