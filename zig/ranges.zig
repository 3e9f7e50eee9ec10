//! The address space that is ours: all that `store.zig` has reserved and kept.
//!
//! The fault handler reads it without a lock, at any moment. Address space is never given
//! back, so ranges are only added. A fault that is not ours (a trap of WebAssembly, say)
//! costs a look at these and no more. A page whose record was parted from it is still known
//! as ours by them.

const std = @import("std");
const abi = @import("abi.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

const Range = struct { base: usize = 0, length: usize = 0 };

const Chunk = struct {
    ranges: [ranges_per_chunk]Range = @splat(.{}),
    /// Those that are filled; what is beyond is not read.
    count: std.atomic.Value(usize) = .init(0),
    next: std.atomic.Value(?*Chunk) = .init(null),
};

const ranges_per_chunk = 254;

pub const Variables = struct {
    /// The first chunk needs no memory of the system, and is more than most processes use.
    first: Chunk = .{},
    /// Held by those who add.
    lock: Lock = .{},
    /// The chunk that is being filled; null for the first one.
    last: ?*Chunk = null,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.ranges, &own);
}

/// A range that finds no room is not known: then a fault there is told of in no line, and
/// nothing else changes.
pub fn add(base: usize, length: usize) void {
    vars().lock.acquire();
    defer vars().lock.release();
    var chunk = vars().last orelse &vars().first;
    if (chunk.count.raw == ranges_per_chunk) {
        var ignored: abi.Cause = .{};
        const address = os.metadata(&ignored, @sizeOf(Chunk)) catch return;
        const fresh: *Chunk = @ptrFromInt(address);
        fresh.* = .{};
        chunk.next.store(fresh, .release);
        vars().last = fresh;
        chunk = fresh;
    }
    const count = chunk.count.raw;
    chunk.ranges[count] = .{ .base = base, .length = length };
    chunk.count.store(count + 1, .release);
}

/// Takes no lock: for the fault handler.
pub fn contain(address: usize) bool {
    var chunk: ?*Chunk = &vars().first;
    while (chunk) |held| : (chunk = held.next.load(.acquire)) {
        for (held.ranges[0..held.count.load(.acquire)]) |range| {
            if (address >= range.base and address - range.base < range.length) return true;
        }
    }
    return false;
}

test "ranges are known from the first byte to the last, beyond one chunk too" {
    const base = 0x7100_0000_0000;
    const count = ranges_per_chunk * 2 + 3;
    for (0..count) |index| {
        try std.testing.expect(!contain(base + index * 0x2000));
        add(base + index * 0x2000, 0x1000);
    }
    for (0..count) |index| {
        try std.testing.expect(!contain(base + index * 0x2000 - 1));
        try std.testing.expect(contain(base + index * 0x2000));
        try std.testing.expect(contain(base + index * 0x2000 + 0xfff));
        try std.testing.expect(!contain(base + index * 0x2000 + 0x1000));
    }
}

test "ranges can be read while they are added" {
    const Churn = struct {
        const base = 0x7300_0000_0000;

        fn work() void {
            for (0..2000) |index| add(base + index * 0x2000, 0x1000);
        }
    };
    const thread = try std.Thread.spawn(.{}, Churn.work, .{});
    var wrong: u32 = 0;
    // What is found is whole: no range is known by its base alone.
    for (0..20_000) |index| {
        if (contain(Churn.base + index % 2000 * 0x2000 + 0x1000)) wrong += 1;
    }
    thread.join();
    try std.testing.expectEqual(@as(u32, 0), wrong);
    try std.testing.expect(contain(Churn.base + 1999 * 0x2000));
}
