/**
 * Secrets of files and descriptors: of every kind that secrets come in, of every size, and what is
 * said when there is none to read.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { capabilities, Secret, SecretFactory, SourceError, stats } from "../mod.ts";
import { commandLine, patience, ROOT, RUNTIME, withModule } from "./support/child.ts";
import { denoPath, EXTRA_LIBRARY, LIBRARY, runDeno, withoutDeno } from "./support/deno.ts";
import { memlock, withoutMemlock } from "./support/memlock.ts";
import { type Failure, moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";
import { reportedUnprivileged, withoutUser } from "./support/unprivileged.ts";

let folder: string;
before(() => folder = mkdtempSync(join(tmpdir(), "securememory-test-")));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | Uint8Array): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

/** Bytes that differ from their neighbours, and from those of a page before. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13 + 1) & 0xff);
}

/** Takes the bytes of a secret out, and closes it. */
function take(secret: Secret): Uint8Array {
  using closing = secret;
  return closing.withBytes((bytes) => bytes.slice());
}
const textOf = (secret: Secret) => new TextDecoder().decode(take(secret));

/** The error of a source, which has to leave everything as it was. */
function failed(use: () => unknown): SourceError {
  const { inUse, openWindows } = stats();
  const open = descriptors();
  try {
    use();
  } catch (error) {
    assert.ok(error instanceof SourceError, `${error}`);
    assert.equal(error.code, "SOURCE_FAILED");
    assert.match(error.message, /^Cannot create a secret from [^\n]*[^.\s]$/);
    assert.deepEqual({ inUse: stats().inUse, openWindows: stats().openWindows }, {
      inUse,
      openWindows,
    });
    assert.deepEqual(descriptors(), open, "a descriptor was left open");
    return error;
  }
  assert.fail("nothing was thrown");
}

/** Of the files of this test: runtimes open and close others of their own meanwhile. */
function descriptors(): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder);
    } catch {
      return false; // That of the listing itself, which is closed by now.
    }
  }).length;
}

function fifo(): string {
  const path = join(folder, `fifo-${files++}`);
  execFileSync("mkfifo", [path]);
  return path;
}

/** A program that goes on while this thread is blocked. */
function shell(script: string): Promise<void> {
  return new Promise((resolve) => {
    spawn("sh", ["-c", script], { stdio: "ignore" }).on("close", () => resolve());
  });
}

describe("Secret.fromFile", () => {
  it("has the bytes of the file, at every size around those of pages and of growing", () => {
    for (const length of [1, 15, 16, 17, 4095, 4096, 4097, 8191, 8192, 8193, 65_536, 2 ** 20]) {
      const content = pattern(length);
      const secret = Secret.fromFile(file(content));
      assert.equal(secret.length, length);
      assert.ok(take(secret).every((byte, index) => byte === content[index]), `${length}`);
    }
  });

  it("ends at the rear guard, as every secret does", () => {
    using secret = Secret.fromFile(file(pattern(100)), { alignment: 64 });
    using other = Secret.fromFile(file(pattern(5000)));
    for (const { guarded, protection } of [secret.status(), other.status()]) {
      assert.deepEqual([guarded, protection], [true, "none"]);
    }
  });

  it("takes a path relative to the working directory, and a URL", () => {
    const odd = join(folder, "a b%c é 鍵\n.txt");
    writeFileSync(odd, "odd");
    assert.equal(textOf(Secret.fromFile(odd)), "odd");
    assert.equal(textOf(Secret.fromFile(relative(process.cwd(), odd))), "odd");
    assert.equal(textOf(Secret.fromFile(pathToFileURL(odd))), "odd");
  });

  it("follows links, as secrets mounted by Kubernetes are", () => {
    const data = join(folder, "..2026_01_01");
    mkdirSync(data);
    writeFileSync(join(data, "token"), "mounted");
    symlinkSync("..2026_01_01", join(folder, "..data"));
    symlinkSync(join("..data", "token"), join(folder, "token"));
    assert.equal(textOf(Secret.fromFile(join(folder, "token"))), "mounted");
  });

  it("reads what may only be read, as credentials of systemd are", () => {
    const path = file("credential");
    chmodSync(path, 0o400);
    assert.equal(textOf(Secret.fromFile(path)), "credential");
  });

  it("reads files whose size nobody knows before", { skip: notOnLinux }, () => {
    assert.match(textOf(Secret.fromFile("/proc/self/status")), /^Name:\t/);
    assert.match(textOf(Secret.fromFile("/proc/self/maps")), /\n$/);
  });

  it("trims one line's end where that was asked for", () => {
    const cases: [string, string][] = [
      ["key", "key"],
      ["key\n", "key"],
      ["key\r\n", "key"],
      ["key\n\n", "key\n"],
      ["key\r\n\r\n", "key\r\n"],
      ["key\n\r\n", "key\n"],
      ["key\r", "key\r"],
      ["key ", "key "],
      ["\nkey", "\nkey"],
      [`${"x".repeat(4096)}\n`, "x".repeat(4096)],
      [`${"x".repeat(4095)}\r\n`, "x".repeat(4095)],
    ];
    for (const [content, trimmed] of cases) {
      const path = file(content);
      assert.equal(textOf(Secret.fromFile(path, { trimNewline: true })), trimmed);
      assert.equal(textOf(Secret.fromFile(path, { trimNewline: false })), content);
      assert.equal(textOf(Secret.fromFile(path)), content);
    }
  });

  it("refuses one byte more than maxBytes, the line's end included", () => {
    for (const length of [1, 100, 4095, 4096, 4097, 10_000]) {
      const path = file(pattern(length));
      assert.equal(take(Secret.fromFile(path, { maxBytes: length })).length, length);
      if (length === 1) continue;
      const { message, errno } = failed(() => Secret.fromFile(path, { maxBytes: length - 1 }));
      assert.match(
        message,
        new RegExp(`: it has more than ${length - 1} bytes, the option maxBytes$`),
      );
      assert.equal(errno, 0);
    }
    failed(() => Secret.fromFile(file("key\n"), { maxBytes: 3, trimNewline: true }));
    assert.equal(textOf(Secret.fromFile(file("key\n"), { maxBytes: 4, trimNewline: true })), "key");
  });

  it("refuses more than 1 MiB if nobody says otherwise", () => {
    const path = file(pattern(2 ** 20 + 1));
    assert.match(failed(() => Secret.fromFile(path)).message, /more than 1048576 bytes/);
    assert.equal(take(Secret.fromFile(path, { maxBytes: 2 ** 32 - 2 })).length, 2 ** 20 + 1);
  });

  it("never ends reading what has no end, but by maxBytes", { skip: notOnLinux }, () => {
    assert.match(failed(() => Secret.fromFile("/dev/zero", { maxBytes: 5000 })).message, /5000/);
  });

  it("refuses what is empty, also after trimming", () => {
    for (
      const [content, options] of [["", {}], ["\n", { trimNewline: true }], ["\r\n", {
        trimNewline: true,
      }]] as const
    ) {
      const path = file(content);
      const error = failed(() => Secret.fromFile(path, options));
      assert.equal(
        error.message,
        `Cannot create a secret from ${JSON.stringify(path)}: it is empty`,
      );
    }
    assert.equal(textOf(Secret.fromFile(file("\n"))), "\n");
  });

  it("says that a file is missing, a directory, or of no such path", { skip: notOnLinux }, () => {
    const path = file("x");
    const loop = join(folder, "loop");
    symlinkSync("loop", loop);
    for (
      const [wrong, message, syscall, errno] of [
        [
          join(folder, "nothing"),
          /: there is no such file \(open failed with ENOENT 2\)$/,
          "open",
          2,
        ],
        [folder, /: it is a directory \(read failed with EISDIR 21\)$/, "read", 21],
        [join(path, "below"), /\(open failed with ENOTDIR 20\)$/, "open", 20],
        [loop, /\(open failed with ELOOP 40\)$/, "open", 40],
        [join(folder, "x".repeat(300)), /\(open failed with ENAMETOOLONG 36\)$/, "open", 36],
      ] as const
    ) {
      const error = failed(() => Secret.fromFile(wrong));
      assert.match(error.message, message);
      assert.ok(error.message.includes(JSON.stringify(wrong)), "the path is not named");
      assert.deepEqual([error.syscall, error.errno], [syscall, errno]);
    }
  });

  it("says that the system does not permit it", { skip: withoutUser }, async () => {
    const path = file("x");
    chmodSync(path, 0);
    chmodSync(folder, 0o755);
    const seen = await reportedUnprivileged(`
      import { Secret } from ${moduleUrl("mod.ts")};
      try {
        Secret.fromFile(${JSON.stringify(path)});
      } catch (error) {
        console.log(JSON.stringify([error.name, error.message, error.errno]));
      }
    `);
    assert.deepEqual(seen, [
      "SourceError",
      `Cannot create a secret from "${path}": the system does not permit it (open failed with EACCES 13)`,
      13,
    ]);
  });

  it("refuses what is no path before anything is read", () => {
    const path = file("x");
    const use = (wrong: unknown) => () => Secret.fromFile(wrong as string);
    for (
      const wrong of [
        undefined,
        null,
        5,
        {},
        new TextEncoder().encode(path),
        "",
        `${path}\0`,
        `${path}\0.txt`,
        `${path}\ud800`,
        new URL("https://example.com/file"),
        new URL("file:///a%2fb"),
        new URL("file:///a%00b"),
        new URL("file://host/file"),
      ]
    ) {
      assert.throws(use(wrong), TypeError, `${wrong}`);
    }
  });

  it("refuses options that are none", () => {
    const path = file("x");
    const use = (options: unknown) => () => Secret.fromFile(path, options as undefined);
    for (const options of [null, 5, "x", { maxBytes: "5" }, { trimNewline: 1 }, { max: 5 }]) {
      assert.throws(use(options), TypeError, JSON.stringify(options));
    }
    for (const maxBytes of [0, -1, 1.5, Number.NaN, 2 ** 32 - 1, 2 ** 60]) {
      assert.throws(use({ maxBytes }), RangeError, `${maxBytes}`);
    }
    const undefinedOnes = { maxBytes: undefined, trimNewline: undefined, label: undefined };
    assert.equal(textOf(Secret.fromFile(path, undefinedOnes)), "x");
  });

  it("keeps the secret as the options say, also from a factory", () => {
    const store = capabilities().stores.secretmem.available ? "secretmem" : "locked";
    const path = file("key\n");
    const factory = new SecretFactory({ store, gate: "mprotect" });
    using direct = Secret.fromFile(path, { store, gate: "mprotect", trimNewline: true });
    using made = factory.fromFile(path, { trimNewline: true });
    for (const secret of [direct, made]) {
      assert.equal(secret.length, 3);
      const status = secret.status();
      assert.deepEqual([status.store, status.gate], [store, "mprotect"]);
    }
    assert.throws(() => factory.fromFile(path, { max: 5 } as never), TypeError);
    assert.throws(() => factory.fromFile(path, null as never), TypeError);
    assert.equal(textOf(factory.fromFile(path)), "key\n");
  });

  it("finds room where closed secrets rest, and says so where there is none", {
    skip: withoutMemlock || notOnLinux,
  }, async () => {
    const path = file(pattern(40));
    const seen = await reported<{ lengths: number[]; failure: Failure | null }>(
      `
      // Pages that rest have had a view; here they take the whole budget.
      const close = (secrets) => secrets.forEach((one) => {
        one.withBytes(() => 0);
        one.close();
      });
      const lengths = [];
      for (let turn = 0; turn < 3; turn++) {
        const made = [];
        while (failureOf(() => made.push(Secret.random(1))) === null);
        close(made);
        lengths.push(Secret.fromFile(${JSON.stringify(path)}).length);
      }
      const made = [];
      while (failureOf(() => made.push(Secret.random(1))) === null);
      report({ lengths, failure: failureOf(() => Secret.fromFile(${JSON.stringify(path)})) });
      `,
      { wrapper: memlock(65_536) },
    );
    assert.deepEqual(seen.lengths, [40, 40, 40]);
    assert.equal(seen.failure?.name, "LockLimitError");
    assert.match(
      seen.failure?.message ?? "",
      /^Cannot create a secret from "[^"]+": the limit for locked memory is 65536 bytes/,
    );
  });

  it("is one secret, whatever it took to read it", () => {
    const path = file(pattern(100_000));
    Secret.fromFile(path).close();
    const before = stats();
    const open = descriptors();
    const secret = Secret.fromFile(path);
    assert.equal(stats().inUse, before.inUse + 1);
    assert.equal(stats().allocated, before.allocated + 1);
    assert.equal(stats().openWindows, before.openWindows);
    secret.close();
    assert.equal(stats().inUse, before.inUse);
    assert.equal(stats().lockedBytes, before.lockedBytes);
    assert.equal(descriptors(), open);
  });

  it(
    "takes a file that changes meanwhile as far as it got",
    { timeout: patience(60_000) },
    async () => {
      const path = file("x".repeat(400_000));
      const growing = shell(`for i in 1 2 3 4 5 6 7 8 9; do printf xxxxxxxxx >> '${path}'; done`);
      for (let turn = 0; turn < 20; turn++) {
        const bytes = take(Secret.fromFile(path));
        assert.ok(bytes.length >= 400_000 && bytes.every((byte) => byte === 0x78));
      }
      await growing;
      appendFileSync(path, "xx");
      const shrinking = shell(
        `for i in 9 8 7 6 5 4 3 2 1; do truncate -s "$i"0000 '${path}'; done`,
      );
      for (let turn = 0; turn < 20; turn++) {
        const bytes = take(Secret.fromFile(path));
        // The kernel zeroes the rest of a page that it cuts off, also while somebody reads it.
        assert.ok(bytes.length > 0 && bytes.every((byte) => byte === 0x78 || byte === 0));
      }
      await shrinking;
    },
  );

  it("waits for the writer of a FIFO, and reads in whatever pieces it writes", {
    skip: notOnLinux,
    timeout: patience(60_000),
  }, async () => {
    const path = fifo();
    const writing = shell(
      `exec > '${path}'; for i in 1 2 3 4 5 6 7 8 9; do printf 'piece %s\\n' $i; sleep 0.02; done`,
    );
    const text = textOf(Secret.fromFile(path, { trimNewline: true }));
    assert.equal(text, [1, 2, 3, 4, 5, 6, 7, 8, 9].map((one) => `piece ${one}`).join("\n"));
    await writing;
  });

  it("refuses a FIFO whose writer writes nothing, or too much", {
    skip: notOnLinux,
    timeout: patience(60_000),
  }, async () => {
    const path = fifo();
    let writing = shell(`: > '${path}'`);
    assert.match(failed(() => Secret.fromFile(path)).message, /it is empty$/);
    await writing;
    writing = shell(`head -c 300000 /dev/zero > '${path}'`);
    assert.match(failed(() => Secret.fromFile(path, { maxBytes: 299_999 })).message, /299999/);
    await writing;
  });
});

describe("Secret.fromFd", () => {
  it("reads from where the descriptor stands, to the end, and leaves it open", () => {
    const fd = openSync(file("0123456789\n"), "r");
    readSync(fd, new Uint8Array(4), 0, 4, null);
    assert.equal(textOf(Secret.fromFd(fd, { trimNewline: true })), "456789");
    assert.ok(fstatSync(fd).isFile());
    const error = failed(() => Secret.fromFd(fd));
    assert.equal(
      error.message,
      `Cannot create a secret from the file descriptor ${fd}: it is empty`,
    );
    closeSync(fd);
  });

  it("reads the rest of a pipe, through several sizes", { skip: notOnLinux }, () => {
    const path = fifo();
    for (const length of [1, 4096, 4097, 60_000]) {
      const writer = openSync(path, constants.O_RDWR);
      const content = pattern(length);
      assert.equal(writeSync(writer, content), length);
      const reader = openSync(path, "r");
      closeSync(writer);
      const bytes = take(new SecretFactory().fromFd(reader));
      assert.ok(bytes.length === length && bytes.every((byte, index) => byte === content[index]));
      closeSync(reader);
    }
  });

  it("waits where a descriptor does not block", {
    skip: notOnLinux,
    timeout: patience(60_000),
  }, async () => {
    const path = fifo();
    const holder = openSync(path, constants.O_RDWR);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writing = shell(
      `exec > '${path}'; sleep 0.3; printf one; sleep 0.3; printf two`,
    );
    // Until the writer is there: without any, this would be the end.
    await new Promise((resolve) => setTimeout(resolve, patience(150)));
    closeSync(holder);
    assert.equal(textOf(Secret.fromFd(reader)), "onetwo");
    closeSync(reader);
    await writing;
  });

  it("refuses what is not open for reading", { skip: notOnLinux }, () => {
    const fd = openSync(file("x"), "w");
    assert.ok(process.platform !== "linux" || descriptors() > 0, "descriptors cannot be seen");
    const { message, syscall, errno } = failed(() => Secret.fromFd(fd));
    assert.match(message, /: it is not open for reading \(read failed with EBADF 9\)$/);
    assert.deepEqual([syscall, errno], ["read", 9]);
    closeSync(fd);
    failed(() => Secret.fromFd(100_000));
  });

  it("refuses what is no number of a descriptor", () => {
    const use = (fd: unknown) => () => Secret.fromFd(fd as number);
    for (const fd of [undefined, null, "0", 5n, {}]) assert.throws(use(fd), TypeError);
    for (const fd of [-1, 0.5, Number.NaN, 2 ** 31, 2 ** 53]) assert.throws(use(fd), RangeError);
  });

  it("of anything but standard input is unsupported on Windows", {
    skip: unless("windows", process.platform === "win32", "this is about Windows"),
  }, () => {
    assert.throws(() => Secret.fromFd(7), { code: "UNSUPPORTED" });
  });
});

/** Runs code whose standard input is a pipe from `sh -c <script>`; what it prints. */
function piped(script: string, code: string): Promise<string> {
  return withModule(code, (path) => {
    const command = commandLine(path).map((word) => `'${word}'`).join(" ");
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", `(${script}) | ${command}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (more) => text += more);
      child.on("error", reject).on("close", () => resolve(text));
    });
  });
}

describe("standard input", { skip: notOnLinux }, () => {
  const read = {
    "fromFd(0)": "Secret.fromFd(0, { trimNewline: true })",
    'fromFile("/dev/stdin")': 'Secret.fromFile("/dev/stdin", { trimNewline: true })',
  };
  for (const [name, code] of Object.entries(read)) {
    it(`is read by ${name}`, { timeout: patience(60_000) }, async () => {
      const text = await piped(
        "printf pass; sleep 0.1; echo word",
        `console.log(new TextDecoder().decode(securememory.${code}.withBytes((b) => b.slice())));`,
      );
      assert.equal(text, "password\n");
    });
  }

  it("that is closed or empty is named in the error", { timeout: patience(60_000) }, async () => {
    const text = await piped(
      ":",
      `try { securememory.Secret.fromFd(0); } catch (error) { console.log(error.message); }`,
    );
    assert.equal(text, "Cannot create a secret from standard input: it is empty\n");
  });
});

describe("permissions", () => {
  const code = (path: string) => `
    try {
      console.log(securememory.Secret.fromFile(${JSON.stringify(path)}).length);
    } catch (error) {
      console.log(error.name, error.message);
    }
  `;

  it("on Deno are those for reading the path, though native code reads", {
    skip: withoutDeno,
  }, async () => {
    assert.ok(denoPath());
    const path = file("secret");
    const other = file("other");
    const link = join(folder, "allowed-link");
    for (
      const flags of [[], [`--allow-read=${other}`], ["--deny-read=" + path, "--allow-read"]]
    ) {
      const { stdout, stderr } = await runDeno(code(path), [
        "--no-prompt",
        `--allow-ffi=${LIBRARY}`,
        ...flags,
      ]);
      assert.equal(
        stdout,
        `SourceError Cannot create a secret from "${path}": reading it is not permitted. Run Deno ` +
          `with --allow-read=${path}\n`,
        stderr,
      );
    }
    for (const flags of [[`--allow-read=${path}`], [`--allow-read=${folder}`], ["--allow-read"]]) {
      const { stdout } = await runDeno(code(path), ["--allow-ffi", ...flags]);
      assert.equal(stdout, "6\n");
    }
    // A link is what it is called, as for Deno itself.
    symlinkSync(path, link);
    const { stdout } = await runDeno(code(link), [
      "--no-prompt",
      "--allow-ffi",
      `--allow-read=${other}`,
    ]);
    assert.match(stdout, /^SourceError/);
  });

  it("on Deno are not needed for a descriptor: whoever opened it had them", {
    skip: withoutDeno || notOnLinux,
  }, async () => {
    const { stdout } = await runDeno(
      `
      try { securememory.Secret.fromFd(0); } catch (error) { console.log(error.message); }
    `,
      ["--no-prompt", `--allow-ffi=${LIBRARY},${EXTRA_LIBRARY}`],
    );
    assert.equal(stdout, "Cannot create a secret from standard input: it is empty\n");
  });

  it("on Node are those of its permission model", {
    skip: unless("node", RUNTIME === "node", "the permission model is Node's"),
  }, async () => {
    const path = file("secret");
    await withModule(code(path), (script) => {
      const run = (...allowed: string[]) => {
        const flags = [ROOT, `${dirname(script)}/`].map((part) => `--allow-fs-read=${part}*`);
        const [program, ...args] = commandLine(script, {
          flags: ["--permission", "--allow-ffi", ...flags, ...allowed],
        }) as [string, ...string[]];
        return execFileSync(program, args, {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        });
      };
      assert.equal(
        run(),
        `SourceError Cannot create a secret from "${path}": reading it is not permitted. Run Node ` +
          `with --allow-fs-read=${path}\n`,
      );
      assert.equal(run(`--allow-fs-read=${path}`), "6\n");
      return Promise.resolve();
    });
  });
});

it("no message has anything of the content", () => {
  const path = file("correct horse battery staple");
  for (const options of [{ maxBytes: 5 }, { maxBytes: 27 }]) {
    const { message, stack } = failed(() => Secret.fromFile(path, options));
    for (const word of ["correct", "horse", "battery", "staple"]) {
      assert.ok(!`${message}${stack}`.includes(word));
    }
  }
  assert.ok(readFileSync(path, "utf8").includes("horse"));
});
