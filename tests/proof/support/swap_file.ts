/**
 * A swap file of one's own, for as long as a test runs: swapon(2) is for root.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { programs } from "./programs.ts";

const MIB = 1 << 20;

/** Takes a tool's complaint as the error. */
function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr.trim()}`);
}

/** Works with a swap file that is preferred to all others, and takes it away afterwards. */
export async function withSwap<T>(mib: number, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(programs().folder, `swap-${mib}`);
  const off = () => {
    // The kernel's own list: swapoff(2) must not be forgotten, whatever went wrong.
    if (readFileSync("/proc/swaps", "utf8").includes(path)) run("swapoff", path);
    rmSync(path, { force: true });
  };
  process.once("exit", off);
  try {
    // Written out: what was only allocated reads as zeros whatever is swapped there.
    const file = openSync(path, "w", 0o600);
    for (let written = 0; written < mib; written++) writeSync(file, new Uint8Array(MIB));
    fsyncSync(file);
    closeSync(file);
    run("mkswap", path);
    run("swapon", "--priority", "32767", path);
    return await use(path);
  } finally {
    off();
    process.off("exit", off);
  }
}

/** Why there can be no swap file here, if there cannot. */
export async function swapRefusal(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "swapon(2) is for root";
  const zswap = "/sys/module/zswap/parameters/enabled";
  if (existsSync(zswap) && readFileSync(zswap, "utf8").startsWith("Y")) {
    return "zswap keeps swapped pages compressed in memory";
  }
  try {
    await withSwap(1, () => Promise.resolve());
  } catch (error) {
    return (error as Error).message;
  }
}
