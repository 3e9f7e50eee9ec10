//! The WebAssembly module: what `exports.zig` is to the native library. Each function converts
//! its numbers, delegates, and packs the outcome. See `abi.zig` for what the numbers mean.
//!
//! Numbers are those of WebAssembly: JavaScript has checked them, and an engine converts them.

const abi = @import("abi.zig");
const blocks = @import("edge/blocks.zig");
const counters = @import("counters.zig");
const memory = @import("edge/memory.zig");
const scratch = @import("edge/scratch.zig");
const secret = @import("edge/secret.zig");
const table = @import("table.zig");
const Cause = abi.Cause;

pub const panic = @import("panic.zig");

export fn securememory_abi_version() u32 {
    return abi.version;
}

/// Makes a secret of zeros, whose window for writing is open. Returns its handle.
export fn securememory_create(length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const record = secret.create(&cause, .{ .length = length, .alignment = alignment }) catch |err|
        return abi.pack(err, cause);
    return @intCast(record.handle());
}

/// Makes a secret of random bytes.
export fn securememory_create_random(length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const handle = secret.create_random(&cause, .{ .length = length, .alignment = alignment }) catch |err|
        return abi.pack(err, cause);
    return @intCast(handle);
}

/// Makes a copy of a secret.
export fn securememory_create_copy(handle: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const copied = secret.copy(&cause, handle, alignment) catch |err| return abi.pack(err, cause);
    return @intCast(copied);
}

/// Opens the first window: `protection` is 1 for reading, 2 for reading and writing.
export fn securememory_open(handle: u32, protection: u32) i32 {
    const access: table.Access = switch (protection) {
        1 => .read,
        2 => .write,
        else => return abi.pack(error.InvalidArgument, .{}),
    };
    secret.open(handle, access) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Closes the last one.
export fn securememory_close(handle: u32) i32 {
    secret.close(handle) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Wipes a secret.
export fn securememory_destroy(handle: u32) i32 {
    secret.destroy(handle) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Wipes every secret. Returns how many there were.
export fn securememory_purge() i32 {
    return @intCast(secret.purge());
}

/// Where the payload is, or 0.
export fn securememory_address(handle: u32) usize {
    return secret.address(handle);
}

/// 1 if the two are equal, 0 if not. Both windows must be open.
export fn securememory_equal(first: u32, second: u32) i32 {
    const same = secret.equal(first, second) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

export fn securememory_equal_bytes(handle: u32, bytes: [*]const u8, length: u32) i32 {
    const same = secret.equal_bytes(handle, bytes[0..length]) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

/// Room for the bytes of one call. Returns its address.
export fn securememory_scratch(length: u32) i32 {
    var cause: Cause = .{};
    const room = scratch.take(&cause, length) catch |err| return abi.pack(err, cause);
    return @intCast(@intFromPtr(room.ptr));
}

/// Wipes that room.
export fn securememory_scratch_end() void {
    scratch.end();
}

/// A number about all secrets, see `abi.Statistic`; those that the edge has.
export fn securememory_statistic(what: u32) f64 {
    return switch (what) {
        @backingInt(abi.Statistic.allocated) => @floatFromInt(counters.allocated.get()),
        @backingInt(abi.Statistic.in_use) => @floatFromInt(counters.in_use.get()),
        @backingInt(abi.Statistic.open_windows) => @floatFromInt(counters.open_windows.get()),
        @backingInt(abi.Statistic.purges) => @floatFromInt(secret.purges),
        else => 0,
    };
}
