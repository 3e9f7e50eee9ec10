/**
 * What the kernel says of the key's page, and what another process gets of it.
 *
 * @module
 */
import process from "node:process";
import { capabilities, type Secret, type SecretStatus } from "../mod.ts";
import { ending, start } from "./child.ts";
import type { Sight } from "./observer.ts";
import type { Observer } from "./observing.ts";
import type { Report } from "./report.ts";

/** Shows the page before, in and after a window. */
export async function showPage(key: Secret, observer: Observer, report: Report): Promise<void> {
  // Under the gate pkey pages in use stand open for the threads that have their key.
  if (key.status().gate === "pkey") await new Promise((resolve) => setTimeout(resolve, 400));
  // Asynchronous windows: they stay open while the other process looks. Windows of the
  // receiver's own are synchronous and last microseconds.
  const mappings = await observer.ask("note");
  const found = await key.withBytesAsync(() => observer.ask("find"));
  if (found !== 1) {
    return report.claim(`one mapping of ${mappings} is the page, not ${found}`, false);
  }
  const look = async (): Promise<[Sight, SecretStatus]> => [
    await observer.ask("look"),
    key.status(),
  ];
  const [before, statusBefore] = await look();
  const [inside, statusInside] = await key.withBytesAsync(look);
  const [after, statusAfter] = await look();

  report.text(
    `Process ${observer.pid}, of the same user, looks at this one from outside. The library`,
    "tells nobody where the page is, but the observer can compare: exactly one of",
    `${mappings} mappings is locked and becomes readable when a window opens.`,
    "",
  );
  report.table([
    ["", "before a window", "in a window", "after it"],
    ["permissions (smaps)", before.permissions, inside.permissions, after.permissions],
    [
      "status().protection",
      statusBefore.protection,
      statusInside.protection,
      statusAfter.protection,
    ],
    ["/proc/PID/mem gives", before.read, inside.read, after.read],
  ]);
  report.text("", `VmFlags, closed: ${before.flags.join(" ")}`);
  report.text(`VmFlags, open:   ${inside.flags.join(" ")}`);
  report.text(
    "(rd readable, lo locked, dd not in core dumps, wf wiped and dc absent on fork, nh no huge page)",
    "",
  );
  const secretmem = statusBefore.store === "secretmem";
  if (secretmem) explainRefusal(report);
  else explainReading(before, report);

  report.claim("the page is inaccessible before a window", /^---/.test(before.permissions));
  report.claim("the page is read-only in a window", /^r--/.test(inside.permissions));
  report.claim("the page is inaccessible after a window", /^---/.test(after.permissions));
  if (secretmem) {
    report.claim(
      "the kernel refuses to read the page for anyone, open or closed",
      [before, inside, after].every(({ read }) => read.startsWith("refused")),
    );
  }
  claimStatus([statusBefore, statusInside, statusAfter], report);
  report.claim("the page is locked", before.flags.includes("lo") && statusBefore.locked);
  report.claim("the page is in no core dump", before.flags.includes("dd"));
  report.claim(
    "a forked child finds zeros in its place, or nothing",
    secretmem
      ? before.flags.includes("dc") && statusBefore.fork === "absent"
      : before.flags.includes("wf") && statusBefore.fork === "wiped",
  );
}

/** The store secretmem is refused to everyone: there is nothing to explain away. */
function explainRefusal(report: Report): void {
  report.text(
    "The page is an area of memfd_secret(2): the kernel has taken it out of its own map, so it",
    "reads it for nobody, not for a debugger and not for root.",
  );
}

/** /proc/PID/mem is a debugger's way in. What it gives depends on the host: say what it gave. */
function explainReading({ read }: Sight, report: Report): void {
  if (read === "the key") {
    report.text(
      "So page protection stops this process's own stray reads, not a debugger: who may trace",
      "the process reads the page by /proc/PID/mem whether it is open or not. The locked store",
      'cannot stop that; store: "secretmem" does, where the kernel has it and blocking hibernation',
      "is no loss. Else: harden(), which refuses tracing to all but root, or Yama's",
      "kernel.yama.ptrace_scope.",
    );
  } else {
    report.text(
      "This host does not let the other process read the page by /proc/PID/mem. On hosts that",
      "let it (root, or no Yama) it gets the key, open or closed: page protection stops stray",
      'reads, not a debugger. store: "secretmem" stops that too.',
    );
  }
}

/** The ways in which systems say that a process touched what it must not. */
const FAULTS: readonly (string | number | null)[] = [
  "SIGSEGV",
  "SIGBUS",
  128 + 11, // Deno on SIGSEGV, as a shell says it
  0xc0000005, // Windows: access violation
];

/** Shows what becomes of a process that reads a page outside a window. */
export async function showStrayRead(report: Report, cleanup: DisposableStack): Promise<void> {
  const child = start("stray.ts", [], [`--allow-ffi=${capabilities().library}`], cleanup);
  const { status, signal, stdout, stderr } = await ending(child);
  const how = signal ?? `status ${status}`;
  report.text(`A child kept the view of a window and read one byte after it: ended by ${how}.`);
  const said = stderr.split("\n").find((line) => line.startsWith("securememory:"));
  if (said !== undefined) report.text("It says why:", `  ${said}`);
  report.claim("the child says why, in one line", said !== undefined);
  report.claim("the child got as far as the read", stdout.startsWith("status none, length 32"));
  report.claim("the child did not survive it", !stdout.includes("survived"));
  report.claim("a fault ended it", FAULTS.includes(signal ?? status));
}

/** What can be shown where there is no /proc: the library's own question to the system. */
export function showStatus(key: Secret, report: Report): void {
  const before = key.status();
  const inside = key.withBytes(() => key.status());
  const after = key.status();
  report.table([
    ["", "before a window", "in a window", "after it"],
    ["status().protection", before.protection, inside.protection, after.protection],
  ]);
  claimStatus([before, inside, after], report);
  report.text(
    "",
    `What another process sees is not shown on ${process.platform}: it has no /proc/PID/smaps`,
    "and no /proc/PID/mem.",
  );
}

function claimStatus(statuses: readonly SecretStatus[], report: Report): void {
  const [before, inside, after] = statuses.map(({ protection }) => protection);
  report.claim("status() says none before a window", before === "none");
  report.claim("status() says read in a window", inside === "read");
  report.claim("status() says none after a window", after === "none");
}
