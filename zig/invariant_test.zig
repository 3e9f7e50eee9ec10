//! What a failed invariant does: in a child each, which has to say so, to have wiped
//! every secret, and to stop.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const gate = @import("gate.zig");
const invariant = @import("invariant.zig");
const secret = @import("secret.zig");
const store = @import("store.zig");
const table = @import("table.zig");
const linux = std.os.linux;
const Cause = abi.Cause;
const expect = std.testing.expect;

const length = 4100;
/// The lowest rungs: pages of others are absent in a child.
const shape: secret.Shape = .{ .length = length, .alignment = 16, .flags = abi.flag_locked | abi.flag_mprotect };

fn record_of(handle: u32) *table.Record {
    const record = table.acquire(handle) catch unreachable;
    record.lock.release();
    return record;
}

var wipe_everything: *const fn () void = undefined;
var watched: [2]*table.Record = undefined;

/// Stands in for the core's own function, calls it, and says whether it did its work:
/// after it there is only the end of the process.
fn wipe_and_look() void {
    wipe_everything();
    for (watched) |record| {
        var cause: Cause = .{};
        @import("os.zig").current.open(&cause, record.base, record.span, .read) catch linux.exit_group(2);
        for (record.unit()) |byte| if (byte != 0) linux.exit_group(3);
    }
    // Else nobody would miss this look.
    _ = linux.write(2, looked, looked.len);
}

const looked = "zeros\n";

/// Expects that `violate` stops a child, and that two secrets of that child are wiped by then.
fn expect_stop(violate: *const fn (handle: u32) void) !void {
    var ends: [2]linux.fd_t = undefined;
    try expect(linux.errno(linux.pipe2(&ends, .{ .CLOEXEC = true })) == .SUCCESS);
    const child = linux.fork();
    if (child == 0) {
        _ = linux.dup2(ends[1], 2);
        // The test runner would print a stack and end in its own way.
        const default: linux.Sigaction = .{ .handler = .{ .handler = linux.SIG.DFL }, .mask = linux.sigemptyset(), .flags = 0 };
        for ([_]linux.SIG{ .ILL, .TRAP }) |signal| _ = linux.sigaction(signal, &default, null);
        // Pages are wiped in a fork, so the secrets are the child's own.
        var cause: Cause = .{};
        const closed = secret.create(&cause, shape, .random) catch linux.exit_group(4);
        const opened = secret.create(&cause, shape, .random) catch linux.exit_group(4);
        secret.open(&cause, opened, .read) catch linux.exit_group(4);
        watched = .{ record_of(closed), record_of(opened) };
        wipe_everything = invariant.vars().wipe_everything orelse linux.exit_group(5);
        invariant.vars().wipe_everything = wipe_and_look;
        violate(closed);
        linux.exit_group(6);
    }
    _ = linux.close(ends[1]);
    var text: [256]u8 = undefined;
    // All of it: nothing else is said at the end.
    var got: usize = 0;
    while (got < text.len) {
        const more = linux.read(ends[0], text[got..].ptr, text.len - got);
        try expect(linux.errno(more) == .SUCCESS);
        if (more == 0) break;
        got += more;
    }
    _ = linux.close(ends[0]);
    var status: i32 = undefined;
    _ = linux.waitpid(@intCast(child), &status, 0);
    const bits: u32 = @bitCast(status);
    try expect(linux.W.IFSIGNALED(bits));
    try expect(linux.W.TERMSIG(bits) == .ILL or linux.W.TERMSIG(bits) == .TRAP);
    try std.testing.expectEqualStrings(
        looked ++ "securememory: an internal invariant failed; every secret was wiped\n",
        text[0..got],
    );
}

const violations = struct {
    var cause: Cause = .{};

    pub fn open_to_nobody(handle: u32) void {
        gate.open(&cause, record_of(handle), .none) catch {};
    }

    pub fn open_no_pages(_: u32) void {
        var record: table.Record = .{};
        gate.open(&cause, &record, .read) catch {};
    }

    pub fn no_unit(_: u32) void {
        var record: table.Record = .{};
        _ = record.unit();
    }

    pub fn give_back_while_in_use(handle: u32) void {
        store.give(&cause, 4096, record_of(handle)) catch {};
    }

    pub fn give_back_while_open(_: u32) void {
        var record: table.Record = .{ .access = .read };
        store.give(&cause, 4096, &record) catch {};
    }

    pub fn drop_twice(handle: u32) void {
        const record = record_of(handle);
        // Not the watched one, which has to be there to be looked at.
        var dropped = record.*;
        dropped.dropped = true;
        store.drop_memory(&cause, &dropped) catch {};
    }

    pub fn overflow(_: u32) void {
        @import("panic.zig").integerOverflow();
    }
};

test "a failed invariant wipes every secret, says so and stops" {
    if (builtin.target.os.tag != .linux) return error.SkipZigTest;
    comptime std.debug.assert(@typeInfo(violations).@"struct".decl_names.len == 7);
    inline for (@typeInfo(violations).@"struct".decl_names) |name| {
        expect_stop(@field(violations, name)) catch |err| {
            std.debug.print("after {s}\n", .{name});
            return err;
        };
    }
}
