//! What crosses the C ABI: numbers, and what each of them means.
//!
//! A call returns 0 or a positive value, or a negative number that packs three
//! things, so that no thread-local storage (and so no libc) is needed for errno:
//!
//!     -(errno << 15 | step << 7 | code)
//!
//! `code` says what kind of failure, `step` which system call failed (0: none),
//! `errno` what the system answered. `zig build abi` writes these tables as
//! TypeScript; a test compares that with the file that is checked in.

const std = @import("std");

/// Raised whenever a symbol, a constant below or the meaning of either changes.
pub const version: u32 = 6;

/// Every way in which a call can fail. `code` maps each to a number; the switch
/// has no `else`, so that a new error cannot compile unmapped.
pub const Error = error{
    InvalidArgument,
    Closed,
    NotOpen,
    AllocationFailed,
    LockLimit,
    ProtectionFailed,
    Corrupted,
    RandomFailed,
    TooManySecrets,
    NotSupported,
    NoSecretmem,
    NoPkey,
    SourceFailed,
    SourceTooLarge,
    SourceEmpty,
    NotDecodable,
    SourceMissing,
    SourceEnded,
    SourceInterrupted,
    SourceBusy,
    NotAuthentic,
    KeyLength,
    ZeroResult,
    NotClosed,
};

pub fn code(err: Error) u7 {
    return switch (err) {
        error.InvalidArgument => 1,
        error.Closed => 2,
        error.NotOpen => 3,
        error.AllocationFailed => 4,
        error.LockLimit => 5,
        error.ProtectionFailed => 6,
        error.Corrupted => 7,
        error.RandomFailed => 8,
        error.TooManySecrets => 9,
        error.NotSupported => 10,
        error.NoSecretmem => 11,
        error.NoPkey => 12,
        error.SourceFailed => 13,
        error.SourceTooLarge => 14,
        error.SourceEmpty => 15,
        error.NotDecodable => 16,
        error.SourceMissing => 17,
        error.SourceEnded => 18,
        error.SourceInterrupted => 19,
        error.SourceBusy => 20,
        error.NotAuthentic => 21,
        error.KeyLength => 22,
        error.ZeroResult => 23,
        error.NotClosed => 24,
    };
}

/// The system calls that can fail. Names are those of the system's manual.
pub const Step = enum(u8) {
    none = 0,
    mmap,
    munmap,
    mprotect,
    mlock,
    munlock,
    madvise_dontdump,
    madvise_wipeonfork,
    madvise_unmergeable,
    madvise_nohugepage,
    madvise_populate,
    madvise_random,
    madvise_dontfork,
    memfd_secret,
    ftruncate,
    pkey_alloc,
    pkey_mprotect,
    pkey_self_test,
    mseal,
    pipe2,
    power_state,
    minherit,
    getrandom,
    getentropy,
    getrlimit,
    setrlimit,
    prctl,
    smaps,
    mach_vm_region,
    VirtualAlloc,
    VirtualFree,
    VirtualProtect,
    VirtualLock,
    VirtualQuery,
    CryptProtectMemory,
    CryptUnprotectMemory,
    ProcessPrng,
    WerRegisterExcludedMemoryBlock,
    WerSetFlags,
    SetProcessWorkingSetSize,
    open,
    read,
    poll,
    CreateFile,
    ReadFile,
    GetStdHandle,
    tcgetattr,
    tcsetattr,
    write,
    GetConsoleMode,
    SetConsoleMode,
    ReadConsole,
    GetEnvironmentVariable,
    SetEnvironmentVariable,
};

/// Where a failure came from: filled in by the operating system's layer, read
/// once, by `exports.zig`. It lives on the stack of the call that failed.
pub const Cause = struct {
    step: Step = .none,
    errno: u16 = 0,
};

pub fn pack(err: Error, cause: Cause) i32 {
    const packed_bits: u31 = @as(u31, cause.errno) << 15 |
        @as(u31, @backingInt(cause.step)) << 7 |
        code(err);
    return -@as(i32, packed_bits);
}

/// A number of JavaScript's that has to be a whole one of 32 bits.
pub fn whole(number: f64) Error!u32 {
    // False for NaN, too.
    if (!(number >= 0 and number <= std.math.maxInt(u32))) return error.InvalidArgument;
    const integer: u32 = @trunc(number);
    if (@as(f64, @floatFromInt(integer)) != number) return error.InvalidArgument;
    return integer;
}

pub const Protection = enum(u2) { none = 0, read = 1, write = 2 };

/// The store ladder, from the ground up.
pub const Store = enum(u2) { unlocked = 0, locked = 1, secretmem = 2 };

/// The gate ladder, likewise.
pub const Gate = enum(u1) { mprotect = 0, pkey = 1 };

/// Options of the calls that create a secret. A rung that is named is required; where
/// none is, the best one is taken.
pub const flag_allow_unlocked: u32 = 1;
pub const flag_secretmem: u32 = 2;
pub const flag_locked: u32 = 4;
pub const flag_pkey: u32 = 8;
pub const flag_mprotect: u32 = 16;
pub const flags_all: u32 = 31;

/// What `probe` can be asked for. It answers 0 if it is there, else why it is not.
pub const Probe = enum(u8) { secretmem = 0, pkey = 1, seal = 2, locked = 3, mprotect = 4 };

/// What becomes of hibernation: an open memfd_secret area blocks it for the whole host.
pub const Hibernation = enum(u8) {
    /// This host cannot hibernate anyway.
    unavailable = 0,
    /// It can, and this library does not stand in the way.
    available = 1,
    /// The system does not tell.
    unknown = 2,
    /// It could, until this library was told to use memfd_secret.
    blocked = 3,
};

/// What `status` reports, each bit read back from the system, not remembered.
pub const Status = packed struct(u31) {
    protection: Protection,
    locked: bool,
    no_dump: bool,
    wipe_on_fork: bool,
    absent_on_fork: bool,
    no_merge: bool,
    no_huge_pages: bool,
    guarded: bool,
    guards_sealed: bool,
    store: Store,
    gate: Gate,
    /// Number of the protection key that the pages carry; 0 if none.
    pkey: u4,
    _: u14 = 0,
};

/// The order of the numbers that `statistics` writes.
pub const Statistic = enum(u32) {
    allocated,
    in_use,
    open_windows,
    arenas,
    pages,
    pages_free,
    pages_resting,
    pages_retired,
    locked_bytes,
    lock_limit_bytes,
    system_locked_bytes,
    page_size_bytes,
    instance,
    purges,
    secretmem_bytes,
    keys,
    keyed_pages,
    sealed,
    sealed_bytes,
    pool_pages,
};

/// The order of the numbers that `pool_statistics` writes.
pub const PoolStatistic = enum(u32) {
    /// Secrets of the pool.
    secrets,
    /// Of these, with a slot; the others are sealed.
    hot,
    pages,
    locked_bytes,
    limit_bytes,
    /// Times that a secret was wanted and had its slot; and that it was sealed.
    hits,
    misses,
    /// Times that a secret was sealed to make room.
    seals,
    slots_free,
    /// Wiped slots that wait before they are used again.
    quarantined,
    /// Slots that are never used again.
    retired,
    /// Secrets found with damage beside them.
    suspect,
};

/// What `harden` is asked to do, each with its flag.
pub const HardenPart = enum { core_limit, not_dumpable };
pub const harden_core_limit = 1;
pub const harden_not_dumpable = 2;

/// What it answers, by the same flags.
pub const Hardened = packed struct(u31) {
    /// It is so now.
    applied: u5 = 0,
    /// It was so before, by somebody else's doing.
    already: u5 = 0,
    /// What was replaced can be put back.
    reversible: u5 = 0,
    _: u16 = 0,
};

test "a packed failure is negative and keeps its three parts" {
    const packed_value = pack(error.LockLimit, .{ .step = .mlock, .errno = 12 });
    try std.testing.expect(packed_value < 0);
    const bits: u32 = @intCast(-packed_value);
    try std.testing.expectEqual(code(error.LockLimit), @as(u7, @truncate(bits)));
    try std.testing.expectEqual(Step.mlock, @as(Step, @fromBackingInt(@as(u8, @truncate(bits >> 7)))));
    try std.testing.expectEqual(@as(u32, 12), bits >> 15);
}

test "the largest errno still fits" {
    try std.testing.expect(pack(error.NotSupported, .{ .step = .prctl, .errno = 65535 }) < 0);
}
