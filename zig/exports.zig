//! The C ABI. Each function converts its numbers, delegates, and packs the outcome;
//! nothing else happens here. See `abi.zig` for what the numbers mean.

const abi = @import("abi.zig");
const secret = @import("secret.zig");
const statistics = @import("statistics.zig");
const seam = @import("seam.zig");
const os = @import("os.zig").current;
const Cause = abi.Cause;

pub const panic = @import("panic.zig");

export fn securememory_abi_version() u32 {
    return abi.version;
}

/// Makes a secret of zeros. Returns its handle.
export fn securememory_create(length: u32, alignment: u32, flags: u32) i32 {
    return create(.{ .length = length, .alignment = alignment, .flags = flags }, .zeros);
}

/// Makes a secret of random bytes from the system's generator.
export fn securememory_create_random(length: u32, alignment: u32, flags: u32) i32 {
    return create(.{ .length = length, .alignment = alignment, .flags = flags }, .random);
}

/// Makes a secret of the `length` bytes at `source` and wipes those, on success only.
export fn securememory_create_from(source: ?[*]u8, length: u32, alignment: u32, flags: u32) i32 {
    const bytes = source orelse return abi.pack(error.InvalidArgument, .{});
    const shape: secret.Shape = .{ .length = length, .alignment = alignment, .flags = flags };
    return create(shape, .{ .bytes = bytes[0..length] });
}

/// Makes a copy of a secret whose window is open.
export fn securememory_create_copy(handle: u32, alignment: u32, flags: u32) i32 {
    var cause: Cause = .{};
    const copied = secret.copy(&cause, handle, alignment, flags) catch |err| return abi.pack(err, cause);
    return @intCast(copied);
}

/// Opens a window: `protection` is 1 for reading, 2 for reading and writing.
export fn securememory_open(handle: u32, protection: u32) i32 {
    var cause: Cause = .{};
    const wanted: abi.Protection = switch (protection) {
        1 => .read,
        2 => .write,
        else => return abi.pack(error.InvalidArgument, .{}),
    };
    secret.open(&cause, handle, wanted) catch |err| return abi.pack(err, cause);
    return 0;
}

export fn securememory_close(handle: u32) i32 {
    var cause: Cause = .{};
    secret.close(&cause, handle) catch |err| return abi.pack(err, cause);
    return 0;
}

/// Wipes a secret; its address stays taken until `release` or `retire`.
export fn securememory_destroy(handle: u32) i32 {
    var cause: Cause = .{};
    secret.destroy(&cause, handle) catch |err| return abi.pack(err, cause);
    return 0;
}

/// The address of a destroyed secret may be used again.
export fn securememory_release(handle: u32) i32 {
    var cause: Cause = .{};
    secret.release(&cause, handle) catch |err| return abi.pack(err, cause);
    return 0;
}

/// The address of a destroyed secret may never be used again.
export fn securememory_retire(handle: u32) i32 {
    var cause: Cause = .{};
    secret.retire(&cause, handle) catch |err| return abi.pack(err, cause);
    return 0;
}

/// Where the payload is, or null. Reading it outside a window faults.
export fn securememory_address(handle: u32) ?*anyopaque {
    return @ptrFromInt(secret.address(handle));
}

/// Bytes of the payload, or 0 if the handle is of no secret.
export fn securememory_length(handle: u32) u32 {
    return secret.length(handle);
}

/// 1 if the two are equal, 0 if not. Both windows must be open.
export fn securememory_equal(first: u32, second: u32) i32 {
    const same = secret.equal(first, second) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

export fn securememory_equal_bytes(handle: u32, bytes: ?[*]const u8, length: u32) i32 {
    const given = if (bytes) |start| start[0..length] else &[0]u8{};
    const same = secret.equal_bytes(handle, given) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

/// Bits of `abi.Status`, read back from the system.
export fn securememory_status(handle: u32) i32 {
    var cause: Cause = .{};
    const status = secret.status(&cause, handle) catch |err| return abi.pack(err, cause);
    return @as(i32, @as(u31, @backingInt(status)));
}

/// Wipes every secret of the process. Returns how many there were.
export fn securememory_purge() i32 {
    var cause: Cause = .{};
    const wiped = secret.purge(&cause) catch |err| return abi.pack(err, cause);
    return @intCast(wiped);
}

/// Address of a u32 that every purge changes.
export fn securememory_purge_count() ?*anyopaque {
    return &secret.purges;
}

/// Writes up to `count` numbers in the order of `abi.Statistic`; returns how many.
export fn securememory_statistics(out: ?[*]f64, count: u32) i32 {
    const target = out orelse return abi.pack(error.InvalidArgument, .{});
    var cause: Cause = .{};
    const written = statistics.write(&cause, target[0..count]) catch |err| return abi.pack(err, cause);
    return @intCast(written);
}

/// Applies the parts of `flags` that exist here; returns the parts that took effect.
export fn securememory_harden(flags: u32) i32 {
    var cause: Cause = .{};
    const done = os.harden(&cause, flags) catch return abi.pack(error.NotSupported, cause);
    return @intCast(done);
}

fn create(shape: secret.Shape, content: secret.Content) i32 {
    var cause: Cause = .{};
    const handle = secret.create(&cause, shape, content) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

// Only in the library that tests load.

fn fault_arm(k: u32, errno: u32, times: u32) callconv(.c) i32 {
    seam.arm(k, @truncate(errno), times);
    return 0;
}

fn fault_count(step: u32) callconv(.c) u32 {
    if (step >= seam.step_count) return 0;
    return seam.count(@fromBackingInt(@intCast(step)));
}

comptime {
    if (seam.enabled) {
        @export(&fault_arm, .{ .name = "securememory_fault_arm" });
        @export(&fault_count, .{ .name = "securememory_fault_count" });
    }
}
