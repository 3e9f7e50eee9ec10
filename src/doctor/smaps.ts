/**
 * What the kernel says of this process's memory, in /proc/self/smaps: proc_pid_smaps(5).
 *
 * @module
 */
import { readText } from "./files.ts";

/** One mapping: a run of pages that are alike. Its addresses stay in here. */
export interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
  /** Such as `r--p`: read, write, execute, private or shared. */
  readonly permissions: string;
  /** Number of its protection key; 0 is that of all other memory, and where there are none. */
  readonly key: number;
  /** Two letters each. */
  readonly flags: readonly string[];
}

const HEADING = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) /;

/** The mappings in order of their addresses; `undefined` if the kernel or the runtime does not tell. */
export function mappings(): readonly Mapping[] | undefined {
  const text = readText("/proc/self/smaps");
  // A kernel without CONFIG_PROC_PAGE_MONITOR has no such file; one without VmFlags is older than 3.8.
  if (text === undefined || !text.includes("VmFlags:")) return undefined;
  return parse(text);
}

function parse(text: string): Mapping[] {
  const found: Mapping[] = [];
  let heading: RegExpExecArray | null = null;
  let key = 0;
  for (const line of text.split("\n")) {
    const next = HEADING.exec(line);
    if (next !== null) {
      heading = next;
      key = 0;
    } else if (line.startsWith("ProtectionKey:")) {
      key = Number(line.slice("ProtectionKey:".length));
    } else if (line.startsWith("VmFlags:") && heading !== null) {
      const [, from, to, permissions] = heading as unknown as [string, string, string, string];
      found.push({
        from: BigInt(`0x${from}`),
        to: BigInt(`0x${to}`),
        permissions,
        key,
        flags: line.slice("VmFlags:".length).trim().split(" "),
      });
    }
  }
  return found;
}

/** What the flags mean that may stand in `VmFlags`: proc_pid_smaps(5), fs/proc/task_mmu.c. */
export const FLAGS: { readonly [flag: string]: string } = {
  rd: "readable",
  wr: "writable",
  ex: "executable",
  sh: "shared",
  mr: "may be made readable",
  mw: "may be made writable",
  me: "may be made executable",
  ms: "may be made shared",
  gd: "grows downwards",
  pf: "pages by number only",
  lo: "locked: never swapped out",
  io: "memory of a device",
  sr: "read from front to back",
  rr: "read in any order",
  dc: "absent in a forked child",
  de: "never grows",
  ac: "counted against the limit for memory",
  nr: "no swap is set aside for it",
  ht: "on huge pages of hugetlb",
  sf: "faults are synchronous",
  nl: "not linear",
  ar: "depends on the processor",
  wf: "wiped in a forked child",
  dd: "left out of core dumps",
  sd: "watched for writes",
  mm: "mixed",
  hg: "may become part of a huge page",
  nh: "never part of a huge page",
  mg: "merged with equal pages",
  bt: "guarded by BTI",
  mt: "tagged",
  um: "faults are handled by a program",
  uw: "writes are handled by a program",
  ui: "small faults are handled by a program",
  ss: "a shadow stack",
  sl: "sealed: nobody can open, move or unmap it",
};
