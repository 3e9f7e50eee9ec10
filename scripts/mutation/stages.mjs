/**
 * What a mutant has to get past: the tests in the order in which they are likely to
 * catch one soonest. The first failure ends it.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { HOST_STEPS } from "../libraries.mjs";
import { findBun, findDeno, findNode, findZig } from "../toolchain.mjs";

/**
 * Files that together take a few seconds, and catch nearly everything. Not faults_test: it
 * counts system calls, and would catch a lost one before the test of what it is for.
 */
const FAST = [
  ...["arguments", "async", "close", "collect", "copies", "corruption", "create", "death"],
  ...["dispose", "equals_copy", "escape", "factory", "fill", "fork", "harden", "layout"],
  ...["leaks", "limits", "open", "options", "purge", "read", "redaction", "rest", "revoke"],
  ...["share", "source", "stats", "status", "update", "window", "worker"],
].map((name) => `tests/${name}_test.ts`);

/** These test other parts of the project, and take longer than all the rest. */
const UNRELATED = [
  ...["bench", "demo", "documents", "doctor", "embedded", "hashes", "key_copies"],
  ...["mutation", "packaging", "plot", "readme", "sha256"],
].map((name) => `${name}_test.ts`);

const testsIn = (root, folder) => {
  try {
    return readdirSync(`${root}/${folder}`)
      .filter((name) => name.endsWith("_test.ts") && !UNRELATED.includes(name))
      .map((name) => `${folder}/${name}`).sort();
  } catch {
    return [];
  }
};

/** Groups of processes that run now; they end with this one. */
const groups = new Set();
process.on("exit", () => groups.forEach(killGroup));

function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended by itself.
  }
}

/** Runs a command with a limit. `status` is null if it was killed, by the limit or by a signal. */
function run(root, program, args, limitSeconds) {
  const child = spawn(program, args, {
    cwd: root,
    detached: true, // A group of its own: its children end with it.
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let text = "";
  let hung = false;
  groups.add(child.pid);
  const timer = setTimeout(() => {
    hung = true;
    killGroup(child.pid);
  }, limitSeconds * 1000);
  const add = (piece) => text = (text + piece).slice(-4_000_000);
  child.stdout.setEncoding("utf8").on("data", add);
  child.stderr.setEncoding("utf8").on("data", add);
  return new Promise((resolve) => {
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      killGroup(child.pid);
      groups.delete(child.pid);
      resolve({ status, signal, text, hung });
    });
  });
}

const ending = ({ signal, hung, status }) => hung ? "hangs" : signal ?? `ends with ${status}`;

/** The first failure in what Bun printed: the file and the test. */
function failureOfBun(outcome) {
  let file = "";
  for (const line of outcome.text.split("\n")) {
    const head = /^(tests\/\S+_test\.ts):$/.exec(line);
    if (head !== null) file = head[1];
    const failed = /^\(fail\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line);
    if (failed !== null) return { file, name: failed[1] };
  }
  return { file, name: ending(outcome) };
}

function bun(name, filesOf, limitSeconds) {
  return {
    name,
    async run(root) {
      const files = filesOf(root);
      if (files.length === 0) return {};
      const flags = ["test", "--bail=1", "--timeout=60000"];
      const test = (paths) =>
        run(root, findBun(), [...flags, ...paths.map((path) => `./${path}`)], limitSeconds);
      let accident;
      for (let round = 0; round < 3; round++) {
        const outcome = await test(files);
        if (outcome.status === 0) break;
        const failure = failureOfBun(outcome);
        const said = `${failure.file}: ${failure.name}`;
        // A test that fails by accident has caught nothing: it has to fail again.
        const again = await test(failure.file === "" ? files : [failure.file]);
        if (again.status !== 0) {
          const text = [outcome, again].map((one) => `${ending(one)}\n${one.text.slice(-1500)}`);
          return { caught: said, text: text.join("\n") };
        }
        accident = said;
      }
      return { accident };
    },
  };
}

const zig = {
  name: "zig",
  async run(root) {
    const outcome = await run(root, findZig(), ["build", "test", "--summary", "all"], 300);
    const { status, text } = outcome;
    if (status === 0) return {};
    const failed = /error: '([^']+)' (?:failed|timed out|leaked|terminated|crashed)/.exec(text) ??
      /while executing test '([^']+)'/.exec(text);
    const wrong = /^\S+\.zig:\d+:\d+: error: .*$/m.exec(text);
    if (failed === null && wrong !== null) return { broken: wrong[0] };
    return { caught: `zig build test: ${failed?.[1] ?? ending(outcome)}` };
  },
};

function whole(name, command, failed, limitSeconds) {
  return {
    name,
    async run(root) {
      const [program, ...args] = command(root);
      const outcome = await run(root, program, args, limitSeconds);
      if (outcome.status === 0) return {};
      const failure = `${name}: ${failed.exec(outcome.text)?.[1] ?? ending(outcome)}`;
      const again = await run(root, program, args, limitSeconds);
      return again.status === 0 ? { accident: failure } : { caught: failure, text: again.text };
    },
  };
}

const node = whole(
  "node",
  (root) => [
    findNode(),
    ...["--test", "--expose-gc", "--disable-warning=ExperimentalWarning", "--test-reporter=tap"],
    ...testsIn(root, "tests"),
  ],
  /^ *not ok \d+ - (.*)$/m,
  900,
);

const deno = whole(
  "deno",
  // A type that does not fit says nothing about what runs.
  (root) => [
    findDeno(),
    ...["test", "-A", "--quiet", "--no-check", "--v8-flags=--expose-gc"],
    ...testsIn(root, "tests"),
  ],
  /^(.*) \.\.\. FAILED/m,
  900,
);

/** The files whose lines do nothing without protection keys. */
const KEYED = ["zig/keys.zig", "zig/os/linux_pkey.zig"];

/** The gate's own tests, in the emulated machine: few hosts have protection keys. */
const keyed = {
  name: "bun, with protection keys",
  async run(root) {
    const machine = [process.execPath, "scripts/emulated.mjs", "--timeout", "540", "--"];
    const test = [
      "env",
      "REQUIRE=pkey,secretmem",
      "SECUREMEMORY_TEST_SLOWDOWN=10",
      "bun",
      "test",
      "--bail=1",
      "--timeout=240000",
    ];
    const files = ["pkey", "idle", "faults"].map((name) => `./tests/${name}_test.ts`);
    const [program, ...args] = [...machine, ...test, ...files];
    const outcome = await run(root, program, args, 1200);
    if (outcome.status === 0) return {};
    if (outcome.status === 125) throw new Error(`no emulated machine: ${outcome.text.slice(-500)}`);
    const { file, name } = failureOfBun(outcome);
    return { caught: `${file}: ${name}`, text: outcome.text.slice(-3000) };
  },
};

const fast = bun(
  "bun",
  (root) => testsIn(root, "tests").filter((path) => FAST.includes(path)),
  180,
);
const slow = bun(
  "bun, the rest",
  (root) => testsIn(root, "tests").filter((path) => !FAST.includes(path)),
  300,
);
const proof = bun("proof", (root) => testsIn(root, "tests/proof"), 900);

/** How far a mutant has to get before it counts as a survivor; each includes the one before. */
export const DEPTHS = ["quick", "usual", "everywhere"];

/** The stages for a file, in order. What survives on Bun survives nearly everywhere. */
export function stagesFor(file, depth) {
  const native = file.endsWith(".zig");
  const stages = [native ? [fast, zig] : [fast], native ? [slow, proof] : [slow], [node, deno]];
  if (KEYED.includes(file)) stages[0] = [keyed, ...stages[0]];
  if (file === "zig/gate.zig") stages[0] = [...stages[0], keyed];
  return stages.slice(0, DEPTHS.indexOf(depth) + 1).flat();
}

const RUNGS = `
  import { capabilities } from "./mod.ts";
  const { stores, gates } = capabilities();
  const there = Object.entries({ ...stores, ...gates }).filter(([, { available }]) => available);
  console.log(there.map(([name]) => name).join(","));
`;

/**
 * From here on tests may not skip what this host has: a mutant that makes a rung look missing
 * would survive by that.
 */
export async function requireRungs(root) {
  const { status, text } = await run(root, findBun(), ["-e", RUNGS], 60);
  if (status !== 0) throw new Error(`Cannot find out which rungs there are: ${text}`);
  process.env.REQUIRE = text.trim();
}

/** Builds what the tests load. The first line of what is wrong, or undefined. */
export async function build(root) {
  const steps = ["build", ...HOST_STEPS];
  const { status, text, hung } = await run(root, findZig(), steps, 300);
  if (status !== 0) {
    return hung ? "the compiler hangs" : /^\S+: error: .*$/m.exec(text)?.[0] ?? text.slice(0, 200);
  }
  // Else the package would refuse the library: it is not the one that it was made with.
  const embedded = await run(root, process.execPath, ["scripts/embed.mjs", "--host"], 60);
  return embedded.status === 0 ? undefined : embedded.text;
}
