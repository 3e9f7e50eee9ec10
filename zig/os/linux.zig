//! Linux, by raw system calls: no libc, so that one library serves glibc and musl.
//!
//! The lock is taken while the page is still inaccessible, with MLOCK_ONFAULT:
//! plain mlock(2) has to fault the page in and fails with ENOMEM on PROT_NONE. The
//! kernel then locks the page at the moment it first exists, which is before a
//! secret can be in it, and a page that was never used costs no memory.
//!
//! Sources: mmap(2), mlock2(2), madvise(2), mprotect(2), prctl(2), getrlimit(2),
//! proc_pid_smaps(5) of the Linux man-pages; constants from include/uapi.

const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const smaps = @import("linux_smaps.zig");
const assert = @import("../assert.zig").assert;
const os = @import("../os.zig");
const caller = @import("linux_call.zig");
const Cause = abi.Cause;
const Failed = os.Failed;
const advise = caller.advise;
const advise_if_built = caller.advise_if_built;
const call = caller.call;

// madvise(2) values, include/uapi/asm-generic/mman-common.h; Zig's table lacks the last.
const madv_populate_write = 23;
comptime {
    std.debug.assert(linux.MADV.DONTDUMP == 16);
    std.debug.assert(linux.MADV.WIPEONFORK == 18);
    std.debug.assert(linux.MADV.UNMERGEABLE == 13);
    std.debug.assert(linux.MADV.NOHUGEPAGE == 15);
}

/// On x86-64 always 4 KiB, elsewhere 4, 16 or 64. There is no auxiliary vector without libc's start code, so the
/// kernel is asked in another way: madvise(2) of no bytes at an address answers
/// EINVAL unless the address is a multiple of the page size, and reads nothing.
pub fn page_size() usize {
    if (builtin.target.cpu.arch == .x86_64) return 4096;
    inline for (.{ 4096, 16384 }) |size| {
        if (linux.errno(linux.madvise(@ptrFromInt(size), 0, linux.MADV.NORMAL)) == .SUCCESS) return size;
    }
    return 65536;
}

pub fn reserve(cause: *Cause, length: usize) Failed!usize {
    return map(cause, null, length, .{}, .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true });
}

pub fn unreserve(cause: *Cause, address: usize, length: usize) Failed!void {
    _ = try call(cause, .munmap, linux.munmap, .{ @as([*]const u8, @ptrFromInt(address)), length });
}

pub fn mark(cause: *Cause, address: usize, length: usize) Failed!void {
    try advise(cause, .madvise_dontdump, address, length, linux.MADV.DONTDUMP);
    try advise(cause, .madvise_wipeonfork, address, length, linux.MADV.WIPEONFORK);
    try advise_if_built(cause, .madvise_unmergeable, address, length, linux.MADV.UNMERGEABLE);
    try advise_if_built(cause, .madvise_nohugepage, address, length, linux.MADV.NOHUGEPAGE);
}

/// Ordinary memory that holds what is secret for a moment.
pub const mark_scratch = mark;

pub fn settle(cause: *Cause, address: usize, length: usize, locked: bool) Failed!void {
    if (locked) {
        try lock(cause, address, length);
    } else {
        // Not a lock, but a difference: without one the kernel merges the closed page
        // with its guards, and each window would split and merge three mappings.
        try advise(cause, .madvise_random, address, length, linux.MADV.RANDOM);
    }
}

fn lock(cause: *Cause, address: usize, length: usize) Failed!void {
    const on_fault: linux.MLOCK = .{ .ONFAULT = true };
    _ = call(cause, .mlock, linux.mlock2, .{ @as([*]const u8, @ptrFromInt(address)), length, on_fault }) catch |err| {
        if (cause.errno != @backingInt(linux.E.NOSYS)) return err;
        return lock_at_once(cause, address, length);
    };
}

/// Where there is no mlock2(2): in programs for another processor that QEMU runs (10.0), and
/// in sandboxes that are older than it. The pages are accessible for the moment of mlock(2)
/// and hold zeros.
fn lock_at_once(cause: *Cause, address: usize, length: usize) Failed!void {
    var ignored: Cause = .{};
    try protect(cause, address, length, .{ .READ = true, .WRITE = true });
    _ = call(cause, .mlock, linux.mlock, .{ @as([*]const u8, @ptrFromInt(address)), length }) catch |err| {
        protect(&ignored, address, length, .{}) catch {};
        return err;
    };
    protect(cause, address, length, .{}) catch |err| {
        replace(&ignored, address, length) catch {};
        return err;
    };
    cause.* = .{};
}

pub fn open(cause: *Cause, address: usize, length: usize, protection: abi.Protection) Failed!void {
    try protect(cause, address, length, switch (protection) {
        .none => unreachable,
        .read => .{ .READ = true },
        .write => .{ .READ = true, .WRITE = true },
    });
}

pub fn close(cause: *Cause, address: usize, length: usize) Failed!void {
    try protect(cause, address, length, .{});
}

/// One call instead of a fault per page. Kernels before 5.14 answer EINVAL: there
/// the pages fault in one by one, which costs time and nothing else.
pub fn populate(cause: *Cause, address: usize, length: usize) Failed!void {
    advise(cause, .madvise_populate, address, length, madv_populate_write) catch |err| {
        if (cause.errno != @backingInt(linux.E.INVAL)) return err;
    };
}

/// A new inaccessible mapping over the old one: the kernel frees the old page and
/// its lock in the same step, and the address stays taken.
pub fn replace(cause: *Cause, address: usize, length: usize) Failed!void {
    const flags: linux.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true, .FIXED = true };
    const mapped = try map(cause, @ptrFromInt(address), length, .{}, flags);
    assert(mapped == address);
}

/// mseal(2), Linux 6.10: from now on the mapping can be neither opened, moved, replaced nor
/// unmapped, by whatever code of the process. It cannot be undone.
pub fn seal(cause: *Cause, address: usize, length: usize) Failed!void {
    const no_flags: usize = 0;
    _ = try call(cause, .mseal, linux.mseal, .{ @as([*]const u8, @ptrFromInt(address)), length, no_flags });
}

pub fn metadata(cause: *Cause, length: usize) Failed!usize {
    const protection: linux.PROT = .{ .READ = true, .WRITE = true };
    return map(cause, null, length, protection, .{ .TYPE = .PRIVATE, .ANONYMOUS = true });
}

/// getrandom(2) with no flags blocks until the kernel's generator is seeded and
/// never returns predictable bytes. It may return fewer than asked above 256.
pub fn random(cause: *Cause, bytes: []u8) Failed!void {
    var filled: usize = 0;
    while (filled < bytes.len) {
        const rest = bytes[filled..];
        filled += call(cause, .getrandom, linux.getrandom, .{ rest.ptr, rest.len, 0 }) catch |err| {
            if (cause.errno == @backingInt(linux.E.INTR)) continue;
            return err;
        };
    }
}

pub fn lock_limit(cause: *Cause) Failed!u64 {
    var limit: linux.rlimit = undefined;
    _ = try call(cause, .getrlimit, linux.prlimit, .{ 0, .MEMLOCK, null, &limit });
    return limit.cur;
}

/// mlock2(2): EPERM where the limit is 0, ENOMEM above it, EAGAIN where pages could not be locked.
pub fn lock_errno_is_limit(errno: u16) bool {
    return switch (@as(linux.E, @fromBackingInt(errno))) {
        .PERM, .NOMEM, .AGAIN => true,
        else => false,
    };
}

/// Short of lock budget, memory, mappings or descriptors, or interrupted.
pub fn errno_is_transient(errno: u16) bool {
    return switch (@as(linux.E, @fromBackingInt(errno))) {
        .AGAIN, .NOMEM, .NFILE, .MFILE, .INTR => true,
        else => false,
    };
}

pub fn locked_now() u64 {
    return smaps.locked_bytes();
}

pub fn region(cause: *Cause, address: usize, length: usize) Failed!os.Region {
    if (seam.fails(cause, .smaps)) return error.SystemCall;
    return smaps.region(cause, address, length);
}

/// RLIMIT_CORE: the soft limit only, so that it can be undone. It does not stop a
/// core_pattern that is a pipe (core(5)); PR_SET_DUMPABLE does.
pub fn setting(cause: *Cause, part: abi.HardenPart) Failed!?u64 {
    switch (part) {
        .core_limit => return (try core_limit(cause)).cur,
        .not_dumpable => {
            const get_dumpable: i32 = @backingInt(linux.PR.GET_DUMPABLE);
            return try call(cause, .prctl, linux.prctl, .{ get_dumpable, 0, 0, 0, 0 });
        },
    }
}

pub fn hardened(_: abi.HardenPart, _: u64) u64 {
    return 0;
}

/// prctl(2): only the kernel sets the flag to 2 ("core dumps for root alone").
pub fn can_set(part: abi.HardenPart, value: u64) bool {
    return part != .not_dumpable or value <= 1;
}

/// A hard limit that was lowered meanwhile binds the soft one.
pub fn set(cause: *Cause, part: abi.HardenPart, value: u64) Failed!void {
    switch (part) {
        .core_limit => {
            var limit = try core_limit(cause);
            limit.cur = @min(value, limit.max);
            _ = try call(cause, .setrlimit, linux.prlimit, .{ 0, .CORE, &limit, null });
        },
        .not_dumpable => {
            const set_dumpable: i32 = @backingInt(linux.PR.SET_DUMPABLE);
            const flag: usize = @intCast(value);
            _ = try call(cause, .prctl, linux.prctl, .{ set_dumpable, flag, 0, 0, 0 });
        },
    }
}

fn core_limit(cause: *Cause) Failed!linux.rlimit {
    var limit: linux.rlimit = undefined;
    _ = try call(cause, .getrlimit, linux.prlimit, .{ 0, .CORE, null, &limit });
    return limit;
}

pub fn yield() void {
    _ = linux.sched_yield();
}

pub fn write_error(text: []const u8) void {
    _ = linux.write(2, text.ptr, text.len);
}

/// By a weak reference, which the loader fills in: without a C library there is no dlsym(3).
pub fn process_function(comptime Function: type, comptime name: [:0]const u8) ?*const Function {
    // A variable, since of the symbol itself the compiler believes that it has an address.
    const reference = struct {
        var found = @extern(?*const Function, .{ .name = name, .linkage = .weak });
    };
    return @as(*volatile ?*const Function, &reference.found).*;
}

fn map(cause: *Cause, hint: ?[*]u8, length: usize, protection: linux.PROT, flags: linux.MAP) Failed!usize {
    const no_file: i32 = -1;
    return call(cause, .mmap, linux.mmap, .{ hint, length, protection, flags, no_file, @as(i64, 0) });
}

fn protect(cause: *Cause, address: usize, length: usize, protection: linux.PROT) Failed!void {
    _ = try call(cause, .mprotect, linux.mprotect, .{
        @as([*]const u8, @ptrFromInt(address)), length, protection,
    });
}
