/**
 * Suites of scripts/test.mjs in the emulated machine, for a host without protection keys.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNode, ROOT } from "../toolchain.mjs";
import { emulate } from "./machine.mjs";
import { Unavailable } from "./packages.mjs";

/** The kernel offers protection keys to programs here. */
export const HAS_KEYS = process.platform === "linux" &&
  /^flags\b.*\bospke\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));

/** Tests of what a gate or a store does: `tests/<name>_test.ts`, and all that begin so. */
const NAMES = [
  ...["async", "capabilities", "close", "copies", "create", "death", "diagnostics", "layout"],
  ...["open", "pkey", "purge", "read", "rest", "revoke", "share", "stats", "status", "update"],
  ...["window", "worker"],
];

/** Whether a test file belongs to the short form. */
export function isShort(path) {
  return NAMES.some((name) => new RegExp(`/${name}(_\\w+)?_test\\.ts$`).test(path));
}

/** What these tests ask for is there, so that none is skipped for want of it. */
const THERE = ["pkey", "zig", "proc", "memlock", "user"];
/** How much slower than a real one the machine may be. */
const SLOWDOWN = 10;

/** In the machine that takes minutes. */
function buildNatives() {
  const { status } = spawnSync(findNode(), [`${ROOT}tests/support/build_natives.ts`], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error("the native libraries of the tests cannot be built");
}

async function countsOf(suites, short, folder) {
  const variables = {
    REQUIRE: THERE.join(","),
    SECUREMEMORY_TEST_COUNTS: "/out/counts.json",
    SECUREMEMORY_TEST_SLOWDOWN: SLOWDOWN,
  };
  const command = [
    ...["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
    ...["node", "scripts/test.mjs", ...suites, ...(short ? ["--short"] : [])],
  ];
  const status = await emulate(command, { out: folder });
  const counts = JSON.parse(readFileSync(join(folder, "counts.json"), "utf8"));
  // A suite that ran nothing, or that ended in a way of its own, has not passed.
  const hidden = counts.failed === 0 && (status !== 0 || counts.passed === 0) ? 1 : 0;
  return { ...counts, failed: counts.failed + hidden };
}

/**
 * Runs suites in the machine; resolves to their counts. A host that cannot have the machine
 * is a skip, and a failure where the machine is what was asked for.
 */
export async function testInMachine(suites, { short, must = false }) {
  const required = must || (process.env.REQUIRE ?? "").split(",").includes("pkey");
  const folder = mkdtempSync(join(tmpdir(), "securememory-counts-"));
  try {
    buildNatives();
    return await countsOf(suites, short, folder);
  } catch (error) {
    const skipped = error instanceof Unavailable && !required;
    console.log(`${skipped ? "skipped" : "FAIL"}: the emulated machine: ${error.message}`);
    return { passed: 0, failed: skipped ? 0 : 1, skipped: skipped ? 1 : 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
