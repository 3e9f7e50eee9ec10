// Written by `zig build abi` from zig/abi.zig: do not edit. A test compares the two.

/** Raised whenever a symbol or the meaning of a number changes. */
export const ABI_VERSION = 2;

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
] as const;

export const PROTECTION_READ = 1;
export const PROTECTION_WRITE = 2;
export const FLAG_ALLOW_UNLOCKED = 1;
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
  store: [9, 8],
  gate: [17, 8],
} as const;
