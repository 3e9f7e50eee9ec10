//! Random bytes for nonces, many at a time: a call to the system for each would take as long as
//! the sealing of a short secret.
//!
//! They stand on a page that a forked child finds empty, so that it also tells whether this is the
//! process that the key belongs to. Nonces are not secret.

const std = @import("std");
const abi = @import("../abi.zig");
const entries = @import("../entries.zig");
const os = @import("../os.zig").current;
const shared = @import("../shared.zig");
const Cause = abi.Cause;

const count_max = 240;

const Page = struct {
    /// 1 where the process is that which made the page, 0 in its children.
    alive: u32,
    left: u32,
    nonces: [count_max]entries.Nonce,
};

comptime {
    std.debug.assert(@sizeOf(Page) <= 4096);
}

pub const Variables = struct {
    page: std.atomic.Value(?*Page) = .init(null),
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.nonces, &own);
}

/// False in a child of the process that has sealed something.
pub fn is_same_process() bool {
    const ours = vars().page.load(.acquire) orelse return true;
    return @as(*volatile u32, &ours.alive).* == 1;
}

/// The caller holds the key's lock.
pub fn take(cause: *Cause, out: *entries.Nonce) abi.Error!void {
    const ours = try prepare(cause);
    if (ours.left == 0) {
        os.random(cause, std.mem.asBytes(&ours.nonces)) catch return error.RandomFailed;
        ours.left = count_max;
    }
    ours.left -= 1;
    out.* = ours.nonces[ours.left];
}

/// Makes the page. The caller holds the key's lock.
pub fn prepare(cause: *Cause) abi.Error!*Page {
    return vars().page.load(.acquire) orelse add(cause);
}

/// The next one asks the system. For tests.
pub fn discard() void {
    if (vars().page.load(.acquire)) |ours| ours.left = 0;
}

fn add(cause: *Cause) abi.Error!*Page {
    const length = std.mem.alignForward(usize, @sizeOf(Page), os.page_size());
    const address = os.metadata(cause, length) catch return error.AllocationFailed;
    os.mark_scratch(cause, address, length) catch {
        var ignored: Cause = .{};
        os.unreserve(&ignored, address, length) catch {};
        return error.AllocationFailed;
    };
    const ours: *Page = @ptrFromInt(address);
    ours.alive = 1;
    vars().page.store(ours, .release);
    return ours;
}
