/**
 * Looks for bytes in the whole memory of another process, as a debugger may: by
 * /proc/PID/mem, which shows closed pages too.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import process from "node:process";
import { vmas } from "./smaps.ts";
import { unless } from "./skip.ts";

const CHUNK = 1 << 20;

/**
 * How often each of several runs of bytes is there; `undefined` if the kernel lets us read
 * nothing. What a program is made of is left out.
 */
export function find(pid: number, runs: readonly Uint8Array[]): number[] | undefined {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/mem`, "r");
  } catch {
    return undefined;
  }
  const found = runs.map(() => 0);
  const buffer = Buffer.alloc(CHUNK + Math.max(...runs.map(({ length }) => length)));
  let any = false;
  try {
    for (const { from, to, resident, constant } of vmas(pid)) {
      if (resident === 0 || constant) continue;
      for (let at = Number(from); at < Number(to); at += CHUNK) {
        const got = readAt(file, buffer.subarray(0, Number(to) - at), at);
        any ||= got > 0;
        for (const [index, run] of runs.entries()) {
          found[index]! += count(buffer.subarray(0, got), run);
        }
      }
    }
  } finally {
    closeSync(file);
  }
  return any ? found : undefined;
}

/** Whether this host lets one process read another one of the same user. */
function reads(): boolean {
  if (process.platform !== "linux") return false;
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    return find(child.pid as number, [new Uint8Array(8)]) !== undefined;
  } finally {
    child.kill("SIGKILL");
  }
}

/** The option `skip` of a test that looks into the memory of another process. */
export const withoutReading: string | false = unless(
  "mem",
  reads(),
  "/proc/PID/mem of another process cannot be read",
);

/** Parts of a process cannot be read: [vvar], memfd_secret. Then it is 0. */
function readAt(file: number, buffer: Buffer, position: number): number {
  try {
    return readSync(file, buffer, 0, buffer.length, position);
  } catch {
    return 0;
  }
}

/** Those that begin in the first chunk: the rest is seen again with the next one. */
function count(text: Buffer, run: Uint8Array): number {
  let found = 0;
  for (let at = text.indexOf(run); at >= 0 && at < CHUNK; at = text.indexOf(run, at + 1)) found++;
  return found;
}
