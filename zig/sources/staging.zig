//! A secret that is written piece by piece, before it is known how long it gets. No window is
//! open on it but while it is written or copied.

const abi = @import("../abi.zig");
const counters = @import("../counters.zig");
const secret = @import("../secret.zig");
const Cause = abi.Cause;
const Error = abi.Error;

pub const Staging = struct {
    handle: u32,
    shape: secret.Shape,

    /// As long as it may get.
    pub noinline fn create(cause: *Cause, shape: secret.Shape) Error!Staging {
        return .{ .handle = try secret.create(cause, shape, .zeros), .shape = shape };
    }

    /// Opens a window on all of it.
    pub noinline fn open(staging: Staging, cause: *Cause) Error![]u8 {
        try secret.open(cause, staging.handle, .write);
        const start = secret.address(staging.handle);
        // A purge may have come in between; whoever discards it closes the window, too.
        if (start == 0) return error.Closed;
        return @as([*]u8, @ptrFromInt(start))[0..staging.shape.length];
    }

    pub noinline fn close(staging: Staging, cause: *Cause) Error!void {
        return secret.close(cause, staging.handle);
    }

    /// A secret of its first bytes.
    pub noinline fn finish(staging: Staging, cause: *Cause, length: usize) Error!u32 {
        if (length == 0) return error.SourceEmpty;
        const bytes = try staging.open(cause);
        var shape = staging.shape;
        shape.length = @intCast(length);
        return secret.create(cause, shape, .{ .payload = bytes[0..length] });
    }

    /// Wipes it. Failures leave it wiped or without memory, as `destroy` does.
    pub noinline fn discard(staging: Staging) void {
        var ignored: Cause = .{};
        secret.destroy(&ignored, staging.handle) catch {};
        secret.release(&ignored, staging.handle) catch {};
        // Nobody has heard of it.
        counters.vars().allocated.sub(1);
    }
};
