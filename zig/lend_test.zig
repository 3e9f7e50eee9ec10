//! What the core promises to the crypto library, on real pages.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const counters = @import("counters.zig");
const layout = @import("layout.zig");
const lend = @import("lend.zig");
const lending = @import("lender.zig");
const seam = @import("seam.zig");
const secret = @import("secret.zig");
const table = @import("table.zig");
const Cause = abi.Cause;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

const flags_of_rungs = [_]u32{ abi.flag_locked | abi.flag_mprotect, abi.flag_locked, 0 };

fn lender() *const lending.Lender {
    return @ptrFromInt(lend.address());
}

fn code_of(result: i32) u7 {
    return @truncate(@as(u32, @intCast(-result)));
}

fn make(flags: u32, byte: u8) !u32 {
    var cause: Cause = .{};
    var source: [32]u8 = @splat(byte);
    return secret.create(&cause, .{ .length = 32, .alignment = 16, .flags = flags }, .{ .bytes = &source });
}

fn end(handle: u32) !void {
    var cause: Cause = .{};
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

fn protection_of(handle: u32) !abi.Protection {
    var cause: Cause = .{};
    return (try secret.status(&cause, handle)).protection;
}

test "a borrowed secret is open until it is given back, and not before or after" {
    for (flags_of_rungs) |flags| {
        const handle = try make(flags, 0x5A);
        const windows = counters.vars().open_windows.get();
        try expectEqual(abi.Protection.none, try protection_of(handle));
        var lent: lending.Bytes = undefined;
        try expectEqual(@as(i32, 0), lender().borrow(handle, 1, &lent));
        try std.testing.expectEqualSlices(u8, &@as([32]u8, @splat(0x5A)), lent.start[0..lent.length]);
        try expectEqual(@as(i32, 0), lender().give_back(handle, 1));
        try expectEqual(abi.Protection.none, try protection_of(handle));
        try expectEqual(windows, counters.vars().open_windows.get());
        try end(handle);
    }
}

test "where a window is open, borrowing opens and closes nothing; where none is, it is refused" {
    var cause: Cause = .{};
    const handle = try make(flags_of_rungs[0], 1);
    var lent: lending.Bytes = undefined;
    try expectEqual(abi.code(error.NotOpen), code_of(lender().borrow(handle, 0, &lent)));
    try secret.open(&cause, handle, .read);
    try expectEqual(@as(i32, 0), lender().borrow(handle, 0, &lent));
    try expectEqual(@as(i32, 0), lender().give_back(handle, 0));
    try expectEqual(abi.Protection.read, try protection_of(handle));
    try secret.close(&cause, handle);
    try end(handle);
    // Neither holds a lock that it did not get.
    try expectEqual(abi.code(error.Closed), code_of(lender().borrow(handle, 1, &lent)));
    try expectEqual(abi.code(error.Closed), code_of(lender().borrow(handle, 0, &lent)));
    try expectEqual(abi.code(error.Closed), code_of(lender().borrow(0xFFFF_FFFF, 1, &lent)));
}

test "a secret that is made is writable until it is finished, and nobody else's before" {
    for (flags_of_rungs) |flags| {
        const in_use = counters.vars().in_use.get();
        var lent: lending.Bytes = undefined;
        const made = lender().create(48, 16, flags, &lent);
        try expect(made > 0);
        const handle: u32 = @intCast(made);
        try expectEqual(@as(usize, 48), lent.length);
        try expect(std.mem.allEqual(u8, lent.start[0..lent.length], 0));
        @memset(lent.start[0..lent.length], 0x77);
        // Its record is locked: a purge, or another thread with a forged handle, waits.
        try expect(!table.at(layout.index_of(handle)).?.lock.try_acquire());
        try expectEqual(in_use, counters.vars().in_use.get());
        try expectEqual(made, lender().finish(handle));
        try expectEqual(abi.Protection.none, try protection_of(handle));
        try expectEqual(in_use + 1, counters.vars().in_use.get());
        try expectEqual(@as(i32, 0), lender().borrow(handle, 1, &lent));
        try expect(std.mem.allEqual(u8, lent.start[0..lent.length], 0x77));
        try expectEqual(@as(i32, 0), lender().give_back(handle, 1));
        try end(handle);
    }
}

test "a secret that is abandoned is wiped, and its page is as any free one" {
    var lent: lending.Bytes = undefined;
    const in_use = counters.vars().in_use.get();
    const handle: u32 = @intCast(lender().create(48, 16, flags_of_rungs[0], &lent));
    @memset(lent.start[0..lent.length], 0x77);
    const record = table.at(layout.index_of(handle)).?;
    const base = record.base;
    const span = record.span;
    lender().abandon(handle);
    try expectEqual(in_use, counters.vars().in_use.get());
    try expect(record.lock.try_acquire());
    record.lock.release();
    const os = @import("os.zig").current;
    var cause: Cause = .{};
    try os.open(&cause, base, span, .read);
    try expect(std.mem.allEqual(u8, @as([*]const u8, @ptrFromInt(base))[0..span], 0));
    try os.close(&cause, base, span);
    try expectEqual(abi.code(error.Closed), code_of(lender().borrow(handle, 1, &lent)));
    try expectEqual(abi.code(error.InvalidArgument), code_of(lender().create(0, 16, 0, &lent)));
}

test "if the pages of a borrowed secret cannot be closed, nothing of it is left to read" {
    const handle = try make(flags_of_rungs[0], 0x3C);
    const in_use = counters.vars().in_use.get();
    var lent: lending.Bytes = undefined;
    try expectEqual(@as(i32, 0), lender().borrow(handle, 1, &lent));
    seam.arm(1, 12, 1);
    const result = lender().give_back(handle, 1);
    seam.arm(0, 0, 0);
    try expectEqual(abi.code(error.NotClosed), code_of(result));
    try expectEqual(@as(u32, 12), @as(u32, @intCast(-result)) >> 15);
    try expectEqual(@as(u32, 0), secret.length(handle));
    try expectEqual(in_use - 1, counters.vars().in_use.get());
    const record = table.at(layout.index_of(handle)).?;
    if (!record.dropped) {
        // Still readable, as the system has it, and zeros.
        try expect(std.mem.allEqual(u8, lent.start[0..lent.length], 0));
    }
    try end(handle);
}

test "if the pages of a new secret cannot be closed, there is no such secret" {
    var lent: lending.Bytes = undefined;
    const in_use = counters.vars().in_use.get();
    const handle: u32 = @intCast(lender().create(32, 16, flags_of_rungs[0], &lent));
    seam.arm(1, 12, 1);
    const result = lender().finish(handle);
    seam.arm(0, 0, 0);
    try expectEqual(abi.code(error.ProtectionFailed), code_of(result));
    try expectEqual(in_use, counters.vars().in_use.get());
    try expectEqual(abi.code(error.Closed), code_of(lender().borrow(handle, 1, &lent)));
}

const Purge = struct {
    var done: std.atomic.Value(bool) = .init(false);

    fn run() void {
        var cause: Cause = .{};
        _ = secret.purge(&cause) catch {};
        done.store(true, .release);
    }
};

test "a purge on another thread waits for what is borrowed" {
    const handle = try make(flags_of_rungs[0], 0x42);
    var lent: lending.Bytes = undefined;
    try expectEqual(@as(i32, 0), lender().borrow(handle, 1, &lent));
    const before = @atomicLoad(u32, &secret.vars().purges, .seq_cst);
    Purge.done.store(false, .release);
    const thread = try std.Thread.spawn(.{}, Purge.run, .{});
    while (@atomicLoad(u32, &secret.vars().purges, .seq_cst) == before) std.atomic.spinLoopHint();
    try std.testing.io.sleep(.fromMilliseconds(50), .awake);
    try expect(!Purge.done.load(.acquire));
    try expect(std.mem.allEqual(u8, lent.start[0..lent.length], 0x42));
    try expectEqual(@as(i32, 0), lender().give_back(handle, 1));
    thread.join();
    try expect(Purge.done.load(.acquire));
    try expectEqual(@as(u32, 0), secret.length(handle));
    try end(handle);
}

test "random bytes come from the system" {
    var first: [24]u8 = @splat(0);
    var second: [24]u8 = @splat(0);
    try expectEqual(@as(i32, 0), lender().random(&first, first.len));
    try expectEqual(@as(i32, 0), lender().random(&second, second.len));
    try expect(!std.mem.eql(u8, &first, &second));
    seam.arm(1, 5, 1);
    const result = lender().random(&first, first.len);
    seam.arm(0, 0, 0);
    try expectEqual(abi.code(error.RandomFailed), code_of(result));
}
