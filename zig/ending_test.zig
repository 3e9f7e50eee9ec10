//! What the end of the process does to secrets in every state, and with locks that nobody
//! gives back. That it runs at all is seen from outside, by tests/ending_test.ts.

const std = @import("std");
const abi = @import("abi.zig");
const ending = @import("ending.zig");
const secret = @import("secret.zig");
const table = @import("table.zig");
const os = @import("os.zig").current;
const os_ending = @import("os.zig").ending;
const Cause = abi.Cause;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

const marked: u8 = 0xA5;

fn make(length: u32) !u32 {
    var cause: Cause = .{};
    const source = try std.testing.allocator.alloc(u8, length);
    defer std.testing.allocator.free(source);
    @memset(source, marked);
    ending.arm();
    return secret.create(&cause, .{ .length = length, .alignment = 16, .flags = 0 }, .{ .bytes = source });
}

fn record_of(handle: u32) *table.Record {
    const record = table.acquire(handle) catch unreachable;
    record.lock.release();
    return record;
}

/// Bytes that are still what they were; opens the pages to look.
fn left(record: *const table.Record) !usize {
    var cause: Cause = .{};
    try os.open(&cause, record.base, record.span, .read);
    return std.mem.countScalar(u8, record.payload(), marked);
}

/// Nothing is left, but what may be the same by chance: on Windows closed pages are overwritten
/// as they are, and what is then read is what zeros decrypt to.
fn expect_wiped(record: *const table.Record) !void {
    const found = try left(record);
    if (os_ending.alone) try expect(found < record.length / 4) else try expectEqual(@as(usize, 0), found);
}

/// Where no lock was taken, the canaries were overwritten as well.
fn close(handle: u32) !void {
    var cause: Cause = .{};
    const result = secret.destroy(&cause, handle);
    if (os_ending.alone) try expectError(error.Corrupted, result) else try result;
    try secret.release(&cause, handle);
}

test "the end wipes secrets that are closed, open, and written after a purge" {
    var cause: Cause = .{};
    const writing = try make(32);
    try secret.open(&cause, writing, .write);
    _ = try secret.purge(&cause);
    @memset(record_of(writing).payload(), marked);
    const closed = try make(32);
    const large = try make(100_000);
    const reading = try make(32);
    try secret.open(&cause, reading, .read);
    const purges = secret.vars().purges;

    ending.run();
    ending.run();
    secret.vars().ended.store(false, .seq_cst);

    try expect(secret.vars().purges != purges);
    for ([_]u32{ closed, large, reading, writing }) |handle| {
        try expect_wiped(record_of(handle));
        try os.close(&cause, record_of(handle).base, record_of(handle).span);
        record_of(handle).access = .none;
        try close(handle);
    }
}

test "no secret is made once the end has begun: nobody would wipe it" {
    ending.arm();
    ending.run();
    var cause: Cause = .{};
    const shape: secret.Shape = .{ .length = 32, .alignment = 16, .flags = 0 };
    var source: [32]u8 = @splat(marked);
    try expectError(error.Closed, secret.create(&cause, shape, .{ .bytes = &source }));
    try expectEqual(@as([32]u8, @splat(marked)), source);
    secret.vars().ended.store(false, .seq_cst);
    const handle = try secret.create(&cause, shape, .{ .bytes = &source });
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

test "the end waits for no lock for good: what it guards is overwritten" {
    var cause: Cause = .{};
    const held = try make(32);
    const large = try make(100_000);
    const free = try make(32);
    try secret.open(&cause, large, .read);
    for ([_]u32{ held, large }) |handle| record_of(handle).lock.acquire();

    ending.run();
    secret.vars().ended.store(false, .seq_cst);

    for ([_]u32{ held, large }) |handle| {
        const record = table.at(@import("layout.zig").index_of(handle)).?;
        // Random bytes, of which some may be what they were.
        try expect(try left(record) < record.length / 8);
        try os.close(&cause, record.base, record.span);
        record.access = .none;
        record.lock.release();
    }
    try expect_wiped(record_of(free));
    try os.close(&cause, record_of(free).base, record_of(free).span);
    // The random bytes went over the canaries as well.
    for ([_]u32{ held, large }) |handle| {
        try expectError(error.Corrupted, secret.destroy(&cause, handle));
        try secret.release(&cause, handle);
    }
    try close(free);
}

test "overwriting pages that are not there does no harm" {
    if (os_ending.alone) return error.SkipZigTest;
    var cause: Cause = .{};
    const length = 4 * os.page_size();
    const address = try os.reserve(&cause, length);
    try os.unreserve(&cause, address, length);
    os_ending.overwrite(address, length);
}
