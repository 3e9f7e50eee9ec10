//! What is asked of the system once per process, at the first secret: the page
//! size, and random bytes for the canaries and for telling one loaded copy of the
//! library from another. Loading the library does nothing.

const std = @import("std");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const invariant = @import("invariant.zig");
const canary = @import("canary.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

pub const Process = struct {
    page_size: usize,
    canary_key: canary.Key,
    /// Not secret: two copies of the library in one process differ in it.
    instance: u32,
};

pub const Variables = struct {
    lock: Lock = .{},
    /// Null until everything in it is there.
    ready: std.atomic.Value(?*const Process) = .init(null),
    process: Process = undefined,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.process, &own);
}

/// Fails if the system has no random bytes: a predictable canary is not a canary.
pub fn get(cause: *abi.Cause) abi.Error!*const Process {
    if (vars().ready.load(.acquire)) |known| return known;
    // The core has asked before it told where its variables are.
    if (shared.is_extra) unreachable;
    vars().lock.acquire();
    defer vars().lock.release();
    if (vars().ready.load(.acquire)) |known| return known;

    var bytes: [@sizeOf(canary.Key) + @sizeOf(u32)]u8 = undefined;
    os.random(cause, &bytes) catch return error.RandomFailed;
    vars().process = .{
        .page_size = os.page_size(),
        .canary_key = .{
            std.mem.readInt(u64, bytes[0..8], .little),
            std.mem.readInt(u64, bytes[8..16], .little),
        },
        .instance = std.mem.readInt(u32, bytes[16..20], .little),
    };
    invariant.check(std.math.isPowerOfTwo(vars().process.page_size));
    invariant.check(vars().process.page_size >= layout.page_size_min);
    invariant.check(vars().process.page_size <= layout.page_size_max);
    vars().ready.store(&vars().process, .release);
    // Not `&process`: a constant with an address in it is one that the loader has to write.
    return vars().ready.load(.acquire).?;
}
