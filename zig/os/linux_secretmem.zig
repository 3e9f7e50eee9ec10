//! memfd_secret(2): memory that the kernel takes out of its own map, so that nobody
//! reads it through the kernel: not /proc/PID/mem, not ptrace, not `gcore -a`, not root.
//!
//! The area is locked and left out of dumps by its nature, but shared: a forked child
//! would have it too, so DONTFORK is part of the recipe. It is charged to the lock budget
//! when it is mapped, for its whole length; guards are not part of the file. Its size is
//! fixed for ever, and the descriptor is closed as soon as it is mapped. MADV_DODUMP is
//! never called, since it would take effect.
//!
//! Sources: memfd_secret(2), madvise(2); mm/secretmem.c of the kernel.

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const assert = @import("../assert.zig").assert;
const os = @import("../os.zig");
const caller = @import("linux_call.zig");
const Cause = abi.Cause;
const Failed = os.Failed;
const call = caller.call;

comptime {
    std.debug.assert(linux.MADV.DONTFORK == 10);
}

/// An area of `length` bytes, not mapped yet.
pub fn create(cause: *Cause, length: usize) Failed!i32 {
    const close_on_exec: linux.O = .{ .CLOEXEC = true };
    const fd: i32 = @intCast(try call(cause, .memfd_secret, memfd_secret, .{close_on_exec}));
    errdefer finish(fd);
    _ = try call(cause, .ftruncate, linux.ftruncate, .{ fd, @as(i64, @intCast(length)) });
    return fd;
}

/// Maps a part of the area over a reservation, inaccessible. EAGAIN above the lock budget.
pub fn map(cause: *Cause, fd: i32, address: usize, length: usize, offset: usize) Failed!void {
    const flags: linux.MAP = .{ .TYPE = .SHARED, .FIXED = true };
    const at: [*]u8 = @ptrFromInt(address);
    const none: linux.PROT = .{};
    const mapped = try call(cause, .mmap, linux.mmap, .{ at, length, none, flags, fd, @as(i64, @intCast(offset)) });
    assert(mapped == address);
}

/// The mappings keep the area alive; nothing is left that a child could inherit by exec.
pub fn finish(fd: i32) void {
    _ = linux.close(fd);
}

/// What the area does not have by its nature.
pub fn mark(cause: *Cause, address: usize, length: usize) Failed!void {
    try caller.advise(cause, .madvise_dontfork, address, length, linux.MADV.DONTFORK);
    try caller.advise_if_built(cause, .madvise_nohugepage, address, length, linux.MADV.NOHUGEPAGE);
}

/// EAGAIN: above RLIMIT_MEMLOCK, mm/secretmem.c.
pub fn errno_is_limit(errno: u16) bool {
    return errno == @backingInt(linux.E.AGAIN);
}

/// Where the limit is charged when a page is touched, the kernel cannot write to it: EFAULT.
pub fn touch_errno_is_limit(errno: u16) bool {
    return errno == @backingInt(linux.E.FAULT);
}

/// Whether this host can hibernate now. The kernel lists "disk" in /sys/power/state if so;
/// it does not while any memfd_secret area exists (kernel/power/hibernate.c). Where there
/// is a /sys but no /sys/power/state, the kernel was built without.
pub fn hibernation(cause: *Cause) abi.Hibernation {
    var buffer: [128]u8 = undefined;
    const fd = call(cause, .power_state, linux.open, .{ "/sys/power/state", linux.O{ .CLOEXEC = true }, @as(u32, 0) }) catch {
        const missing = cause.errno == @backingInt(linux.E.NOENT);
        const existence: u32 = 0;
        const has_sys = linux.errno(linux.access("/sys/kernel/mm", existence)) == .SUCCESS;
        return if (missing and has_sys) .unavailable else .unknown;
    };
    defer _ = linux.close(@intCast(fd));
    const got = call(cause, .power_state, linux.read, .{ @as(i32, @intCast(fd)), &buffer, buffer.len }) catch return .unknown;
    return if (lists_disk(buffer[0..got])) .available else .unavailable;
}

fn lists_disk(text: []const u8) bool {
    var words = std.mem.tokenizeAny(u8, text, " \n");
    while (words.next()) |word| {
        if (std.mem.eql(u8, word, "disk")) return true;
    }
    return false;
}

fn memfd_secret(flags: linux.O) usize {
    return linux.syscall1(.memfd_secret, @as(u32, @bitCast(flags)));
}

test "hibernation is read from the states that the kernel lists" {
    try std.testing.expect(lists_disk("freeze mem disk\n"));
    try std.testing.expect(!lists_disk("freeze mem\n"));
    try std.testing.expect(!lists_disk("\n"));
    try std.testing.expect(!lists_disk("freeze diskless\n"));
}
