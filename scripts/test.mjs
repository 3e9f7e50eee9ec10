/**
 * Every suite, two at a time, and one closing line over all of them:
 * `N passed, N failed, N skipped`. A suite that cannot even start counts as failed.
 *
 *     node scripts/test.mjs                 everything
 *     node scripts/test.mjs tidy zig bun    some suites
 *     node scripts/test.mjs kinds           the suites of secrets over secrets of pools, on every runtime
 *     node scripts/test.mjs kinds --brief   in full on one, as in everything
 *     node scripts/test.mjs examples        what a user would copy, on every runtime that it names
 *     node scripts/test.mjs pkey            all suites of the runtimes, with protection keys:
 *                                           in an emulated machine where this one has none
 *     node scripts/test.mjs pkey --short    those files of them that look at gates and stores
 *     node scripts/test.mjs pkey --brief    those about the gate alone, as in everything
 *     node scripts/test.mjs arch            other architectures and systems, and repeated builds
 *     node scripts/test.mjs arch --brief    what of these is quick, as in everything
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { add, countCases, failure, linesOfFailures, linesOfRungs, none } from "./counts.mjs";
import { belongs, HAS_KEYS, testInMachines } from "./emulated/suite.mjs";
import { kindsIn } from "./kinds.mjs";
import { findBun, findDeno, findNode, findZig, ROOT } from "./toolchain.mjs";

const folder = mkdtempSync(join(tmpdir(), "securememory-"));
let total = none();

function run(program, args, options = {}) {
  return spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, NO_COLOR: "1" },
    // Deno has no time limit for a test: what hangs there must not hang all that comes after.
    timeout: 30 * 60 * 1000,
    killSignal: "SIGKILL",
    ...options,
  });
}

/** A command that passes or fails as a whole. */
function check(name, program, ...args) {
  const { status, stdout, stderr } = run(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const passed = status === 0;
  if (!passed) console.log(`${stdout}${stderr}`);
  console.log(`${passed ? "pass" : "FAIL"}: ${name}`);
  return passed ? { ...none(), passed: 1 } : failure(name, `${stderr}${stdout}`);
}

/** The tests of a folder. */
function testsIn(folder) {
  return readdirSync(`${ROOT}${folder}`).filter((name) => name.endsWith("_test.ts"))
    .map((name) => `${folder}/${name}`).sort();
}

const RUNTIMES = ["bun", "deno", "node"];
/** Of these, whose engines differ: with Node, which is `pkey --brief`, a machine would run two minutes more. */
const MACHINES = ["bun", "deno"];
/** This process is a part of everything. */
const inEverything = process.env.SECUREMEMORY_TEST_ALL !== undefined;
const form = ["brief", "short"].find((name) => process.argv.includes(`--${name}`)) ?? "whole";

/**
 * What no runtime has a part in, so that one says it all: a model of pure TypeScript, documents, manifests, and
 * the form of the benchmarks' table.
 */
const ONCE = ["bench", "counts", "documents", "model", "packaging", "plot"];

/** The tests of a runtime. */
function testsOf(runtime) {
  const once = ONCE.map((name) => `tests/${name}_test.ts`);
  return testsIn("tests").filter((path) =>
    belongs(path, form, runtime) && (runtime === "bun" || !once.includes(path))
  );
}

const proofFiles = testsIn("tests/proof");

function onBun(files, first = []) {
  const report = join(folder, "bun.xml");
  const reporters = ["--reporter=junit", `--reporter-outfile=${report}`];
  const flags = ["--timeout=300000", ...reporters, ...first.map((path) => `--preload=./${path}`)];
  const ended = run(findBun(), ["test", ...flags, ...files.map((path) => `./${path}`)]);
  return countCases(report, { suite: "bun", ...ended });
}

function onDeno(files, first = []) {
  const report = join(folder, "deno.xml");
  const common = ["-A", "--quiet", "--v8-flags=--expose-gc", `--junit-path=${report}`];
  const flags = [...common, ...first.map((path) => `--preload=${path}`)];
  const ended = run(findDeno(), ["test", ...flags, ...files]);
  return countCases(report, { suite: "deno", ...ended });
}

function onNode(files, first = []) {
  const report = join(folder, "node.xml");
  const common = ["--test", "--expose-gc", "--disable-warning=ExperimentalWarning"];
  const flags = [...common, ...first.map((path) => `--import=./${path}`)];
  const reporters = ["spec", "stdout", "junit", report];
  const [screen, out, file, path] = reporters;
  const ended = run(findNode(), [
    ...flags,
    ...[`--test-reporter=${screen}`, `--test-reporter-destination=${out}`],
    ...[`--test-reporter=${file}`, `--test-reporter-destination=${path}`],
    ...files,
  ]);
  return countCases(report, { suite: "node", ...ended });
}

/** Tests over secrets of pools, as tests/support/kinds.ts makes them. */
function ofKind({ runtime, kind, files }) {
  console.log(`secrets of the kind "${kind}" on ${runtime}`);
  process.env.SECUREMEMORY_TEST_KIND = kind;
  try {
    return { bun: onBun, deno: onDeno, node: onNode }[runtime](files, ["tests/support/kinds.ts"]);
  } finally {
    delete process.env.SECUREMEMORY_TEST_KIND;
  }
}

const suites = {
  tidy() {
    const zig = findZig();
    const deno = findDeno();
    const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
    const entries = Object.values(JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8")).exports);
    return add(
      check(
        "zig fmt",
        zig,
        "fmt",
        "--check",
        "build.zig",
        "build.zig.zon",
        "zig",
        "bench",
        "tests",
      ),
      check("deno fmt", deno, "fmt", "--check", "--quiet"),
      check("deno lint", deno, "lint", "--quiet"),
      check("deno doc --lint", deno, "doc", "--lint", ...entries),
      check("deno check", deno, "check", "--quiet", ...entries, "tests/types/deno.ts", "examples"),
      check("tsc --noEmit", process.execPath, tsc, "--noEmit"),
      check("deno publish --dry-run", deno, "publish", "--dry-run", "--allow-dirty", "--quiet"),
    );
  },

  zig() {
    const zig = findZig();
    const targets = check(
      "zig build targets (six of them, and the edge's module)",
      zig,
      "build",
      "targets",
    );
    const { status, stdout, stderr } = run(zig, ["build", "test", "--summary", "all"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const text = `${stdout}${stderr}`;
    console.log(text);
    const passed = Number(/(\d+) pass\b/.exec(text)?.[1] ?? 0);
    const skipped = Number(/(\d+) skip\b/.exec(text)?.[1] ?? 0);
    const all = Number(/run test[^\n]*\((\d+) total\)/.exec(text)?.[1] ?? passed + skipped);
    const failed = Math.max(all - passed - skipped, status === 0 ? 0 : 1);
    const wrong = text.split("\n").filter((line) => /\b(error|panic)\b/.test(line)).join("\n");
    const { failures } = failed === 0 ? none() : failure("zig build test", wrong);
    return add(targets, { passed, failed, skipped, failures });
  },

  bun: () => onBun(testsOf("bun")),
  deno: () => onDeno(testsOf("deno")),
  node: () => onNode(testsOf("node")),

  /** The suites of secrets once more, over secrets of pools. */
  kinds: () => add(...kindsIn(inEverything ? "brief" : form).map(ofKind)),

  /** What others see of a process: each runtime is looked at, since each could make copies. */
  proof() {
    // What is read there is the libraries' machine code: once is enough.
    const files = proofFiles.filter((path) => !path.endsWith("/disassembly_test.ts"));
    return add(onBun(files), onDeno(files), onNode(proofFiles));
  },

  /** The packages: made, looked into, installed in empty projects and used on each runtime. */
  install() {
    const out = join(folder, "package");
    const packed = check("scripts/pack.mjs", findNode(), "scripts/pack.mjs", "--out", out);
    if (packed.failed > 0) return packed;
    process.env.SECUREMEMORY_TEST_PACKAGE = out;
    return add(packed, onNode(testsIn("tests/install")));
  },

  /** The edge's suite: on the three runtimes, and once in workerd, edge-runtime and Chromium. */
  edge() {
    const [host, ...others] = ["host", "module", "workerd", "edge_runtime", "chromium"]
      .map((name) => `tests/edge/${name}_test.ts`);
    return add(onBun([host]), onDeno([host]), onNode([host, ...others]));
  },

  docs() {
    const report = join(folder, "docs.xml");
    const ended = run(findDeno(), [
      "test",
      "-A",
      "--doc",
      "--quiet",
      `--junit-path=${report}`,
      ...["mod.ts", "doctor.ts", "edge.ts", "src/"],
    ]);
    return countCases(report, { suite: "docs", ...ended });
  },

  /** Each example, started as its user would on every runtime that it names. */
  examples: () => onNode(testsIn("tests/examples")),

  /** What this machine has no keys for, in one that has them. */
  async emulated() {
    if (!HAS_KEYS) return add(...await testInMachines(MACHINES, { form: "brief" }));
    console.log("there are protection keys here: the suites of the runtimes run with them");
    return add();
  },

  /** Other architectures and systems, on one runtime. */
  arch() {
    process.env.SECUREMEMORY_TEST_ARCH = inEverything ? "brief" : form;
    return onNode(testsIn("tests/arch"));
  },

  /** Not a part of everything, but those parts of it once more, where there are keys. */
  async pkey() {
    const names = form === "whole" ? [...RUNTIMES, "proof"] : RUNTIMES;
    if (!HAS_KEYS) return add(...await testInMachines(names, { form, must: true }));
    process.env.REQUIRE = [process.env.REQUIRE, "pkey"].filter(Boolean).join(",");
    return add(...names.map((name) => suites[name]()));
  },
};

const args = process.argv.slice(2).filter((name) => !/^--(brief|short)$/.test(name));
const everything = args.length === 0;
const chosen = !everything ? args : Object.keys(suites).filter((name) => name !== "pkey");
const unknown = chosen.find((name) => suites[name] === undefined);
if (unknown !== undefined) {
  console.error(`There is no suite "${unknown}": ${Object.keys(suites).join(", ")}`);
  process.exit(2);
}

/** Runs a suite in this process, which waits for it. */
async function runHere(name) {
  console.log(`\n==> ${name}`);
  const started = Date.now();
  const counts = await suites[name]();
  counts.failures = counts.failures.map((line) => `${name}: ${line}`);
  console.log(ending(name, counts, started));
  return counts;
}

/** Runs a suite in a process of its own; what it says is shown when it is over. */
async function runBeside(name) {
  console.log(`... ${name} begins`);
  const started = Date.now();
  const file = join(folder, `${name}.json`);
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name], {
    env: { ...process.env, SECUREMEMORY_TEST_COUNTS: file, SECUREMEMORY_TEST_ALL: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => said.push(part));
  await new Promise((resolve) => child.on("close", resolve));
  process.stdout.write(Buffer.concat(said));
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    const counts = failure(name, "it ended before it counted");
    console.log(ending(name, counts, started));
    return counts;
  }
}

function ending(name, { passed, failed, skipped }, started) {
  const seconds = Math.round((Date.now() - started) / 1000);
  return `<== ${name}: ${passed} ok, ${failed} not, ${skipped} left out, ${seconds} s`;
}

/** All of them, as many at once as there are processors, two at most: each is a suite of one. */
async function runAll(names) {
  const waiting = [...names];
  const counts = [];
  const lane = async () => {
    for (let name; (name = waiting.shift()) !== undefined;) counts.push(await runBeside(name));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return counts;
}

if (everything) total = add(...await runAll(chosen));
else for (const name of chosen) total = add(total, await runHere(name));
rmSync(folder, { recursive: true });
const elsewhere = process.env.SECUREMEMORY_TEST_COUNTS;
if (elsewhere !== undefined) writeFileSync(elsewhere, JSON.stringify(total));
if (elsewhere === undefined) {
  console.log(["", ...linesOfFailures(total), ...linesOfRungs(total)].join("\n"));
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
}
process.exit(total.failed === 0 ? 0 : 1);
