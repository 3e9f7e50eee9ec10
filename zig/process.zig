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

pub const Process = struct {
    page_size: usize,
    canary_key: canary.Key,
    /// Not secret: two copies of the library in one process differ in it.
    instance: u32,
};

var lock: Lock = .{};
/// Null until everything in it is there.
var ready: std.atomic.Value(?*const Process) = .init(null);
var process: Process = undefined;

/// Fails if the system has no random bytes: a predictable canary is not a canary.
pub fn get(cause: *abi.Cause) abi.Error!*const Process {
    if (ready.load(.acquire)) |known| return known;
    lock.acquire();
    defer lock.release();
    if (ready.load(.acquire)) |known| return known;

    var bytes: [@sizeOf(canary.Key) + @sizeOf(u32)]u8 = undefined;
    os.random(cause, &bytes) catch return error.RandomFailed;
    process = .{
        .page_size = os.page_size(),
        .canary_key = .{
            std.mem.readInt(u64, bytes[0..8], .little),
            std.mem.readInt(u64, bytes[8..16], .little),
        },
        .instance = std.mem.readInt(u32, bytes[16..20], .little),
    };
    invariant.check(std.math.isPowerOfTwo(process.page_size));
    invariant.check(process.page_size >= layout.page_size_min);
    invariant.check(process.page_size <= layout.page_size_max);
    ready.store(&process, .release);
    // Not `&process`: a constant with an address in it is one that the loader has to write.
    return ready.load(.acquire).?;
}
