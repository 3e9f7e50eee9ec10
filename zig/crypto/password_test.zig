//! How long a password is borrowed while a secret is made of it: Argon2id takes its time, and what
//! else wants the record, a purge above all, must not wait for it.

const std = @import("std");
const abi = @import("../abi.zig");
const argon2id = @import("argon2id.zig");
const counters = @import("../counters.zig");
const layout = @import("../layout.zig");
const lend = @import("../lend.zig");
const lending = @import("../lender.zig");
const secret = @import("../secret.zig");
const table = @import("../table.zig");
const Cause = abi.Cause;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

extern fn securememory_crypto_start(address: f64) i32;
extern fn securememory_crypto_from_password(f64, f64, ?[*]const u8, f64, f64, f64, f64, f64, f64, f64) i32;

const flags = abi.flag_locked | abi.flag_mprotect;
const text = "password";
const nonce = "somesalt";
const params: argon2id.Params = .{ .memory = 256, .passes = 2, .parallelism = 1 };

/// The core's lender, between it and the crypto library; it notes what is called, and does
/// something of its own when the password is given back for the first time.
const Between = struct {
    var log: [16]u8 = undefined;
    var count: usize = 0;
    var meanwhile: ?*const fn () void = null;
    var password: u32 = 0;

    const lender: lending.Lender = .{
        .version = lending.version,
        .reserved = 0,
        .borrow = &borrow,
        .give_back = &give_back,
        .borrow_pair = &borrow_pair,
        .give_back_pair = &give_back_pair,
        .create = &create,
        .finish = &finish,
        .abandon = &abandon,
        .random = &random,
    };

    fn core() *const lending.Lender {
        return @ptrFromInt(lend.address());
    }

    fn note(letter: u8) void {
        log[count] = letter;
        count += 1;
    }

    fn borrow(handle: u32, open: u32, out: *lending.Bytes) callconv(.c) i32 {
        note('b');
        return core().borrow(handle, open, out);
    }
    fn borrow_pair(handles: *const [2]u32, open: *const [2]u32, out: *[2]lending.Bytes) callconv(.c) i32 {
        return core().borrow_pair(handles, open, out);
    }
    fn give_back_pair(handles: *const [2]u32, open: *const [2]u32) callconv(.c) i32 {
        return core().give_back_pair(handles, open);
    }
    fn give_back(handle: u32, open: u32) callconv(.c) i32 {
        note('g');
        const result = core().give_back(handle, open);
        if (meanwhile) |act| act();
        meanwhile = null;
        return result;
    }
    fn create(length: u32, alignment: u32, options: u32, out: *lending.Bytes) callconv(.c) i32 {
        note('c');
        return core().create(length, alignment, options, out);
    }
    fn finish(handle: u32) callconv(.c) i32 {
        note('f');
        return core().finish(handle);
    }
    fn abandon(handle: u32) callconv(.c) void {
        note('a');
        core().abandon(handle);
    }
    fn random(bytes: [*]u8, length: usize) callconv(.c) i32 {
        return core().random(bytes, length);
    }

    /// Of a new secret of the password.
    fn run(act: ?*const fn () void) !i32 {
        var cause: Cause = .{};
        var source = text.*;
        password = try secret.create(&cause, .{ .length = text.len, .alignment = 16, .flags = flags }, .{ .bytes = &source });
        count = 0;
        meanwhile = act;
        try expectEqual(@as(i32, 0), securememory_crypto_start(@floatFromInt(@intFromPtr(&lender))));
        return securememory_crypto_from_password(
            @floatFromInt(password),
            1,
            nonce,
            nonce.len,
            @floatFromInt(params.memory),
            @floatFromInt(params.passes),
            @floatFromInt(params.parallelism),
            32,
            16,
            flags,
        );
    }

    fn end(handle: u32) !void {
        var cause: Cause = .{};
        try secret.destroy(&cause, handle);
        try secret.release(&cause, handle);
    }
};

fn expect_result(made: i32) !void {
    var memory: [256 * 1024]u8 align(16) = undefined;
    var expected: [32]u8 = undefined;
    argon2id.derive(&memory, text, nonce, params, &expected);
    var lent: lending.Bytes = undefined;
    try expect(made > 0);
    try expectEqual(@as(i32, 0), Between.core().borrow(@intCast(made), 1, &lent));
    defer _ = Between.core().give_back(@intCast(made), 1);
    try std.testing.expectEqualSlices(u8, &expected, lent.start[0..lent.length]);
}

test "a password is borrowed for its first hash, and for the making of the result" {
    const in_use = counters.vars().in_use.get();
    const made = try Between.run(null);
    try std.testing.expectEqualStrings("bcagbcgf", Between.log[0..Between.count]);
    try expect_result(made);
    try Between.end(@intCast(made));
    try Between.end(Between.password);
    try expectEqual(in_use, counters.vars().in_use.get());
}

fn look_for_locks() void {
    var cause: Cause = .{};
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)).?;
        if (!record.lock.try_acquire()) locked += 1 else record.lock.release();
    }
    protection = (secret.status(&cause, Between.password) catch return).protection;
}
var locked: u32 = 0;
var protection: abi.Protection = .write;

test "between the two no record is locked, and the password's pages are closed" {
    locked = 0;
    const made = try Between.run(&look_for_locks);
    try expectEqual(@as(u32, 0), locked);
    try expectEqual(abi.Protection.none, protection);
    try expect_result(made);
    try Between.end(@intCast(made));
    try Between.end(Between.password);
}

fn purge() void {
    var cause: Cause = .{};
    purged = secret.purge(&cause) catch 0;
}
var purged: u32 = 0;

test "a purge between the two does not wait, and nothing is made of the password" {
    const in_use = counters.vars().in_use.get();
    const windows = counters.vars().open_windows.get();
    const made = try Between.run(&purge);
    try expect(purged >= 1);
    try expectEqual(abi.code(error.Closed), @as(u7, @truncate(@as(u32, @intCast(-made)))));
    try std.testing.expectEqualStrings("bcagb", Between.log[0..Between.count]);
    try expectEqual(@as(u32, 0), secret.length(Between.password));
    try expect(table.at(layout.index_of(Between.password)).?.lock.try_acquire());
    table.at(layout.index_of(Between.password)).?.lock.release();
    try Between.end(Between.password);
    try expectEqual(in_use, counters.vars().in_use.get());
    try expectEqual(windows, counters.vars().open_windows.get());
}
