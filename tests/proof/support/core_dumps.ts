/**
 * Core dumps of the kernel: into the working folder of the process that dies.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { withoutZig } from "../../support/native.ts";
import { unless } from "../../support/skip.ts";

/** What to put before a command so that it may leave a core dump. */
export const CORE_WRAPPER: readonly string[] = [
  "sh",
  "-c",
  'ulimit -c unlimited && exec "$@"',
  "sh",
];

function refusal(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `the programs are for Linux on x86_64, not ${process.platform}`;
  }
  const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim();
  // core(5): a pipe, or a folder that this test does not know.
  if (/[|/]/.test(pattern)) return `core_pattern is "${pattern}", not a plain file name`;
  const [program, ...args] = [...CORE_WRAPPER, "true"];
  const { status } = spawnSync(program as string, args, { stdio: "ignore" });
  return status === 0 ? undefined : "ulimit cannot allow core dumps here";
}

function withoutDumps(): string | false {
  if (process.platform === "linux" && withoutZig !== false) return withoutZig;
  const reason = refusal();
  return unless("core", reason === undefined, reason ?? "");
}

/** The option `skip` of a test that needs a core dump of the kernel. */
export const withoutCore: string | false = withoutDumps();
