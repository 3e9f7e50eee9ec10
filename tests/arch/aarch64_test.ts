/**
 * Linux on aarch64, its programs run by QEMU's user mode: the core's own tests, and each
 * runtime as it is for that processor.
 *
 * The system calls are this machine's, as QEMU translates them. What it lacks is in `LIMITS`
 * below, and what it drops: it answers ENOSYS to mlock2, memfd_secret and mseal, does nothing
 * on MADV_DONTDUMP, MADV_NOHUGEPAGE and MADV_UNMERGEABLE, its own /proc/self/smaps has none
 * of the flags that the real one has, and signals come without the record that tells a read
 * from a write.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { withoutZig } from "../support/native.ts";
import { buildCoreTests, readResults } from "./support/core_tests.ts";
import { assertSmoke, assertStray, childPath } from "./support/runs.ts";
import { find, got, runToEnd, tools } from "./support/tools.ts";

const qemu = find("qemu-user", () => [tools.qemuAarch64(), "-L", tools.aarch64Root()]);

/** Tests of the core that fail under QEMU, and why. */
const LIMITS = {
  "a failed invariant wipes every secret, says so and stops":
    "QEMU adds a line about the signal to what the process says at its end",
  "the kernel sees what was promised, in each state, on every rung":
    "QEMU's own /proc/self/smaps does not say what is locked or left out of dumps",
  "pages are locked where there is no mlock2, too, and nothing is left open if they cannot be":
    "the same",
  "a variable becomes a secret":
    "QEMU's own /proc/self/stat does not say where the kernel's block of the environment is",
  "a variable that is scrubbed is gone": "the same",
};

test("aarch64: the core's own tests pass, but those that QEMU stands in the way of", {
  skip: qemu.skip || withoutZig,
  timeout: patience(300_000),
}, () => {
  const program = buildCoreTests("linux-aarch64", "test");
  const { stdout, stderr } = runToEnd([...got(qemu), program]);
  const { passed, failed } = readResults(`${stdout}${stderr}`);
  assert.deepEqual([...failed].sort(), Object.keys(LIMITS).sort(), stderr);
  assert.ok(passed.length > 50, `${passed.length} passed`);
});

/** V8 checks WebAssembly's bounds by faults, which QEMU does not hand on as it expects. */
const FLAGS = {
  bun: [],
  deno: ["run", "-A", "--quiet"],
  node: ["--disable-wasm-trap-handler", "--disable-warning=ExperimentalWarning"],
} as const;

for (const runtime of ["bun", "deno", "node"] as const) {
  const found = qemu.skip === false
    ? find(`${runtime}-aarch64`, tools.aarch64Runtimes[runtime])
    : qemu;
  const skip = found.skip;
  const command = (child: string) => [
    ...got(qemu),
    ...[got(found) as string, ...FLAGS[runtime], childPath(child)],
  ];

  test(`aarch64: ${runtime} creates, opens, compares and closes secrets`, {
    skip,
    timeout: patience(120_000),
  }, () => {
    const ended = runToEnd(command("smoke"));
    const smoke = assertSmoke(ended, runtime, "linux-arm64", "linux-aarch64/libsecurememory.so");
    // Not because it is so: because the system that is asked does not say so.
    assert.equal(smoke.status.locked, false);
  });

  test(`aarch64: a stray read ends ${runtime}, with a line about it`, {
    skip,
    timeout: patience(120_000),
  }, () => assertStray(runToEnd(command("stray"))));

  test(`aarch64: this kernel knows the pages of ${runtime} as locked, and wiped on fork`, {
    skip,
    timeout: patience(120_000),
  }, async () => {
    const [program, ...args] = command("hold") as [string, ...string[]];
    const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(child.stdout, "data");
      const flags = readFileSync(`/proc/${child.pid}/smaps`, "utf8").match(/^VmFlags:.*$/gm) ?? [];
      const settled = flags.filter((line) => / lo\b/.test(line) && / wf\b/.test(line));
      assert.ok(settled.length >= 8, `${settled.length} of ${flags.length} mappings`);
      assert.ok(settled.every((line) => !/ (?:rd|wr|ex)\b/.test(line)), settled.join("\n"));
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });
}
