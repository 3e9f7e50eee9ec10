/**
 * What this host has: for the tests that not every host can run.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";

/** There is a /proc/self/smaps to read. Wine has one too, which is of no Windows program. */
export const HAS_SMAPS: boolean = process.platform === "linux" && existsSync("/proc/self/smaps");

const CAP_IPC_LOCK = 14n;

/** Bytes that this process may lock, as the kernel says: `Infinity` without a limit. */
export function lockableBytes(): number {
  if (!HAS_SMAPS) return Infinity;
  const status = readFileSync("/proc/self/status", "utf8");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  if ((effective >> CAP_IPC_LOCK & 1n) === 1n) return Infinity;
  const limits = readFileSync("/proc/self/limits", "utf8");
  const soft = /^Max locked memory\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}

/** The processor has protection keys, and the kernel uses them: pkeys(7). */
export function hasKeys(): boolean {
  return HAS_SMAPS && /^flags\b.*\bospke\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
}

/** The kernel offers hibernation now: kernel/power/hibernate.c. */
export function canHibernate(): boolean {
  const states = "/sys/power/state";
  return existsSync(states) && /\bdisk\b/.test(readFileSync(states, "utf8"));
}
