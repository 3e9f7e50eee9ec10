/**
 * Deno with a permission for this one library and no other: `--allow-ffi=<path>`. It refuses
 * pointers and views of native memory then, so the library makes its views itself, as a module
 * of Node-API. Everything that needs a view is tried again here, in children.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, it, test } from "node:test";
import { UnsupportedError } from "../mod.ts";
import { viewsOf } from "../src/native/deno_module.ts";
import { commandLine, patience, ROOT, RUNTIME, withModule } from "./support/child.ts";
import {
  denoPath,
  EXTRA_LIBRARY,
  LIBRARY,
  LIBRARY_ONLY,
  reportedByDeno,
  runDeno,
  withoutDeno as skip,
  withWaitingDeno,
} from "./support/deno.ts";
import { HAS_SMAPS } from "./support/host.ts";
import { withFolder } from "./support/native.ts";
import { EVERY_RUNG } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";
import { find } from "./support/find.ts";
import { vmas } from "./support/smaps.ts";

const onProc = skip || unless("proc", HAS_SMAPS, "there is no /proc to look at a process by");

const PRELUDE = `
  const { Secret } = securememory;
  const report = (value) => console.log(JSON.stringify(value));
  const failureOf = (action) => {
    try {
      action();
    } catch (error) {
      return { name: error.name, code: error.code, message: error.message };
    }
  };
`;

interface Failure {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

/** What shows that the child is what it is meant to be: Deno's own way is refused. */
const REFUSED = `failureOf(() => Deno.UnsafePointer.of(new Uint8Array(1)))?.name`;

describe("with a permission for the library alone", () => {
  it("a secret can do everything that it can do otherwise", { skip }, async () => {
    const seen = await reportedByDeno(`${PRELUDE}
      import { createHmac } from "node:crypto";
      const secret = Secret.from(new Uint8Array([1, 2, 3]));
      const text = Secret.fromString("abc");
      const filled = Secret.fill(3, (bytes) => bytes.set([4, 5, 6]));
      filled.update((bytes) => bytes[0] = 7);
      const hmac = (bytes) => createHmac("sha256", bytes).update("message").digest("hex");
      const target = new Uint8Array(2);
      const chunks = [];
      for await (const chunk of text.stream({ chunkSize: 2 })) chunks.push(chunk.length);
      using window = filled.open();
      report({
        pointers: ${REFUSED},
        mode: [Deno.permissions.querySync({ name: "ffi" }).state],
        bytes: secret.withBytes((bytes) => [...bytes]),
        nested: secret.withBytes((outer) => secret.withBytes((inner) => [outer === inner, inner[2]])),
        hmac: secret.withBytes(hmac) === hmac(new Uint8Array([1, 2, 3])),
        digest: await text.withBytesAsync(async (bytes) =>
          (await crypto.subtle.digest("SHA-256", bytes)).byteLength
        ),
        window: [...window.bytes],
        equal: [text.copy().equals(text), text.equals(new Uint8Array(3))],
        read: [secret.readInto(target, 1), ...target],
        chunks,
        large: Secret.random(100_000).withBytes((bytes) => bytes.length),
        attached: Secret.attach(structuredClone(secret.share())).withBytes((bytes) => bytes[0]),
        inUse: securememory.stats().inUse,
      });
      securememory.purge();
    `);
    assert.deepEqual(seen, {
      pointers: "NotCapable",
      mode: ["prompt"],
      bytes: [1, 2, 3],
      nested: [true, 3],
      hmac: true,
      digest: 32,
      window: [7, 5, 6],
      equal: [true, false],
      read: [2, 2, 3],
      chunks: [2, 1],
      large: 100_000,
      attached: 1,
      inUse: 5,
    });
  });

  it("status, capabilities and hardening work, since the library asks the kernel itself", {
    skip: onProc,
  }, async () => {
    const seen = await reportedByDeno(`${PRELUDE}
      const { locked, excludedFromDumps, guarded, protection, fork } = Secret.random(32).status();
      const { supported, library, runtime } = securememory.capabilities();
      report({
        status: [locked, excludedFromDumps, guarded, protection, fork !== "copied"],
        capabilities: [supported, library, runtime],
        hardened: securememory.harden().noCoreDumps.applied,
      });
    `);
    assert.deepEqual(seen, {
      status: [true, true, true, "none", true],
      capabilities: [true, LIBRARY, "deno"],
      hardened: true,
    });
  });

  it("a purge is noticed: the number that it changes is a view of the library's as well", {
    skip,
  }, async () => {
    const seen = await reportedByDeno(`${PRELUDE}
      const secret = Secret.random(32);
      const before = secret.isClosed;
      const inside = secret.withBytes((bytes) => {
        securememory.purge();
        return bytes.every((byte) => byte === 0);
      });
      report([before, inside, secret.isClosed, failureOf(() => secret.withBytes(() => 0)).code]);
    `);
    assert.deepEqual(seen, [false, true, true, "SECRET_CLOSED"]);
  });

  it("views can be detached: `revokeViews` works, and pages are used again", { skip }, async () => {
    const seen = await reportedByDeno(`${PRELUDE}
      let kept;
      const revoked = Secret.random(32, { revokeViews: true });
      const length = revoked.withBytes((bytes) => (kept = bytes).length);
      const after = kept.length;
      const views = [];
      for (let round = 0; round < 400; round++) {
        const secret = Secret.random(32);
        secret.withBytes((bytes) => views.push(bytes));
        secret.close();
      }
      const { pages, restingPages, retiredPages } = securememory.stats();
      report({
        length,
        after,
        detached: views.filter((view) => view.length === 0).length,
        resting: restingPages,
        retired: retiredPages,
        grown: pages > 400,
      });
    `);
    assert.deepEqual(seen, {
      length: 32,
      after: 0,
      detached: 400 - 64,
      resting: 64,
      retired: 0,
      grown: false,
    });
  });

  it("views come and go by the thousand, and what they stood for stays", { skip }, async () => {
    const flags = [...LIBRARY_ONLY, "--v8-flags=--expose-gc"];
    const seen = await reportedByDeno(
      `${PRELUDE}
      const secret = Secret.from(new Uint8Array(32).fill(7), { revokeViews: true });
      let sum = 0;
      for (let round = 0; round < 20_000; round++) {
        sum += secret.withBytes((bytes) => bytes[31]);
        if (round % 5_000 === 0) gc();
      }
      gc();
      report([sum, secret.withBytes((bytes) => bytes.every((byte) => byte === 7))]);
    `,
      flags,
    );
    assert.deepEqual(seen, [20_000 * 7, true]);
  });

  for (const end of ["", "Deno.exit(0);", "process.exit(0);"]) {
    it(`the process ends well with secrets open and closed: ${end || "by itself"}`, {
      skip,
    }, async () => {
      const { status, signal, stdout, stderr } = await runDeno(`${PRELUDE}
        using disposed = Secret.random(32);
        const left = Secret.random(32);
        const window = left.open();
        console.log(disposed.withBytes((bytes) => bytes.length) + window.bytes.length);
        ${end}
      `);
      assert.deepEqual([status, signal, stdout, stderr], [0, null, "64\n", ""]);
    });
  }
});

const DEATHS = [
  ["reading a view outside its window", "outside its window", "kept[0]"],
  ["writing to a view in a read-only window", "inside a read-only window", "kept[0] = 1"],
  ["reading a view of a closed secret", "closed", "kept[0]"],
] as const;

for (const [name, words, touch] of DEATHS) {
  test(`${name} stops the process, and one line says why`, { skip: onProc }, async () => {
    const { signal, stdout, stderr } = await runDeno(`${PRELUDE}
      const secret = Secret.random(32, { label: "mine", gate: "mprotect" });
      let kept;
      secret.withBytes((bytes) => { kept = bytes; });
      ${words === "closed" ? "secret.close();" : ""}
      console.log("before");
      const deed = () => ${touch};
      console.log("after", ${words.includes("read-only") ? "secret.withBytes(deed)" : "deed()"});
    `);
    assert.deepEqual([signal, stdout], ["SIGSEGV", "before\n"], stderr);
    assert.match(stderr, /^securememory: (read of|write to) the secret "mine" \(32 bytes\)/m);
    assert.ok(stderr.includes(words), stderr);
  });
}

const WORKER = `
  const start = () => {
    const code = \`
      import { Secret } from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
      self.onmessage = ({ data }) => {
        try {
          const secret = Secret.attach(data);
          secret.update((bytes) => { bytes[0] += 1; });
          using own = Secret.from(new Uint8Array([9]));
          self.postMessage([...secret.withBytes((bytes) => [...bytes]), own.withBytes((bytes) => bytes[0])]);
          if (data.label === "last") secret.close();
          self.postMessage("done");
        } catch (error) {
          self.postMessage({ code: error.code, message: error.message });
        }
      };
    \`;
    const url = URL.createObjectURL(new Blob([code], { type: "application/javascript" }));
    const worker = new Worker(url, { type: "module" });
    const arrived = [];
    const waiting = [];
    const say = (value) => waiting.length > 0 ? waiting.shift()(value) : arrived.push(value);
    worker.onmessage = ({ data }) => say(data);
    worker.onerror = (event) => { event.preventDefault(); say(event.message); };
    const receive = () =>
      arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((next) => waiting.push(next));
    return { worker, receive };
  };
`;

test(
  "a secret is shared with Workers, which have the same permission; closed there, it is closed here",
  {
    skip,
  },
  async () => {
    const code = `${PRELUDE}${WORKER}
    const first = Secret.from(new Uint8Array([1, 2]), { label: "first" });
    const last = Secret.from(new Uint8Array([5]), { label: "last" });
    const workers = [start(), start()];
    const seen = [];
    for (const secret of [first, last]) {
      for (const { worker, receive } of workers) {
        if (secret.isClosed) continue;
        worker.postMessage(secret.share());
        seen.push(await receive(), await receive());
      }
    }
    for (const { worker } of workers) worker.terminate();
    report({ seen, first: first.withBytes((bytes) => [...bytes]), closed: last.isClosed });
  `;
    // A Worker's modules are read when it starts, which Deno lets nobody do unasked.
    const flags = [...LIBRARY_ONLY, `--allow-read=${ROOT}`];
    const { status, signal, stdout, stderr } = await runDeno(code, flags);
    assert.deepEqual([status, signal], [0, null], stderr);
    assert.deepEqual(JSON.parse(stdout), {
      seen: [[2, 2, 9], "done", [3, 2, 9], "done", [6, 9], "done"],
      first: [3, 2],
      closed: true,
    });
  },
);

for (const { store, gate, skip: without } of EVERY_RUNG) {
  if (gate !== "mprotect") continue;
  test(
    `seen from outside, the page on ${store} is locked, marked and guarded, and opens by windows`,
    {
      skip: onProc || without,
    },
    async () => {
      await withWaitingDeno(
        `${PRELUDE}
      const secret = Secret.random(32, { store: "${store}", gate: "mprotect" });
      await step("made");
      const window = secret.open();
      await step("open");
      window[Symbol.dispose]();
      await step("closed");
    `,
        async (child) => {
          await child.next();
          const before = vmas(child.pid);
          assert.equal(await child.next(), "open");
          const open = vmas(child.pid);
          assert.equal(await child.next(), "closed");
          const after = vmas(child.pid);

          const changed = open.filter(({ from, permissions, flags }) =>
            permissions.startsWith("r--") && flags.includes("lo") &&
            before.find((vma) => vma.from === from)?.permissions.startsWith("---")
          );
          assert.equal(changed.length, 1);
          const page = changed[0] as (typeof changed)[number];
          assert.ok(page.flags.includes("dd"), `${page.flags}`);
          assert.ok(page.flags.includes("wf") || page.flags.includes("dc"), `${page.flags}`);
          assert.match(after.find(({ from }) => from === page.from)?.permissions ?? "", /^---/);
          const guards = open.filter(({ from, to }) => to === page.from || from === page.to);
          assert.equal(guards.length, 2);
          for (const guard of guards) assert.match(guard.permissions, /^---/);
          // The control: pages of the heap have none of it.
          assert.ok(
            open.some(({ permissions, flags }) =>
              permissions.startsWith("rw-") && !flags.includes("lo") && !flags.includes("dd")
            ),
          );
        },
      );
    },
  );
}

/** 32 bytes that a child computes as this does, so that they stand in no source text. */
const token = (seed: number) =>
  Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + seed * 91) & 255);

test("closed, the content is nowhere in the process; a control on the heap is", {
  skip: onProc,
}, async (context) => {
  await withWaitingDeno(
    `${PRELUDE}
    const write = (seed) => (bytes) => {
      for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 37 + seed * 91) & 255;
    };
    const secret = Secret.fill(32, write(1), { store: "locked" });
    const control = new Uint8Array(32);
    write(2)(control);
    secret.withBytes((bytes) => bytes[3]);
    await step("made");
    secret.close();
    await step("closed");
    console.log(control.length);
  `,
    async (child) => {
      assert.equal(await child.next(), "made");
      const tokens = [token(1), token(2)];
      const before = find(child.pid, tokens);
      if (before === undefined) {
        return context.skip("this host lets no process read another one");
      }
      assert.equal(before[0], 1, "The page of the secret itself is not found");
      assert.ok((before[1] ?? 0) >= 1, "The control is not found");
      assert.equal(await child.next(), "closed");
      const after = find(child.pid, tokens);
      assert.equal(after?.[0], 0);
      assert.ok((after?.[1] ?? 0) >= 1);
    },
  );
});

describe("a permission that is not there", () => {
  const FAIL = `${PRELUDE}report(failureOf(() => Secret.random(32)));`;
  const folder = dirname(LIBRARY);

  for (
    const [name, flags] of [
      // Deno gives a Deno that it starts its own permissions, if there is no flag at all.
      ["none at all", ["--deny-net"]],
      ["one for another library", [`--allow-ffi=${LIBRARY}.other`]],
      ["one for another folder", [`--allow-ffi=${folder}/other`]],
      ["one that is denied for the library", [`--allow-ffi=${folder}`, `--deny-ffi=${LIBRARY}`]],
      ["everything but FFI", ["--allow-read", "--allow-env", "--allow-sys", "--allow-run"]],
    ] as const
  ) {
    it(`${name}: an UnsupportedError that names the flags`, { skip }, async () => {
      const failure = await reportedByDeno<Failure>(FAIL, ["--no-prompt", ...flags]);
      assert.deepEqual([failure.name, failure.code], ["UnsupportedError", "UNSUPPORTED"]);
      const wanted = `run Deno with --allow-ffi=${LIBRARY}, or with --allow-ffi`;
      assert.ok(failure.message.endsWith(wanted), failure.message);
    });
  }

  it("one for the folder is enough; so is one for a library that SECUREMEMORY_LIBRARY names", {
    skip,
  }, async () => {
    const used = `${PRELUDE}
      report([Secret.random(32).withBytes((bytes) => bytes.length), securememory.capabilities().library]);`;
    const flags = ["--no-prompt", `--allow-ffi=${folder}`];
    assert.deepEqual(await reportedByDeno(used, flags), [32, LIBRARY]);
    await withFolder(async (folder) => {
      const path = join(folder, "another.so");
      copyFileSync(LIBRARY, path);
      const env = { SECUREMEMORY_LIBRARY: path };
      const named = ["--no-prompt", `--allow-ffi=${path}`, "--allow-env=SECUREMEMORY_LIBRARY"];
      assert.deepEqual(await reportedByDeno(used, named, env), [32, path]);
      // Without the permission to read the variable it is as if it were not set.
      assert.deepEqual(await reportedByDeno(used, LIBRARY_ONLY, env), [32, LIBRARY]);
    });
  });

  it("given up after the first secret, one for the library goes on; one for all says so", {
    skip,
  }, async () => {
    const code = (descriptor: string) =>
      `${PRELUDE}
      const first = Secret.random(32);
      Deno.permissions.revokeSync({ name: "ffi", ${descriptor} });
      const loads = failureOf(() => Deno.dlopen(${JSON.stringify(LIBRARY)}, {}))?.name;
      let length = 0;
      const failure = failureOf(() => {
        length = first.withBytes((bytes) => bytes.length) + Secret.random(8).withBytes((bytes) => bytes.length);
      });
      report({ loads, length, failure, protection: first.status().protection });
    `;
    assert.deepEqual(await reportedByDeno(code(`path: ${JSON.stringify(LIBRARY)}`)), {
      loads: "NotCapable",
      length: 40,
      protection: "none",
    });
    const { loads, length, failure, protection } = await reportedByDeno<{
      loads: string;
      length: number;
      failure: Failure;
      protection: string;
    }>(code(""), ["--no-prompt", "--allow-ffi"]);
    assert.deepEqual([loads, length, protection], ["NotCapable", 0, "none"]);
    assert.deepEqual([failure.name, failure.code], ["UnsupportedError", "UNSUPPORTED"]);
    assert.match(failure.message, /permission for FFI was given up.*--allow-ffi=<path/);
  });

  const terminal = skip || unless(
    "script",
    spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0,
    "script (util-linux) is missing",
  );

  it("asks nothing on a terminal", { skip: terminal }, async () => {
    const onTerminal = (code: string, flags: readonly string[]) =>
      withModule(code, (path) => {
        const words = commandLine(path, { deno: denoPath(), flags });
        const quoted = words.map((word) => `'${word}'`).join(" ");
        // Deno waits for an answer for ever, and the terminal gives none.
        const limited = `timeout --foreground --kill-after=1 ${patience(3)} ${quoted}`;
        const { stdout } = spawnSync("script", ["-qefc", limited, "/dev/null"], {
          encoding: "utf8",
          timeout: patience(20_000),
          stdio: ["ignore", "pipe", "ignore"],
        });
        return Promise.resolve(stdout);
      });
    const granted = LIBRARY_ONLY.filter((flag) => flag !== "--no-prompt");
    const prompt = /Deno requests/;
    const control = await onTerminal("Deno.UnsafePointer.of(new Uint8Array(1));", granted);
    assert.match(control, prompt, "Deno does not ask here, so nothing is proved");
    const code = `${PRELUDE}
      console.log(failureOf(() =>
        console.log("length " + Secret.random(32).withBytes((bytes) => bytes.length))
      )?.code);`;
    const works = await onTerminal(code, granted);
    assert.doesNotMatch(works, prompt);
    assert.match(works, /length 32/);
    const refused = await onTerminal(code, [`--allow-ffi=${LIBRARY}.other`]);
    assert.doesNotMatch(refused, prompt);
    assert.match(refused, /UNSUPPORTED/);
  });
});

test("the module makes views of live secrets and of nothing else, whatever it is given", {
  skip,
}, async () => {
  const seen = await reportedByDeno(`${PRELUDE}
    import process from "node:process";
    const secret = Secret.random(33);
    const { handle } = secret.share();
    const module = { exports: {} };
    process.dlopen(module, ${JSON.stringify(LIBRARY)});
    const names = Object.keys(module.exports).sort();
    const view = module.exports.securememory_address;
    const nothing = [undefined, null, "1", {}, 1n, NaN, -1, 0.5, 2 ** 40, handle + 1].filter((given) =>
      view(given) === undefined
    ).length;
    const made = view(handle).byteLength;
    const purges = module.exports.securememory_purge_count(handle).byteLength;
    secret.close();
    const word = module.exports.securememory_pool_word;
    const epoch = module.exports.securememory_epoch().byteLength;
    // There is no pool.
    const noWord = [undefined, handle, 0.5].every((given) => word(given) === undefined);
    report({ names, nothing, made, purges, epoch, noWord, closed: view(handle) === undefined });
  `);
  assert.deepEqual(seen, {
    names: [
      "securememory_address",
      "securememory_epoch",
      "securememory_pool_word",
      "securememory_purge_count",
    ],
    nothing: 10,
    made: 33,
    purges: 4,
    epoch: 4,
    noWord: true,
    closed: true,
  });
});

test("pools work with a permission for both libraries that they need, and no other", {
  skip,
}, async () => {
  const code = `${PRELUDE}
    const { SecretPool } = securememory;
    let said;
    try {
      using pool = new SecretPool();
      using secret = pool.from(Uint8Array.of(1, 2, 3));
      said = secret.withBytes((bytes) => bytes[2]);
    } catch (error) {
      said = error.message;
    }
    report({ said });
  `;
  const both = [...LIBRARY_ONLY.slice(0, -1), `--allow-ffi=${LIBRARY},${EXTRA_LIBRARY}`];
  assert.deepEqual(await reportedByDeno(code, both), { said: 3 });
  const { said } = await reportedByDeno(code) as { said: string };
  assert.match(said, /^Cannot load the native extra library: FFI is not allowed: run Deno with /);
});

test("what the module lacks or cannot do is an error that says so", () => {
  const own = process.dlopen;
  const exports: Record<string, unknown> = {
    refuses: () => {
      throw new Error("no external buffers");
    },
    nothing: () => undefined,
    something: (length: number) => new ArrayBuffer(length),
  };
  process.dlopen = (module: object) => void Object.assign(module, { exports });
  try {
    const views = viewsOf("/a/library", Object.keys(exports)) as Record<
      string,
      (value: number) => unknown
    >;
    assert.throws(
      () => views.refuses?.(1),
      (error: Error) =>
        error instanceof UnsupportedError &&
        /--allow-ffi, for every library$/.test(error.message) &&
        `${error.cause}` === "Error: no external buffers",
    );
    assert.equal(views.nothing?.(1), null);
    assert.equal((views.something?.(7) as ArrayBuffer).byteLength, 7);
    assert.throws(() => viewsOf("/a/library", ["missing"]), /"\/a\/library" has no missing$/);
  } finally {
    process.dlopen = own;
  }
});

/** Of the suite, what needs no pointers of its own and no file that Deno guards. */
const SUITE = [
  "arguments async close collect copies dispose errors hundred leaks open",
  "purge read redaction revoke share update window worker",
].join(" ").split(" ");

test("the suite of secrets runs with that permission as it does with all", {
  skip: skip || unless("deno", RUNTIME === "deno", "once is enough: Deno's own run does it"),
  timeout: patience(240_000),
}, () => {
  const flags = [
    ...["--no-check", "--quiet", "--v8-flags=--expose-gc", ...LIBRARY_ONLY],
    ...["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys"],
  ];
  const files = SUITE.map((name) => `tests/${name}_test.ts`);
  const { status, stdout, stderr } = spawnSync(denoPath(), ["test", ...flags, ...files], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: patience(200_000),
  });
  const total = /(\d+) passed \| (\d+) failed/.exec(stdout);
  assert.equal(status, 0, stdout.slice(-4000) + stderr.slice(-4000));
  assert.equal(total?.[2], "0", stdout.slice(-4000));
  assert.ok(Number(total?.[1]) > 200, `Only ${total?.[1]} tests ran`);
});
