//! Working memory of Argon2id: mapped for one call, out of dumps and forks where the system has
//! that, wiped, and unmapped. It is not locked: it is a thousand times what a process may lock
//! by default.

const std = @import("std");
const abi = @import("../abi.zig");
const os = @import("../os.zig").current;
const Cause = abi.Cause;

pub const Scratch = struct {
    bytes: []align(4096) u8,

    pub fn map(cause: *Cause, length: usize) abi.Error!Scratch {
        const address = os.metadata(cause, length) catch return error.AllocationFailed;
        const scratch: Scratch = .{ .bytes = @as([*]align(4096) u8, @ptrFromInt(address))[0..length] };
        errdefer scratch.unmap();
        os.mark_scratch(cause, address, length) catch return error.AllocationFailed;
        os.populate(cause, address, length) catch return error.AllocationFailed;
        return scratch;
    }

    /// Wipes it first.
    pub fn unmap(scratch: Scratch) void {
        std.crypto.secureZero(u64, @ptrCast(scratch.bytes));
        var ignored: Cause = .{};
        os.unreserve(&ignored, @intFromPtr(scratch.bytes.ptr), scratch.bytes.len) catch {};
    }
};
