//! The core's side of `lender.zig`.

const abi = @import("abi.zig");
const layout = @import("layout.zig");
const held = @import("held.zig");
const lender = @import("lender.zig");
const secret = @import("secret.zig");
const table = @import("table.zig");
const os = @import("os.zig").current;
const Bytes = lender.Bytes;
const Cause = abi.Cause;
const Record = table.Record;

/// Written when it is asked for: a constant with addresses in it is one that the loader has to
/// write, and of those the library for Apple silicon has none.
var ours: lender.Lender = undefined;

pub fn address() usize {
    ours.version = lender.version;
    ours.reserved = 0;
    ours.borrow = &borrow;
    ours.give_back = &give_back;
    ours.borrow_pair = &borrow_pair;
    ours.give_back_pair = &give_back_pair;
    ours.create = &create;
    ours.finish = &finish;
    ours.abandon = &abandon;
    ours.random = &random;
    return @intFromPtr(&ours);
}

fn borrow(handle: u32, open: u32, out: *Bytes) callconv(.c) i32 {
    var cause: Cause = .{};
    const found = secret.borrow(&cause, handle, open == 1) catch |err| return abi.pack(err, cause);
    out.* = lent(found.bytes());
    return 0;
}

fn give_back(handle: u32, open: u32) callconv(.c) i32 {
    var cause: Cause = .{};
    secret.give_back(&cause, &held.again(handle), open == 1) catch |err| return abi.pack(err, cause);
    return 0;
}

fn borrow_pair(handles: *const [2]u32, open: *const [2]u32, out: *[2]Bytes) callconv(.c) i32 {
    var cause: Cause = .{};
    var pair: [2]held.Held = undefined;
    secret.borrow_pair(&cause, handles, .{ open[0] == 1, open[1] == 1 }, &pair) catch |err|
        return abi.pack(err, cause);
    for (out, &pair) |*bytes, *found| bytes.* = lent(found.bytes());
    return 0;
}

fn give_back_pair(handles: *const [2]u32, open: *const [2]u32) callconv(.c) i32 {
    var cause: Cause = .{};
    const pair = [2]held.Held{ held.again(handles[0]), held.again(handles[1]) };
    secret.give_back_pair(&cause, &pair, .{ open[0] == 1, open[1] == 1 }) catch |err| return abi.pack(err, cause);
    return 0;
}

fn create(length: u32, alignment: u32, flags: u32, out: *Bytes) callconv(.c) i32 {
    var cause: Cause = .{};
    const shape: secret.Shape = .{ .length = length, .alignment = alignment, .flags = flags };
    const record = secret.begin(&cause, shape) catch |err| return abi.pack(err, cause);
    out.* = lent(record.payload());
    return @intCast(record.handle());
}

fn finish(handle: u32) callconv(.c) i32 {
    var cause: Cause = .{};
    secret.finish(&cause, record_of(handle)) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

fn abandon(handle: u32) callconv(.c) void {
    secret.abandon(record_of(handle));
}

fn random(bytes: [*]u8, length: usize) callconv(.c) i32 {
    var cause: Cause = .{};
    os.random(&cause, bytes[0..length]) catch return abi.pack(error.RandomFailed, cause);
    return 0;
}

fn lent(bytes: []u8) Bytes {
    return .{ .start = bytes.ptr, .length = bytes.len };
}

/// A record whose lock whoever is making a secret holds.
fn record_of(handle: u32) *Record {
    return table.at(layout.index_of(handle)).?;
}
