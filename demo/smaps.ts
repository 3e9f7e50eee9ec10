/**
 * /proc/<pid>/smaps: what the kernel says of a process's memory.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** One mapping: a run of pages that are alike. */
export interface Mapping {
  /** Such as `7f1c2e9f0000-7f1c2e9f1000`. */
  readonly range: string;
  /** Such as `r--p`: read, write, execute, private. */
  readonly permissions: string;
  /** Such as `mr mw me lo dd wf`; proc_pid_smaps(5) lists them. */
  readonly flags: string;
}

/** The permissions of one mapping, from /proc/<pid>/maps: that costs a twentieth of smaps. */
export function permissionsOf(pid: string, range: string): string {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  const at = maps.indexOf(`${range} `);
  return at === -1 ? "gone" : maps.slice(at + range.length + 1, at + range.length + 5);
}

/** The mappings of a process. */
export function mappings(pid: string): Mapping[] {
  const found: Mapping[] = [];
  let heading: RegExpExecArray | null = null;
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    heading = /^([0-9a-f]+-[0-9a-f]+) (\S{4}) /.exec(line) ?? heading;
    const flags = /^VmFlags: (.*)$/.exec(line)?.[1];
    if (flags === undefined || heading === null) continue;
    const [, range, permissions] = heading as unknown as [string, string, string];
    found.push({ range, permissions, flags: flags.trim() });
  }
  return found;
}
