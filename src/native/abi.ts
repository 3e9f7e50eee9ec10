// Written by `zig build abi` from zig/abi.zig: do not edit. A test compares the two.

/** Raised whenever a symbol or the meaning of a number changes. */
export const ABI_VERSION = 6;

/** Kinds of failure, by the number that a call returns. */
export const CODES = [
  "",
  "InvalidArgument",
  "Closed",
  "NotOpen",
  "AllocationFailed",
  "LockLimit",
  "ProtectionFailed",
  "Corrupted",
  "RandomFailed",
  "TooManySecrets",
  "NotSupported",
  "NoSecretmem",
  "NoPkey",
  "SourceFailed",
  "SourceTooLarge",
  "SourceEmpty",
  "NotDecodable",
  "SourceMissing",
  "SourceEnded",
  "SourceInterrupted",
  "SourceBusy",
  "NotAuthentic",
  "KeyLength",
  "ZeroResult",
  "NotClosed",
] as const;

/** System calls that can fail, by number. */
export const STEPS = [
  "",
  "mmap",
  "munmap",
  "mprotect",
  "mlock",
  "munlock",
  "madvise_dontdump",
  "madvise_wipeonfork",
  "madvise_unmergeable",
  "madvise_nohugepage",
  "madvise_populate",
  "madvise_random",
  "madvise_dontfork",
  "memfd_secret",
  "ftruncate",
  "pkey_alloc",
  "pkey_mprotect",
  "pkey_self_test",
  "mseal",
  "pipe2",
  "power_state",
  "minherit",
  "getrandom",
  "getentropy",
  "getrlimit",
  "setrlimit",
  "prctl",
  "smaps",
  "mach_vm_region",
  "VirtualAlloc",
  "VirtualFree",
  "VirtualProtect",
  "VirtualLock",
  "VirtualQuery",
  "CryptProtectMemory",
  "CryptUnprotectMemory",
  "ProcessPrng",
  "WerRegisterExcludedMemoryBlock",
  "WerSetFlags",
  "SetProcessWorkingSetSize",
  "open",
  "read",
  "poll",
  "CreateFile",
  "ReadFile",
  "GetStdHandle",
  "tcgetattr",
  "tcsetattr",
  "write",
  "GetConsoleMode",
  "SetConsoleMode",
  "ReadConsole",
  "GetEnvironmentVariable",
  "SetEnvironmentVariable",
] as const;

/** Places of the numbers that `statistics` writes. */
export const STATISTICS = [
  "allocated",
  "in_use",
  "open_windows",
  "arenas",
  "pages",
  "pages_free",
  "pages_resting",
  "pages_retired",
  "locked_bytes",
  "lock_limit_bytes",
  "system_locked_bytes",
  "page_size_bytes",
  "instance",
  "purges",
  "secretmem_bytes",
  "keys",
  "keyed_pages",
  "sealed",
  "sealed_bytes",
  "pool_pages",
] as const;

/** Places of the numbers that `pool_statistics` writes. */
export const POOL_STATISTICS = [
  "secrets",
  "hot",
  "pages",
  "locked_bytes",
  "limit_bytes",
  "hits",
  "misses",
  "seals",
  "slots_free",
  "quarantined",
  "retired",
  "suspect",
] as const;

/** The store ladder, by number. */
export const STORES = ["unlocked", "locked", "secretmem"] as const;

/** The gate ladder, by number. */
export const GATES = ["mprotect", "pkey"] as const;

/** What becomes of hibernation, by number. */
export const HIBERNATION = ["unavailable", "available", "unknown", "blocked"] as const;

export const PROTECTION_READ = 1;
export const PROTECTION_WRITE = 2;
export const FLAG_ALLOW_UNLOCKED = 1;
export const FLAG_SECRETMEM = 2;
export const FLAG_LOCKED = 4;
export const FLAG_PKEY = 8;
export const FLAG_MPROTECT = 16;
export const PROBE_SECRETMEM = 0;
export const PROBE_PKEY = 1;
export const PROBE_SEAL = 2;
export const PROBE_LOCKED = 3;
export const PROBE_MPROTECT = 4;
export const HARDEN_CORE_LIMIT = 1;
export const HARDEN_NOT_DUMPABLE = 2;
export const HARDEN_ALREADY_SHIFT = 5;
export const HARDEN_REVERSIBLE_SHIFT = 10;

/** Fields of the status word: first bit, number of bits. */
export const STATUS_BITS = {
  protection: [0, 2],
  locked: [2, 1],
  no_dump: [3, 1],
  wipe_on_fork: [4, 1],
  absent_on_fork: [5, 1],
  no_merge: [6, 1],
  no_huge_pages: [7, 1],
  guarded: [8, 1],
  guards_sealed: [9, 1],
  store: [10, 2],
  gate: [12, 1],
  pkey: [13, 4],
} as const;
