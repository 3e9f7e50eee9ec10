//! The core's side of `lender.zig`.

const abi = @import("abi.zig");
const layout = @import("layout.zig");
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
    ours.create = &create;
    ours.finish = &finish;
    ours.abandon = &abandon;
    ours.random = &random;
    return @intFromPtr(&ours);
}

fn borrow(handle: u32, open: u32, out: *Bytes) callconv(.c) i32 {
    var cause: Cause = .{};
    const record = secret.borrow(&cause, handle, open == 1) catch |err| return abi.pack(err, cause);
    out.* = bytes_of(record);
    return 0;
}

fn give_back(handle: u32, open: u32) callconv(.c) i32 {
    var cause: Cause = .{};
    secret.give_back(&cause, held(handle), open == 1) catch |err| return abi.pack(err, cause);
    return 0;
}

fn create(length: u32, alignment: u32, flags: u32, out: *Bytes) callconv(.c) i32 {
    var cause: Cause = .{};
    const shape: secret.Shape = .{ .length = length, .alignment = alignment, .flags = flags };
    const record = secret.begin(&cause, shape) catch |err| return abi.pack(err, cause);
    out.* = bytes_of(record);
    return @intCast(record.handle());
}

fn finish(handle: u32) callconv(.c) i32 {
    var cause: Cause = .{};
    secret.finish(&cause, held(handle)) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

fn abandon(handle: u32) callconv(.c) void {
    secret.abandon(held(handle));
}

fn random(bytes: [*]u8, length: usize) callconv(.c) i32 {
    var cause: Cause = .{};
    os.random(&cause, bytes[0..length]) catch return abi.pack(error.RandomFailed, cause);
    return 0;
}

fn bytes_of(record: *const Record) Bytes {
    const payload = record.payload();
    return .{ .start = payload.ptr, .length = payload.len };
}

/// A record whose lock the borrower holds.
fn held(handle: u32) *Record {
    return table.at(layout.index_of(handle)).?;
}
