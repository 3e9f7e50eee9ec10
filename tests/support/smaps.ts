/**
 * What the kernel says of another process's memory: proc_pid_smaps(5).
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One mapping. */
export interface Vma {
  readonly from: bigint;
  readonly to: bigint;
  /** Such as `r--p`. */
  readonly permissions: string;
  /** Of VmFlags, such as `lo` for locked. */
  readonly flags: readonly string[];
  /** It is of a file that it cannot change. */
  readonly constant: boolean;
  /** Bytes of it that are in memory. */
  readonly resident: number;
}

/** The mappings of a process, in order of their addresses. */
export function vmas(pid: number): Vma[] {
  const found: Vma[] = [];
  const text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  for (const part of text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from, to, permissions, inode] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)/.exec(part) ?? [];
    if (from === undefined || to === undefined || permissions === undefined) continue;
    found.push({
      from: BigInt(`0x${from}`),
      to: BigInt(`0x${to}`),
      permissions,
      constant: inode !== "0" && /^[^w]*p$/.test(permissions),
      flags: (/^VmFlags: (.*)$/m.exec(part)?.[1] ?? "").trim().split(" "),
      resident: Number(/^Rss:\s+(\d+) kB$/m.exec(part)?.[1] ?? 0) * 1024,
    });
  }
  return found;
}
