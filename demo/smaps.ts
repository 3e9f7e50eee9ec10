/**
 * /proc/<pid>/smaps: what the kernel says of a process's memory.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One mapping: a run of pages that are alike. */
export interface Mapping {
  /** As the kernel writes it, such as `7f1c2e9f0000-7f1c2e9f1000`. */
  readonly range: string;
  /** Its first address. */
  readonly from: number;
  /** The address after its last. */
  readonly to: number;
  /** Such as `r--p`: read, write, execute, private. */
  readonly permissions: string;
  /** Any of it is in memory. */
  readonly resident: boolean;
  /** Such as `mr mw me lo dd wf`; proc_pid_smaps(5) lists them. */
  readonly flags: readonly string[];
}

/** The mappings of a process. */
export function mappings(pid: string): Mapping[] {
  const text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  // A mapping is a heading and lines of `Name: value`, of which VmFlags is the last.
  return text.split(/(?<=^VmFlags:.*\n)/m).map((lines) => {
    const [range, permissions] = lines.split(" ", 2) as [string, string];
    const [from, to] = range.split("-").map((digits) => Number.parseInt(digits, 16));
    return {
      range,
      from: from as number,
      to: to as number,
      permissions,
      resident: !/^Rss: +0 kB$/m.test(lines),
      flags: /^VmFlags: (.*?) *$/m.exec(lines)?.[1]?.split(" ") ?? [],
    };
  });
}

/** The permissions of one mapping, from /proc/<pid>/maps: that costs a twentieth of smaps. */
export function permissionsOf(pid: string, { range }: Mapping): string {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  const at = maps.indexOf(`${range} `);
  return at === -1 ? "gone" : maps.slice(at + range.length + 1, at + range.length + 5);
}
