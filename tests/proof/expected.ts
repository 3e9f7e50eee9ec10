/**
 * What each reader from outside is expected to find, as data: the tests compare what they
 * measure with this, and README's table is written from it.
 *
 * @module
 */
import type { Gate, Store } from "../support/ladders.ts";
import type { Stage } from "./support/plan.ts";

/**
 * What a reader gets of a token: `found`; `absent` from all that it could read; or the name
 * of an errno: absent, and the kernel refused the very page.
 */
export type Outcome = "found" | "absent" | "EIO" | "EFAULT";

/** One outcome for each stage, of a secret at rest. */
export type Outcomes = Readonly<Record<Stage, Outcome>> & {
  /** A moment after a window, where that is not the same as at rest. */
  readonly recent?: Outcome;
};

/** A reader, and what it is expected to find. */
export interface Reader {
  /** How README calls it. */
  readonly title: string;
  /** The suite that measures it. */
  readonly test: string;
  /** For each store; where the gate makes a difference, for each gate. */
  readonly outcomes: Readonly<Record<Store, Outcomes | Readonly<Record<Gate, Outcomes>>>>;
}

const NEVER = always("absent");

/** Locked pages can be read by whoever may trace the process, closed or not; closed secrets are wiped. */
const UNTIL_CLOSED: Outcomes = { before: "found", in: "found", after: "found", closed: "absent" };

const IN_WINDOWS: Outcomes = { before: "EFAULT", in: "found", after: "EFAULT", closed: "EFAULT" };

/** Every reader, in README's order. */
export const READERS = {
  core: {
    title: "kernel core dump (SIGABRT)",
    test: "core_test",
    outcomes: { locked: NEVER, secretmem: NEVER },
  },
  gcore: {
    title: "`gcore`",
    test: "gcore_test",
    outcomes: { locked: NEVER, secretmem: NEVER },
  },
  gcoreAll: {
    title: "`gcore -a`",
    test: "gcore_test",
    outcomes: { locked: UNTIL_CLOSED, secretmem: NEVER },
  },
  mem: {
    title: "`/proc/PID/mem`",
    test: "memory_test",
    outcomes: { locked: UNTIL_CLOSED, secretmem: always("EIO") },
  },
  vm: {
    title: "process_vm_readv(2)",
    test: "memory_test",
    outcomes: {
      locked: {
        // Unlike the others, this one respects the protection of a page, but no keys. Those
        // alone close a page until it was not used for a while.
        mprotect: IN_WINDOWS,
        pkey: { ...IN_WINDOWS, recent: "found" },
      },
      secretmem: always("EFAULT"),
    },
  },
  ptrace: {
    title: "ptrace(2), PTRACE_PEEKDATA",
    test: "memory_test",
    outcomes: { locked: UNTIL_CLOSED, secretmem: always("EIO") },
  },
  v8: {
    title: "V8 heap snapshot (Deno, Node)",
    test: "snapshots_test",
    outcomes: { locked: NEVER, secretmem: NEVER },
  },
  jsc: {
    title: "JSC heap snapshot (Bun, both formats)",
    test: "snapshots_test",
    outcomes: { locked: NEVER, secretmem: NEVER },
  },
  swap: {
    title: "swap, under memory pressure",
    test: "swap_test",
    outcomes: { locked: NEVER, secretmem: NEVER },
  },
} as const satisfies Record<string, Reader>;

/** One of {@linkcode READERS}. */
export type ReaderName = keyof typeof READERS;

/** What a reader is expected to find on one combination of store and gate. */
export function expected(reader: ReaderName, store: Store, gate: Gate): Outcomes {
  const outcomes: Reader["outcomes"][Store] = READERS[reader].outcomes[store];
  return gate in outcomes
    ? (outcomes as Readonly<Record<Gate, Outcomes>>)[gate]
    : outcomes as Outcomes;
}

function always(outcome: Outcome): Outcomes {
  return { before: outcome, in: outcome, after: outcome, closed: outcome };
}

/** What a call of the process itself gets of an open page: the bytes, or an errno. */
export type Reach = "the bytes" | "EFAULT" | "EIO" | "no bytes";

/** A call for which the kernel reaches for the page itself. */
export interface Call {
  /** How README calls it. */
  readonly title: string;
  /** In a read-only window, for each store. */
  readonly read: Readonly<Record<Store, Reach>>;
  /** In a window for writing. */
  readonly write: Readonly<Record<Store, Reach>>;
}

const REFUSED_ON_SECRETMEM = { locked: "the bytes", secretmem: "EFAULT" } as const;

/** Such calls. At rest each of them is refused, on every store. */
export const CALLS_OF_KERNEL = {
  vmsplice: {
    title: "vmsplice(2) into a pipe",
    read: REFUSED_ON_SECRETMEM,
    write: REFUSED_ON_SECRETMEM,
  },
  direct: {
    title: "write(2) with O_DIRECT",
    read: REFUSED_ON_SECRETMEM,
    write: REFUSED_ON_SECRETMEM,
  },
  ioUring: {
    title: "a fixed buffer of io_uring",
    // It asks for pages that it may write to.
    read: { locked: "EFAULT", secretmem: "EFAULT" },
    write: REFUSED_ON_SECRETMEM,
  },
  readSelf: {
    title: "process_vm_readv(2) of itself",
    read: REFUSED_ON_SECRETMEM,
    write: REFUSED_ON_SECRETMEM,
  },
} as const satisfies Record<string, Call>;

/** What becomes of a closed page that another process writes to. */
export type Written = "changed" | "EIO" | "EFAULT";

/** A way of writing, and what is expected to come of it. */
export interface Writer {
  /** How README calls it. */
  readonly title: string;
  /** For each store, of a secret at rest. */
  readonly outcomes: Readonly<Record<Store, Written>>;
}

/** Every way of writing from outside. */
export const WRITERS = {
  mem: { title: "`/proc/PID/mem`", outcomes: { locked: "changed", secretmem: "EIO" } },
  vm: {
    title: "process_vm_writev(2)",
    outcomes: { locked: "EFAULT", secretmem: "EFAULT" },
  },
  ptrace: {
    title: "ptrace(2), PTRACE_POKEDATA",
    outcomes: { locked: "changed", secretmem: "EIO" },
  },
} as const satisfies Record<string, Writer>;
