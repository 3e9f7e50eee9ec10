/**
 * What the kernel says of this process's memory.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One line of /proc/self/maps. */
export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Such as `r--p`. */
  readonly permissions: string;
}

/** The mappings of a process, in order of their addresses. */
export function mappings(pid: number | "self" = "self"): Mapping[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8").trimEnd().split("\n").map((line) => {
    const [range, permissions] = line.split(" ") as [string, string];
    const [from, to] = range.split("-") as [string, string];
    return { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), permissions };
  });
}

/** A number of /proc/self/status, such as `VmLck` or `VmRSS`, in bytes. */
export function statusBytes(name: string): number {
  const line = readFileSync("/proc/self/status", "utf8").split("\n")
    .find((text) => text.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`The kernel reports no ${name}`);
  return Number.parseInt(line.slice(name.length + 1)) * 1024;
}
