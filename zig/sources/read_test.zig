//! Reading from real files and pipes, on Linux. What is left when a call of it fails is tested by
//! tests/faults_test.ts, with the library that can fail.

const std = @import("std");
const abi = @import("../abi.zig");
const counters = @import("../counters.zig");
const secret = @import("../secret.zig");
const read = @import("read.zig");
const source = @import("../os.zig").source;
const linux = std.os.linux;
const Cause = abi.Cause;
const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

const lowest = abi.flag_locked | abi.flag_mprotect;

fn wish(descriptor: u32, max: u32, trims: bool) read.Wish {
    return .{ .path = null, .descriptor = descriptor, .max = max, .trims = trims, .alignment = 16, .flags = lowest };
}

fn expect_content(handle: u32, wanted: []const u8) !void {
    var cause: Cause = .{};
    try expectEqual(@as(u32, @intCast(wanted.len)), secret.length(handle));
    try secret.open(&cause, handle, .read);
    const payload = @as([*]const u8, @ptrFromInt(secret.address(handle)))[0..wanted.len];
    try std.testing.expectEqualSlices(u8, wanted, payload);
    try secret.close(&cause, handle);
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

/// A pipe that holds these bytes and whose writer is gone.
fn pipe_of(bytes: []const u8) !u32 {
    var ends: [2]i32 = undefined;
    try expectEqual(linux.E.SUCCESS, linux.errno(linux.pipe2(&ends, .{ .CLOEXEC = true })));
    try expectEqual(bytes.len, linux.write(ends[1], bytes.ptr, bytes.len));
    _ = linux.close(ends[1]);
    return @intCast(ends[0]);
}

fn close(fd: u32) void {
    _ = linux.close(@intCast(fd));
}

test "a pipe is read to its end, through every size that the secret grows by" {
    var content: [40_000]u8 = undefined;
    for (&content, 0..) |*byte, index| byte.* = @truncate(index *% 31 +% (index >> 8));
    const before = counters.vars().in_use.get();
    for ([_]usize{ 1, 4095, 4096, 4097, 8192, 8193, content.len }) |length| {
        const fd = try pipe_of(content[0..length]);
        defer close(fd);
        var cause: Cause = .{};
        const made = counters.vars().allocated.get();
        const handle = try read.read(&cause, wish(fd, 1 << 20, false));
        try expectEqual(made + 1, counters.vars().allocated.get());
        try expectEqual(before + 1, counters.vars().in_use.get());
        try expect_content(handle, content[0..length]);
    }
    try expectEqual(before, counters.vars().in_use.get());
    try expectEqual(@as(u64, 0), counters.vars().open_windows.get());
}

test "what is empty, too large, or nothing but a line's end leaves no secret" {
    const before = counters.vars().in_use.get();
    const made = counters.vars().allocated.get();
    const Case = struct { []const u8, u32, bool, abi.Error };
    for ([_]Case{
        .{ "", 10, false, error.SourceEmpty },
        .{ "\n", 10, true, error.SourceEmpty },
        .{ "\r\n", 10, true, error.SourceEmpty },
        .{ "0123456789", 9, false, error.SourceTooLarge },
        .{ "012345678\n", 9, true, error.SourceTooLarge },
        .{ "x", 0, false, error.InvalidArgument },
        .{ "x", std.math.maxInt(u32), false, error.InvalidArgument },
    }) |case| {
        const fd = try pipe_of(case[0]);
        defer close(fd);
        var cause: Cause = .{};
        try expectError(case[3], read.read(&cause, wish(fd, case[1], case[2])));
        try expectEqual(before, counters.vars().in_use.get());
        try expectEqual(made, counters.vars().allocated.get());
    }
}

test "exactly the largest number of bytes is taken, at the borders of pages, too" {
    var content: [8193]u8 = @splat('x');
    for ([_]u32{ 1, 4095, 4096, 4097, 8191, 8192, 8193 }) |max| {
        const fd = try pipe_of(content[0..max]);
        defer close(fd);
        var cause: Cause = .{};
        try expect_content(try read.read(&cause, wish(fd, max, false)), content[0..max]);
    }
}

test "one line's end is trimmed, and no carriage return without a line feed" {
    const Case = struct { []const u8, []const u8 };
    for ([_]Case{
        .{ "key\n", "key" },     .{ "key\r\n", "key" }, .{ "key", "key" },
        .{ "key\n\n", "key\n" }, .{ "key\r", "key\r" }, .{ "\n\r\n", "\n" },
    }) |case| {
        const fd = try pipe_of(case[0]);
        defer close(fd);
        var cause: Cause = .{};
        try expect_content(try read.read(&cause, wish(fd, 100, true)), case[1]);
    }
}

test "a descriptor stays open, and says that it is none" {
    const fd = try pipe_of("x");
    var cause: Cause = .{};
    try expect_content(try read.read(&cause, wish(fd, 100, false)), "x");
    try expectEqual(linux.E.SUCCESS, linux.errno(linux.fcntl(@intCast(fd), linux.F.GETFD, 0)));
    close(fd);
    cause = .{};
    try expectError(error.SourceFailed, read.read(&cause, wish(fd, 100, false)));
    try expectEqual(abi.Cause{ .step = .read, .errno = @backingInt(linux.E.BADF) }, cause);
    try expectError(error.InvalidArgument, read.read(&cause, wish(1 << 31, 100, false)));
}

test "a file is opened so that no program that is started meanwhile has it" {
    var cause: Cause = .{};
    const file = try source.open(&cause, "/proc/self/status");
    defer source.close(file);
    try expectEqual(@as(usize, linux.FD_CLOEXEC), linux.fcntl(file, linux.F.GETFD, 0));
    var here: read.Wish = wish(0, 1 << 20, false);
    here.path = "/proc/self/status";
    const handle = try read.read(&cause, here);
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
    here.path = "/proc/self/nothing";
    try expectError(error.SourceFailed, read.read(&cause, here));
    try expectEqual(abi.Cause{ .step = .open, .errno = @backingInt(linux.E.NOENT) }, cause);
}
