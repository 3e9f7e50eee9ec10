//! The address space that is ours: what `store.zig` has reserved and not given back.
//!
//! The fault handler reads it without a lock, at any moment, so a range is a slot that is
//! emptied and filled again and never goes away. A fault that is not ours (a trap of
//! WebAssembly, say) costs a look at these and no more. A page whose record was parted from
//! it is still known as ours by them.

const std = @import("std");
const abi = @import("abi.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;

const Range = struct {
    /// 0 in an empty slot.
    base: std.atomic.Value(usize) = .init(0),
    length: std.atomic.Value(usize) = .init(0),
};

const Chunk = struct {
    slots: [slots_per_chunk]Range = @splat(.{}),
    next: std.atomic.Value(?*Chunk) = .init(null),
};

const slots_per_chunk = 255;

/// The first chunk needs no memory of the system, and is more than most processes use.
var first: Chunk = .{};

/// Held by those who change slots.
var lock: Lock = .{};

/// Where to look for an empty slot first.
var hint: ?*Chunk = null;

/// A range that finds no room is not known: then a fault there is told of in no line, and
/// nothing else changes.
pub fn add(base: usize, length: usize) void {
    lock.acquire();
    defer lock.release();
    var chunk = hint orelse &first;
    while (true) {
        for (&chunk.slots) |*slot| {
            if (slot.base.raw != 0) continue;
            slot.length.store(length, .monotonic);
            slot.base.store(base, .release);
            hint = chunk;
            return;
        }
        chunk = chunk.next.raw orelse grow(chunk) orelse return;
    }
}

fn grow(last: *Chunk) ?*Chunk {
    var ignored: abi.Cause = .{};
    const address = os.metadata(&ignored, @sizeOf(Chunk)) catch return null;
    const fresh: *Chunk = @ptrFromInt(address);
    fresh.* = .{};
    last.next.store(fresh, .release);
    return fresh;
}

/// The range that starts at `base` is someone else's from now on.
pub fn remove(base: usize) void {
    lock.acquire();
    defer lock.release();
    var chunk: ?*Chunk = &first;
    while (chunk) |held| : (chunk = held.next.raw) {
        for (&held.slots) |*slot| {
            if (slot.base.raw != base) continue;
            slot.base.store(0, .release);
            hint = &first;
            return;
        }
    }
}

/// Takes no lock: for the fault handler.
pub fn contain(address: usize) bool {
    var chunk: ?*Chunk = &first;
    while (chunk) |held| : (chunk = held.next.load(.acquire)) {
        for (&held.slots) |*slot| {
            const base = slot.base.load(.acquire);
            if (base == 0 or address < base) continue;
            if (address - base >= slot.length.load(.acquire)) continue;
            // Unless the slot changed hands meanwhile.
            if (slot.base.load(.acquire) == base) return true;
        }
    }
    return false;
}

test "ranges are known from the first byte to the last, until they are given back" {
    const base = 0x7000_0000_0000;
    add(base, 0x3000);
    try std.testing.expect(!contain(base - 1));
    try std.testing.expect(contain(base));
    try std.testing.expect(contain(base + 0x2fff));
    try std.testing.expect(!contain(base + 0x3000));
    remove(base);
    try std.testing.expect(!contain(base));
}

test "more ranges than one chunk has slots" {
    const base = 0x7100_0000_0000;
    const count = slots_per_chunk * 2 + 3;
    for (0..count) |index| add(base + index * 0x2000, 0x1000);
    for (0..count) |index| {
        try std.testing.expect(contain(base + index * 0x2000 + 0xfff));
        try std.testing.expect(!contain(base + index * 0x2000 + 0x1000));
    }
    // An empty slot in the middle is filled again.
    remove(base + 0x2000);
    try std.testing.expect(!contain(base + 0x2000));
    add(base + count * 0x2000, 0x1000);
    try std.testing.expect(contain(base + count * 0x2000));
    for (0..count + 1) |index| remove(base + index * 0x2000);
    for (0..count + 1) |index| try std.testing.expect(!contain(base + index * 0x2000));
}

test "ranges can be read while they change" {
    const Churn = struct {
        var stop: std.atomic.Value(bool) = .init(false);

        fn work() void {
            while (!stop.load(.monotonic)) {
                add(0x7200_0000_0000, 0x1000);
                remove(0x7200_0000_0000);
                add(0x7300_0000_0000, 0x8000);
                remove(0x7300_0000_0000);
            }
        }
    };
    add(0x7400_0000_0000, 0x1000);
    const thread = try std.Thread.spawn(.{}, Churn.work, .{});
    var wrong: u32 = 0;
    for (0..50_000) |_| {
        if (!contain(0x7400_0000_0000)) wrong += 1;
        // In the long range only by the short one's base.
        if (contain(0x7200_0000_1000)) wrong += 1;
    }
    Churn.stop.store(true, .monotonic);
    thread.join();
    remove(0x7400_0000_0000);
    try std.testing.expectEqual(@as(u32, 0), wrong);
}
