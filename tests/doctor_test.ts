/** The doctor as a command: what it prints, and how it ends. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { examine, run } from "../doctor.ts";
import { type Availability, capabilities } from "../mod.ts";
import { cryptoPath } from "../src/native/crypto.ts";
import { extraPath } from "../src/native/library.ts";
import { VERSION } from "../src/version.ts";
import { commandLine, ROOT, runCode, runScript } from "./support/child.ts";
import { doctor, examined, rowOf, unwrapped } from "./support/doctor.ts";
import { withFolder } from "./support/native.ts";
import { autoOfChild, MISSING, withNothingMissing } from "./support/rungs.ts";
import { unless } from "./support/skip.ts";

const known = capabilities();
const { stores, gates } = known;
const EXPECTED: Readonly<Record<string, Availability>> = {
  "secretmem": stores.secretmem,
  "locked": stores.locked,
  "pkey": gates.pkey,
  "mprotect": gates.mprotect,
  "sealed-guards": known.guardSealing,
  "dump-exclusion": known.dumpExclusion,
};
const auto = autoOfChild();

test("`--json` prints one object, which says what capabilities() says", async () => {
  const { status, printed } = await examined();
  assert.equal(status, 0);
  assert.equal(printed.schema, 1);
  assert.equal(printed.version, VERSION);
  assert.equal(printed.supported, true);
  assert.deepEqual(printed.runtime, { name: known.runtime, version: known.runtimeVersion });
  assert.equal(printed.pageSize, known.pageSize);
  assert.equal(printed.hibernation, known.hibernation);
  const unlimited = known.lockLimitBytes === Infinity;
  assert.equal(printed.lock.unlimited, unlimited);
  assert.equal(printed.lock.limitBytes, unlimited ? null : known.lockLimitBytes);
  assert.deepEqual(
    printed.rows.map(({ name, available, reason }) => [name, { available, reason }]),
    Object.entries(EXPECTED).map(([name, { available, reason }]) => [
      name,
      { available, reason: reason ?? null },
    ]),
  );
  assert.deepEqual(printed.secret, { made: true, reason: null, advice: [] });
});

test("`--json` names the library with its size and hash", async () => {
  const { printed: { library } } = await examined();
  const bytes = readFileSync(known.library as string);
  assert.deepEqual(library, {
    path: known.library,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    verified: true,
  });
});

/** The libraries that are loaded when they are needed. */
const PARTS = [
  {
    part: "crypto",
    heading: "Crypto",
    path: cryptoPath(),
    variable: "SECUREMEMORY_CRYPTO_LIBRARY",
    needs: "keyed operations",
  },
  {
    part: "extra",
    heading: "Extra",
    path: extraPath(),
    variable: "SECUREMEMORY_EXTRA_LIBRARY",
    needs: "pools, enclaves and secrets from outside",
  },
] as const;

for (const { part, heading, path, variable, needs } of PARTS) {
  test(`\`--json\` and the text name the ${part} library, which was loaded, in the same way`, async () => {
    const { printed: { [part]: found } } = await examined();
    assert.deepEqual([found.loaded, found.reason, found.advice], [true, null, []]);
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual(found.library, { path, bytes: bytes.length, sha256, verified: true });
    const { stdout } = await doctor([]);
    const line = new RegExp(
      `^${heading.padEnd(12)} (.*), [0-9,]+ bytes\n {13}sha256 ${sha256}, verified$`,
      "m",
    );
    assert.equal(line.exec(stdout)?.[1], path);
  });

  test(`where the ${part} library cannot be loaded, that is said, and secrets work`, async () => {
    // One that is not there, and one of ours that is another.
    for (const wrong of ["/nonexistent/library.so", known.library as string]) {
      const env = { [variable]: wrong };
      const { status, printed } = await examined([], { env });
      assert.equal(status, 0);
      assert.equal(printed.secret.made, true);
      const { loaded, reason, advice, library } = printed[part];
      assert.deepEqual([loaded, library], [false, null]);
      assert.ok(reason?.startsWith(`Cannot load the native ${part} library named by`), `${reason}`);
      assert.ok(reason?.includes("it is missing, not readable"), `${reason}`);
      assert.deepEqual(advice.map(({ id }) => id), ["reinstall"]);
      const { stdout } = await doctor([], { env });
      const said = `${heading} not loaded, so there are no ${needs}: ${reason}`;
      assert.ok(unwrapped(stdout).includes(said), stdout);
      assert.ok(unwrapped(stdout).includes(advice[0]?.text as string));
    }
  });
}

test("a library that is not the one of this version is told from it", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "copy.so");
    const zero = new Uint8Array(1);
    writeFileSync(path, Buffer.concat([readFileSync(cryptoPath()), zero]));
    const env = { SECUREMEMORY_CRYPTO_LIBRARY: path };
    const { printed: { crypto, library } } = await examined([], { env });
    assert.deepEqual([crypto.loaded, crypto.library?.verified], [true, false]);
    assert.equal(library?.verified, true);
    const { stdout } = await doctor([], { env });
    assert.ok(stdout.includes(`sha256 ${crypto.library?.sha256}, not of this version`));
  });
});

test("the shape of the JSON is what docs/doctor.md lists", async () => {
  const { printed } = await examined();
  const text = readFileSync(join(ROOT, "docs/doctor.md"), "utf8");
  const table = text.slice(text.search(/^\| field /m));
  const listed = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name as string);
  assert.deepEqual([...listed].sort(), Object.keys(printed).sort());
});

test("what a secret has that asks for nothing is marked as used", async () => {
  const { printed } = await examined();
  const used = (kind: string) =>
    printed.rows.filter((row) => row.kind === kind && row.used).map(({ name }) => name);
  assert.deepEqual([used("store"), used("gate")], [[auto.store], [auto.gate]]);
  for (const [name, { available }] of Object.entries(EXPECTED).slice(4)) {
    assert.equal(rowOf(printed, name as "sealed-guards").used, available, name);
  }
});

test("what is missing comes with advice, and what is used with none", async () => {
  const { printed } = await examined();
  for (const { name, available, used, advice } of printed.rows) {
    if (!available) assert.ok(advice.length > 0, name);
    if (used) assert.deepEqual(advice, [], name);
    for (const { id, text, source } of advice) {
      assert.match(id, /^[a-z0-9-]+$/);
      assert.ok(text.length > 20 && source.length > 5, id);
    }
  }
});

test("the text has a line for every row, with the reason that capabilities() gives", async () => {
  const { status, stdout } = await doctor([]);
  assert.equal(status, 0);
  for (const [name, { available, reason }] of Object.entries(EXPECTED)) {
    assert.match(stdout, new RegExp(`^  ${available ? "yes" : "no "}  ${name}( |$)`, "m"));
    if (reason !== undefined) assert.ok(unwrapped(stdout).includes(unwrapped(reason)), name);
  }
  assert.match(stdout, new RegExp(`store ${auto.store}, gate ${auto.gate}`));
  assert.ok(stdout.includes(known.library as string));
});

test("the text says what the JSON says", async () => {
  const { printed } = await examined();
  const { stdout } = await doctor([]);
  for (const { advice } of printed.rows) {
    for (const { text, commands, source } of advice) {
      assert.ok(unwrapped(stdout).includes(unwrapped(text)), text);
      for (const command of commands) assert.ok(stdout.includes(command), command);
      assert.ok(unwrapped(stdout).includes(source), source);
    }
  }
  assert.ok(stdout.includes(printed.library?.sha256 as string));
});

test("`--require` of what is there ends with 0", async () => {
  const there = Object.keys(EXPECTED).filter((name) => EXPECTED[name]?.available);
  const { status, printed } = await examined(["--require", there.join(",")]);
  assert.equal(status, 0);
  assert.deepEqual(printed.required, there);
  assert.deepEqual(printed.missing, []);
  assert.equal(printed.ok, true);
  const text = await doctor(["--require=locked", "--require", "mprotect,locked"]);
  assert.equal(text.status, 0);
  assert.match(text.stdout, /All there: locked, mprotect\.$/m);
});

test("`--require` of something missing ends with 1 and names it", {
  skip: withNothingMissing(),
}, async () => {
  const [name] = Object.values(MISSING ?? {}) as [string];
  const { status, printed } = await examined(["--require", `locked,${name}`]);
  assert.equal(status, 1);
  assert.deepEqual(printed.missing, [name]);
  assert.equal(printed.ok, false);
  assert.equal(printed.secret.made, true);
  const text = await doctor(["--require", `locked,${name}`]);
  assert.equal(text.status, 1);
  assert.match(text.stdout, new RegExp(`Required and missing: ${name}\\.$`, "m"));
});

const NAMES = Object.keys(EXPECTED).join(", ");
const OPTIONS = "--json, --require, --write-library, --write-libraries, --help, --version";
const WRONG: readonly (readonly [args: readonly string[], message: string])[] = [
  [
    ["--colour"],
    `Cannot use the option --colour: there is none of that name. There are ${OPTIONS}`,
  ],
  [["-j"], `Cannot use the option -j: there is none of that name. There are ${OPTIONS}`],
  [["--help", "--colour"], "Cannot use the option --colour: there is none of that name."],
  [["doctor"], `Cannot use the argument "doctor": there are only options, ${OPTIONS}`],
  [[""], 'Cannot use the argument ""'],
  [["--json=yes"], "Cannot use --json: it takes no value"],
  [["--require"], `Cannot use --require: it takes a value, one or more of ${NAMES}`],
  [["--require="], "Cannot use --require: it takes a value"],
  [["--require", "--json"], "Cannot use --require: it takes a value"],
  [
    ["--require", "locked,heap"],
    `Cannot require "heap": there is nothing of that name. There are ${NAMES}`,
  ],
  [["--require", "locked,"], 'Cannot require "": there is nothing of that name'],
  [["--require", "LOCKED"], 'Cannot require "LOCKED"'],
  [["--write-library"], "Cannot use --write-library: it takes a value, the path of a new file"],
  [["--write-library", "a", "--write-library", "b"], "Cannot use --write-library twice"],
  [["--write-library", "a", "--require", "locked"], "Cannot use --require with --write-library"],
  [["--write-libraries"], "Cannot use --write-libraries: it takes a value, the path of a folder"],
  [["--write-libraries", "a", "--write-libraries=b"], "Cannot use --write-libraries twice"],
  [
    ["--write-libraries", "a", "--require", "locked"],
    "Cannot use --require with --write-libraries",
  ],
  [
    ["--write-libraries", "a", "--write-library", "b"],
    "Cannot use --write-library with --write-libraries: which writes it, too",
  ],
];

/** Keeps what is printed. */
function memory(colors = false) {
  const printed = { out: "", error: "" };
  return {
    printed,
    out: (text: string) => void (printed.out += `${text}\n`),
    error: (text: string) => void (printed.error += `${text}\n`),
    colors,
    unicode: colors,
    columns: 80,
  };
}

test("a wrong command line ends with 2, says what is wrong, and prints nothing else", () => {
  for (const [args, message] of WRONG) {
    const terminal = memory();
    assert.equal(run(args, terminal), 2, args.join(" "));
    assert.equal(terminal.printed.out, "", args.join(" "));
    assert.ok(terminal.printed.error.includes(message), terminal.printed.error);
    assert.equal(terminal.printed.error.split("\n").length, 2);
  }
});

test("a wrong command line is the exit status of the process", async () => {
  const { status, stdout, stderr } = await doctor(["--json", "--nonsense"]);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^doctor: Cannot use the option --nonsense/m);
});

test("`--version` prints the version of the manifests, and `--help` every option and name", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.equal(VERSION, version);
  assert.equal((await doctor(["--version"])).stdout, `${version}\n`);
  const { status, stdout } = await doctor(["--help"]);
  assert.equal(status, 0);
  for (const word of [...OPTIONS.split(", "), ...Object.keys(EXPECTED)]) {
    assert.ok(stdout.includes(word), word);
  }
  for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
});

test("the npm command runs the doctor, and tells its usage otherwise", async () => {
  const { bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(bin), ["securememory"]);
  const start = (...args: string[]) => runScript("cli.ts", { args });
  assert.equal((await start("doctor", "--version")).stdout, `${VERSION}\n`);
  assert.equal((await start("doctor", "--nonsense")).status, 2);
  const none = await start();
  assert.deepEqual([none.status, none.stdout], [2, ""]);
  assert.match(none.stderr, /a subcommand is missing\n\nUsage: securememory doctor/);
  const other = await start("doktor");
  assert.equal(other.status, 2);
  assert.match(other.stderr, /there is no subcommand "doktor"\n\nUsage: securememory doctor/);
  const help = await start("--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: securememory doctor/);
});

test("examine() gives plain data: JSON keeps all of it", () => {
  const report = examine();
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test("importing the doctor runs nothing", async () => {
  const url = JSON.stringify(new URL("../doctor.ts", import.meta.url).href);
  const { status, stdout, stderr } = await runCode(`
    await import(${url});
    console.log(typeof securememory.Secret);
  `);
  assert.deepEqual([status, stdout, stderr], [0, "function\n", ""]);
});

// deno-lint-ignore no-control-regex
const ESCAPE = /\x1b/;

test("without a terminal there is no escape code and no letter beyond ASCII", async () => {
  for (const args of [[], ["--json"], ["--help"]]) {
    const { stdout } = await doctor(args);
    assert.doesNotMatch(stdout, ESCAPE);
    // deno-lint-ignore no-control-regex
    assert.match(stdout, /^[\x00-\x7f]*$/);
  }
  const control = memory(true);
  run([], control);
  assert.match(control.printed.out, ESCAPE);
  assert.match(control.printed.out, /│/);
  const json = memory(true);
  run(["--json"], json);
  assert.doesNotMatch(json.printed.out, ESCAPE);
});

const withoutScript = unless(
  "script",
  process.platform === "linux" && spawnSync("script", ["--version"]).status === 0,
  "script (util-linux) cannot make a terminal here",
);

test("on a terminal there are colours, unless NO_COLOR is set", { skip: withoutScript }, () => {
  const line = commandLine(join(ROOT, "doctor.ts")).map((word) => `'${word}'`).join(" ");
  const onTerminal = (env: Record<string, string>) =>
    spawnSync("script", ["-qec", line, "/dev/null"], {
      encoding: "utf8",
      env: { ...process.env, TERM: "xterm", LC_ALL: "C.UTF-8", NO_COLOR: "", ...env },
    }).stdout;
  assert.match(onTerminal({}), ESCAPE);
  assert.match(onTerminal({}), /│/);
  for (const [name, value] of [["NO_COLOR", "1"], ["TERM", "dumb"]] as const) {
    const env = { [name]: value };
    const text = onTerminal(env);
    assert.match(text, /SecureMemory \d/);
    assert.doesNotMatch(text, ESCAPE, JSON.stringify(env));
  }
  assert.doesNotMatch(onTerminal({ LC_ALL: "C" }), /│/);
});
