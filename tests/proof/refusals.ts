/**
 * What has to become of secrets when the kernel refuses a system call: one row for each.
 *
 * A row names the calls that are refused, and says what is different then; everything else
 * has to be as if nothing were refused. A step is `page.create` and so on: see
 * workers/refused.ts. `*.again` is what making and closing one more secret gives.
 *
 * @module
 */
import type { SystemCall } from "../support/seccomp.ts";
import type { From } from "../workers/refused.ts";

/** One of each ladder. */
export interface Rung {
  readonly store: "secretmem" | "locked" | "unlocked";
  readonly gate: "pkey" | "mprotect";
}

/** A row is looked at for each of these. */
export interface At {
  readonly errno: number;
  /** The best rung was asked for, not this one by its name. */
  readonly auto: boolean;
  /** What it is when nothing is refused. */
  readonly rung: Rung;
}

/** Steps that fail, with the error's class and the name that it gives to the call. */
export type Failures = { readonly [step: string]: string };

/** What `capabilities()` looks for: rungs, and sealed guards. */
export type Missing = "secretmem" | "locked" | "pkey" | "mprotect" | "sealing";

/** What is different. */
export interface Difference {
  readonly fails?: Failures;
  /** What the secrets have instead. */
  readonly rung?: Rung;
  /**
   * What `capabilities()` says cannot be had any more, and for want of which step. The
   * rungs on the ground are tried anew each time, and may be missing beyond that.
   */
  readonly missing?: { readonly [what in Missing]?: string };
  /** What the kernel says of the secrets. */
  readonly status?: { readonly [field: string]: unknown };
}

export type Wanted = (at: At) => Difference;

/** One row. */
export interface Row {
  /** For the name of the test. */
  readonly name: string;
  readonly calls: readonly SystemCall[];
  readonly wanted: Wanted;
  /** Since when: before the first call (the default), since the start, or since the secrets. */
  readonly from?: From;
  /** Memory that is not locked is accepted. */
  readonly allowUnlocked?: boolean;
  /** What cannot be given back, each time. */
  readonly loses?: readonly ("reserved" | "locked")[];
  /** The process is hardened at the end. */
  readonly hardening?: boolean;
  /** Not as it has to be yet. Once it is, the row fails until this is taken out. */
  readonly unfixed?: Flaw;
}

/** What is compared, one after the other. */
export const PARTS = ["steps", "errors", "status", "faults", "capabilities"] as const;
export type Part = (typeof PARTS)[number];

/** Where the library does not do what a row wants. */
export interface Flaw {
  readonly why: string;
  /** What it does instead. */
  readonly now?: Wanted;
  /** What is not compared, since it is wrong. */
  readonly wrong?: readonly Part[];
  /** The process does not live to be compared. */
  readonly dies?: boolean;
}

export const EPERM = 1;
export const EACCES = 13;
export const ENOSYS = 38;

const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FIXED = 16;
const RLIMIT_CORE = 4;
const RLIMIT_MEMLOCK = 8;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

const all = (name: string): SystemCall => ({ name });
const madvise = (advice: number): SystemCall => ({ name: "madvise", where: { 2: advice } });
const mprotect = (bits: number): SystemCall => ({ name: "mprotect", where: { 2: bits } });
const mmap = (mask: number, flags: number, more = {}): SystemCall => ({
  name: "mmap",
  where: { 3: { mask, equals: flags }, ...more },
});

const again = (error: string): Failures => ({
  "random": error,
  "page.again": error,
  "region.again": error,
});

/** No secret is made at all. */
const none = (error: string): Failures => ({
  "page.create": error,
  "region.create": error,
  ...again(error),
});

/** Both secrets alike. */
const both = (steps: Failures): Failures =>
  Object.fromEntries(
    ["page", "region"].flatMap((which) =>
      Object.entries(steps).map(([step, error]) => [`${which}.${step}`, error])
    ),
  );

const when = (holds: boolean, failures: Failures): Failures => holds ? failures : {};
const nothing: Wanted = () => ({});
const fails = (failures: Failures): Wanted => () => ({ fails: failures });
/** Only for this rung. */
const on = (rung: Partial<Rung>, then: Wanted): Wanted => (at) =>
  (rung.store ?? at.rung.store) === at.rung.store && (rung.gate ?? at.rung.gate) === at.rung.gate
    ? then(at)
    : {};

/**
 * The call is part of finding out whether rungs are there. A required one is an error
 * then, which names the step; "auto" takes what is below, for which `then` holds.
 */
const without = (
  rungs: readonly ("secretmem" | "pkey")[],
  step: string,
  then: Wanted = nothing,
): Wanted =>
(at) => {
  const lost = rungs.filter((rung) => at.rung.store === rung || at.rung.gate === rung);
  const missing = Object.fromEntries(rungs.map((name) => [name, step]));
  if (lost.length === 0) return { missing, ...then(at) };
  if (!at.auto) return { fails: none(`UnsupportedError ${step}`) };
  const rung: Rung = {
    store: lost.includes("secretmem") ? "locked" : at.rung.store,
    gate: lost.includes("pkey") ? "mprotect" : at.rung.gate,
  };
  return { ...then({ ...at, rung }), rung, missing };
};

const CLOSED = "SecretClosedError";
const PROTECTION = "ProtectionError mprotect";
const PKEY_PROTECTION = "ProtectionError pkey_mprotect";
const unlockable = (errno: number) =>
  errno === EPERM ? "LockLimitError mlock" : "AllocationError mlock";

export const ROWS: readonly Row[] = [
  // The kernel gives no address space.
  {
    name: "mmap",
    calls: [all("mmap")],
    wanted: without(["secretmem", "pkey"], "mmap", fails(none("AllocationError mmap"))),
  },
  {
    name: "mmap, once there are secrets",
    calls: [all("mmap")],
    from: "secret",
    wanted: () => ({
      fails: { "region.close": "ProtectionError mmap", "region.again": "AllocationError mmap" },
      missing: { locked: "mmap", mprotect: "mmap" },
    }),
  },
  {
    name: "mmap of bookkeeping",
    calls: [mmap(MAP_SHARED, 0, { 2: PROT_READ_WRITE })],
    wanted: fails(none("AllocationError mmap")),
  },
  {
    name: "mmap over what is there",
    calls: [mmap(MAP_SHARED | MAP_FIXED, MAP_FIXED)],
    // Wiped and inaccessible, but neither to be used again nor to be given back.
    wanted: fails({
      "region.close": "ProtectionError mmap",
      "region.again": "ProtectionError mmap",
    }),
    loses: ["reserved", "locked"],
  },
  {
    name: "munmap",
    calls: [all("munmap")],
    wanted: nothing,
    unfixed: {
      why: "a page that the store secretmem was tried with stays, and is not counted as locked",
      wrong: ["faults"],
    },
  },

  // It does not change protections.
  {
    name: "mprotect",
    calls: [all("mprotect")],
    wanted: without(["secretmem"], "mprotect", on({ gate: "mprotect" }, fails(none(PROTECTION)))),
  },
  {
    name: "mprotect for writing",
    calls: [mprotect(PROT_READ_WRITE)],
    wanted: without(["secretmem"], "mprotect", on({ gate: "mprotect" }, fails(none(PROTECTION)))),
  },
  {
    name: "mprotect for reading",
    calls: [mprotect(PROT_READ)],
    wanted: on({ gate: "mprotect" }, fails(both({ read: PROTECTION }))),
  },
  {
    name: "mprotect for closing",
    calls: [mprotect(PROT_NONE)],
    wanted: on({ gate: "mprotect" }, fails(none(PROTECTION))),
  },
  {
    name: "mprotect, once there are secrets",
    calls: [all("mprotect")],
    from: "secret",
    wanted: on(
      { gate: "mprotect" },
      fails({
        ...both({ read: PROTECTION, update: PROTECTION, close: PROTECTION }),
        ...again(PROTECTION),
      }),
    ),
  },
  {
    name: "mprotect for writing, once there are secrets",
    calls: [mprotect(PROT_READ_WRITE)],
    from: "secret",
    wanted: on({ gate: "mprotect" }, () => ({
      fails: { ...both({ update: PROTECTION, close: PROTECTION }), ...again(PROTECTION) },
      missing: { mprotect: "mprotect" },
    })),
  },
  {
    name: "mprotect for closing, once there are secrets",
    calls: [mprotect(PROT_NONE)],
    from: "secret",
    // The window is not left open: the secret is destroyed.
    wanted: on({ gate: "mprotect" }, () => ({
      fails: { ...both({ read: PROTECTION, update: CLOSED }), ...again(PROTECTION) },
      missing: { mprotect: "mprotect" },
    })),
  },
  {
    name: "mprotect for closing and mmap, once there are secrets",
    calls: [mprotect(PROT_NONE), all("mmap")],
    from: "secret",
    // Nothing is left to close them with: wiped, they stay open and are never used again.
    wanted: on(
      { gate: "mprotect" },
      fails({
        ...both({ read: PROTECTION, update: CLOSED }),
        ...again(PROTECTION),
        "region.again": "AllocationError mmap",
      }),
    ),
  },

  // It does not lock.
  {
    name: "mlock2",
    calls: [all("mlock2")],
    // Where it is missing there is mlock(2), which is all that older kernels have.
    wanted: ({ errno, rung }) =>
      errno === ENOSYS ? {} : {
        fails: when(rung.store === "locked", none(unlockable(errno))),
        missing: { locked: "mlock" },
      },
  },
  {
    name: "mlock2 and mlock",
    calls: [all("mlock2"), all("mlock")],
    wanted: ({ errno, rung }) => ({
      fails: when(rung.store === "locked", none(unlockable(errno))),
      missing: { locked: "mlock" },
    }),
  },
  {
    name: "mlock2 and mlock, with allowUnlocked",
    calls: [all("mlock2"), all("mlock")],
    allowUnlocked: true,
    wanted: on({ store: "locked" }, () => ({ status: { store: "unlocked", locked: false } })),
  },
  {
    name: "mlock2, mlock and MADV_RANDOM, with allowUnlocked",
    calls: [all("mlock2"), all("mlock"), madvise(1)],
    allowUnlocked: true,
    wanted: on({ store: "locked" }, fails(none("AllocationError madvise_random"))),
  },
  {
    name: "mlock2 and mlock, once there are secrets",
    calls: [all("mlock2"), all("mlock")],
    from: "secret",
    wanted: ({ errno, rung }) => ({
      fails: when(rung.store === "locked", { "region.again": unlockable(errno) }),
      missing: { locked: "mlock" },
    }),
  },

  // It does not mark: no secret may be where it is dumped, merged or copied.
  {
    name: "madvise",
    calls: [all("madvise")],
    wanted: without(
      ["secretmem"],
      "madvise_dontfork",
      fails(none("AllocationError madvise_dontdump")),
    ),
  },
  {
    name: "madvise, since the start",
    calls: [all("madvise")],
    from: "start",
    wanted: without(
      ["secretmem"],
      "madvise_dontfork",
      fails(none("AllocationError madvise_dontdump")),
    ),
  },
  {
    name: "madvise, once there are secrets",
    calls: [all("madvise")],
    from: "secret",
    // The address space of the region before has its marks already; another store's has not.
    wanted: ({ auto, rung }) => ({
      fails: {
        "region.again": rung.store === "locked"
          ? "AllocationError madvise_populate"
          : auto
          ? "AllocationError madvise_dontdump"
          : "AllocationError madvise_dontfork",
      },
      missing: { mprotect: "madvise_random" },
    }),
  },
  {
    name: "MADV_DONTDUMP",
    calls: [madvise(16)],
    wanted: fails(none("AllocationError madvise_dontdump")),
  },
  {
    name: "MADV_WIPEONFORK",
    calls: [madvise(18)],
    wanted: fails(none("AllocationError madvise_wipeonfork")),
  },
  {
    name: "MADV_UNMERGEABLE",
    calls: [madvise(13)],
    wanted: fails(none("AllocationError madvise_unmergeable")),
  },
  {
    name: "MADV_NOHUGEPAGE",
    calls: [madvise(15)],
    wanted: without(
      ["secretmem"],
      "madvise_nohugepage",
      fails(none("AllocationError madvise_nohugepage")),
    ),
  },
  {
    name: "MADV_POPULATE_WRITE",
    calls: [madvise(23)],
    wanted: on(
      { store: "locked" },
      fails({
        "region.create": "AllocationError madvise_populate",
        "region.again": "AllocationError madvise_populate",
      }),
    ),
  },

  // It gives no random bytes.
  {
    name: "getrandom",
    calls: [all("getrandom")],
    wanted: fails({ start: "UnsupportedError getrandom" }),
  },
  {
    name: "getrandom, since the start",
    calls: [all("getrandom")],
    from: "start",
    wanted: without(["secretmem"], "getrandom", fails({ random: "AllocationError getrandom" })),
  },

  // It does not tell.
  {
    name: "prlimit64 of locked memory",
    calls: [{ name: "prlimit64", where: { 1: RLIMIT_MEMLOCK } }],
    wanted: nothing,
  },
  {
    name: "open",
    calls: [all("open"), all("openat")],
    wanted: fails(both({ status: "UnsupportedError smaps" })),
  },
  {
    name: "read",
    calls: [all("read")],
    wanted: without(["pkey"], "pkey_self_test", fails(both({ status: "UnsupportedError smaps" }))),
  },
  { name: "close", calls: [all("close")], wanted: nothing },
  {
    name: "getpid",
    calls: [all("getpid")],
    wanted: nothing,
  },

  // It does not harden.
  {
    name: "prlimit64 of core dumps",
    calls: [{ name: "prlimit64", where: { 1: RLIMIT_CORE } }],
    hardening: true,
    wanted: fails({ harden: "UnsupportedError getrlimit" }),
  },
  {
    name: "prctl that asks for the dumpable flag",
    calls: [{ name: "prctl", where: { 0: PR_GET_DUMPABLE } }],
    hardening: true,
    wanted: fails({ harden: "UnsupportedError prctl" }),
  },
  {
    name: "prctl that takes it away",
    calls: [{ name: "prctl", where: { 0: PR_SET_DUMPABLE } }],
    hardening: true,
    wanted: fails({ harden: "UnsupportedError prctl" }),
  },

  // The store above.
  {
    name: "memfd_secret",
    calls: [all("memfd_secret")],
    wanted: without(["secretmem"], "memfd_secret"),
  },
  {
    name: "memfd_secret, once there are secrets",
    calls: [all("memfd_secret")],
    from: "secret",
    // Whoever has the choice gets a secret all the same, on the next rung.
    wanted: on(
      { store: "secretmem" },
      ({ auto }) => auto ? {} : { fails: { "region.again": "AllocationError memfd_secret" } },
    ),
  },
  {
    name: "ftruncate",
    calls: [all("ftruncate")],
    wanted: without(["secretmem"], "ftruncate"),
  },
  {
    name: "mmap of a file",
    calls: [mmap(MAP_SHARED, MAP_SHARED)],
    wanted: without(["secretmem"], "mmap"),
  },
  {
    name: "MADV_DONTFORK",
    calls: [madvise(10)],
    wanted: without(["secretmem"], "madvise_dontfork"),
  },

  // The gate above.
  {
    name: "pkey_alloc",
    calls: [all("pkey_alloc")],
    wanted: without(["pkey"], "pkey_alloc"),
  },
  {
    name: "pkey_mprotect",
    calls: [all("pkey_mprotect")],
    wanted: without(["pkey"], "pkey_mprotect"),
  },
  {
    name: "pkey_mprotect, once there are secrets",
    calls: [all("pkey_mprotect")],
    from: "secret",
    // Windows need no call. The key of a closed page cannot be taken away, so the page goes.
    wanted: on(
      { gate: "pkey" },
      fails({ "page.close": PKEY_PROTECTION, ...again(PKEY_PROTECTION) }),
    ),
  },
  {
    name: "pipe2",
    calls: [all("pipe2")],
    wanted: without(["pkey"], "pipe2"),
  },
  {
    name: "write",
    calls: [all("write")],
    wanted: without(["pkey"], "pkey_self_test"),
  },

  // What is not needed, and whose absence is said.
  {
    name: "mseal",
    calls: [all("mseal")],
    wanted: () => ({ status: { guardsSealed: false }, missing: { sealing: "mseal" } }),
  },
  { name: "rt_sigaction", calls: [all("rt_sigaction")], wanted: nothing },
];

/** Calls of the library that no row refuses. */
export const NOT_REFUSED: readonly SystemCall[] = [
  // Between two tries for a lock that another thread has; the answer is not looked at.
  all("sched_yield"),
  // Made only for pages without the flag, by kernels that have no huge pages.
  all("access"),
  all("faccessat"),
];
