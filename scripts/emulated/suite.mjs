/**
 * Suites of scripts/test.mjs in emulated machines, for a host without protection keys.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { add, failure, none } from "../counts.mjs";
import { findNode, ROOT } from "../toolchain.mjs";
import { emulate, findMachine } from "./machine.mjs";
import { Unavailable } from "./packages.mjs";

/** The kernel offers protection keys to programs here. */
export const HAS_KEYS = process.platform === "linux" &&
  /^flags\b.*\bospke\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));

/** Tests of what a gate or a store does: `tests/<name>_test.ts`, and all that begin so. */
const EVERYWHERE = [
  ...[
    "async",
    "close",
    "copies",
    "create",
    "keyed_windows",
    "open",
    "pkey",
    "pool",
    "purge",
    "read",
  ],
  ...["revoke", "share", "stats", "update", "window", "worker"],
];
/** The long ones of them, on one runtime each. */
const ONCE = { bun: ["status", "keyed_threads"], deno: ["death"], node: ["layout", "rest"] };

/** What is about the gate alone, on all three runtimes, and windows on one: a few minutes. */
const BRIEF = { bun: ["pkey", "window"], deno: ["pkey"], node: ["pkey"] };

/** Whether a test file belongs to a form (`brief`, `short` or `whole`) for a runtime. */
export function belongs(path, form, runtime) {
  if (form === "whole") return true;
  return (form === "brief" ? BRIEF[runtime] : [...EVERYWHERE, ...ONCE[runtime]])
    .some((name) => new RegExp(`/${name}(_\\w+)?_test\\.ts$`).test(path));
}

/** What these tests ask for is there, so that none is skipped for want of it. */
const THERE = ["pkey", "zig", "proc", "memlock", "user"];
/** How much slower than a real one the machine may be. */
const SLOWDOWN = 10;
/** Each machine has a thread for each of its two processors, which seldom work both. */
const LANES = Math.min(Math.max(availableParallelism(), 1), 4);
/** In MB, of each machine. */
const MEMORY = "2048";
/** A machine that takes longer hangs. */
const SECONDS = 4 * 3600;

/** In a machine that takes minutes. */
function buildNatives() {
  const { status } = spawnSync(findNode(), [`${ROOT}tests/support/build_natives.ts`], {
    // Node sums up tests, of which there are none.
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("the native libraries of the tests cannot be built");
}

/** Puts a name before each line of the machines' output, since several run at once. */
function output(name) {
  let rest = "";
  return new Writable({
    decodeStrings: false,
    write(text, _, done) {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop();
      for (const line of lines) console.log(`${name}: ${line}`);
      done();
    },
  });
}

async function countsOf(name, form) {
  const folder = mkdtempSync(join(tmpdir(), "securememory-counts-"));
  const variables = {
    REQUIRE: THERE.join(","),
    SECUREMEMORY_TEST_COUNTS: "/out/counts.json",
    SECUREMEMORY_TEST_SLOWDOWN: SLOWDOWN,
  };
  const command = [
    ...["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
    ...["node", "scripts/test.mjs", name, ...(form === "whole" ? [] : [`--${form}`])],
  ];
  const options = { memory: MEMORY, timeout: SECONDS, out: folder, output: output(name) };
  try {
    const status = await emulate(command, options);
    const counts = JSON.parse(readFileSync(join(folder, "counts.json"), "utf8"));
    // A suite that ran nothing, or that ended in a way of its own, has not passed.
    const hidden = counts.failed === 0 && (status !== 0 || counts.passed === 0);
    if (!hidden) return counts;
    return add(
      counts,
      failure(name, `in the emulated machine: status ${status}, ${counts.passed} passed`),
    );
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    console.log(`FAIL: ${name} in the emulated machine: ${error.message}`);
    return failure(name, error.message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs suites, each in a machine of its own; resolves to their counts. A host that cannot
 * have the machine is a skip, and a failure where the machine is what was asked for.
 */
export async function testInMachines(suites, { form, must = false }) {
  const required = must || (process.env.REQUIRE ?? "").split(",").includes("pkey");
  const waiting = [...suites];
  const all = [];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      all.push(await countsOf(name, form));
    }
  };
  try {
    findMachine();
    buildNatives();
    await Promise.all(Array.from({ length: LANES }, lane));
    return all;
  } catch (error) {
    const skipped = error instanceof Unavailable && !required;
    console.log(`${skipped ? "skipped" : "FAIL"}: the emulated machine: ${error.message}`);
    const counts = skipped
      ? { ...none(), skipped: 1 }
      : failure("the emulated machine", error.message);
    return [...all, counts];
  }
}
