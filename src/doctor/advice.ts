/**
 * What to do about something that is missing. Each piece of advice names where it comes
 * from: a manual page, or the page of whoever made the program.
 *
 * @module
 */
import { type Cause, causeOf } from "./causes.ts";
import { adviceOnEnvironment, adviceOnRequiredRung, adviceOnRuntime } from "./advice_on_runtime.ts";
import { adviceOnLocks, adviceOnRefusal } from "./advice_on_limits.ts";
import {
  adviceOnDumps,
  adviceOnKeys,
  adviceOnSealing,
  adviceOnSecretmem,
} from "./advice_on_kernel.ts";
import type { Host } from "./host.ts";

/** One thing that can be done. */
export interface Advice {
  /** Stable name, such as `docker-ulimit`. */
  readonly id: string;
  /** What to do, and what is to be known about it. */
  readonly text: string;
  /** Commands and lines of configuration, as they are to be typed. */
  readonly commands: readonly string[];
  /** Where this can be looked up. */
  readonly source: string;
}

/** The reason why something is missing. */
export interface Missing {
  /** The row of the report: `secretmem`, `locked`, ...; `secret` for secrets at all. */
  readonly row: string;
  /** The sentence that the library gives. */
  readonly reason: string;
}

/** What to do about it: never nothing. */
export function adviceOn({ row, reason }: Missing, host: Host): Advice[] {
  return adviceOnCause(causeOf(reason, row, host.os), host);
}

/** The same, by the cause. */
export function adviceOnCause(cause: Cause, host: Host): Advice[] {
  switch (cause) {
    case "no-ffi":
    case "deno-ffi":
    case "deno-ffi-path":
    case "node-ffi-permission":
    case "node-old":
    case "node-ffi-off":
    case "no-library":
    case "library-not-a-file":
    case "library-missing":
    case "library-version":
    case "library-damaged":
    case "library-nowhere":
    case "library-refused":
      return adviceOnRuntime(cause);
    case "environment":
      return adviceOnEnvironment();
    case "required-rung":
      return adviceOnRequiredRung();
    case "no-secrets":
      return [seeAbove()];
    case "lock-limit":
      return adviceOnLocks(host);
    case "lock-refused":
      return adviceOnRefusal("mlock2 and mlock", host);
    case "protection":
      return adviceOnRefusal("mprotect", host);
    case "no-random":
      return adviceOnRefusal("getrandom", host);
    case "mappings":
    case "memory":
    case "secrets":
    case "descriptors":
      return [shortage(cause)];
    case "secretmem-elsewhere":
    case "secretmem-kernel":
    case "secretmem-refused":
    case "secretmem-setup":
      return adviceOnSecretmem(cause, host);
    case "pkey-elsewhere":
    case "pkey-none-left":
    case "pkey-missing":
    case "pkey-refused":
    case "pkey-test":
    case "pkey-setup":
      return adviceOnKeys(cause, host);
    case "seal-kernel":
    case "seal-refused":
    case "seal-elsewhere":
      return adviceOnSealing(cause, host);
    case "dump-macos":
    case "dump-windows":
    case "status-unknown":
      return adviceOnDumps(cause);
    case "corrupted":
    case "other":
      return [report()];
  }
}

const SHORTAGES = {
  mappings: {
    id: "raise-max-map-count",
    text: "This process has as many mappings as it may. Raise the limit, as root, or look for " +
      "what makes so many.",
    commands: ["sysctl -w vm.max_map_count=262144"],
    source: "proc_sys_vm(5); Documentation/admin-guide/sysctl/vm.rst",
  },
  memory: {
    id: "free-memory",
    text: "The system is out of memory or address space for this process: look at its limit " +
      "(ulimit -v), at that of its cgroup (memory.max), and at what is left.",
    commands: ["ulimit -v", "cat /sys/fs/cgroup/memory.max"],
    source: "mmap(2), getrlimit(2), Documentation/admin-guide/cgroup-v2.rst",
  },
  secrets: {
    id: "close-secrets",
    text: "Close secrets that are not needed any more: about two million can be open at once.",
    commands: [],
    source: "zig/layout.zig in the repository: records_max",
  },
  descriptors: {
    id: "raise-open-files",
    text: "This process, or the whole system, has as many files open as it may. Raise the limit, " +
      "or close some.",
    commands: ["ulimit -n"],
    source: "memfd_secret(2), getrlimit(2): RLIMIT_NOFILE",
  },
} as const;

function shortage(cause: keyof typeof SHORTAGES): Advice {
  return SHORTAGES[cause];
}

function seeAbove(): Advice {
  return {
    id: "secrets-first",
    text: "Nothing can be said of this before secrets can be made at all: see there.",
    commands: [],
    source: "capabilities() of this package",
  };
}

function report(): Advice {
  return {
    id: "report",
    text: "This is not known to happen. Please report it, with the whole output of this command " +
      "and --json: it has neither addresses nor content.",
    commands: [],
    source: "SECURITY.md of this package",
  };
}
