//! Ordinary memory for boxes: ciphertexts with their tags.
//!
//! There may be millions, so they come from a few large chunks, each twice as large as the one
//! before, in classes of sizes: every multiple of 16 up to 256 bytes, beyond it four to a doubling.
//! A box that is given back is wiped and is the next of its class. Chunks are never given back.
//! Beyond the largest class a box is a mapping of its own.

const std = @import("std");
const abi = @import("../abi.zig");
const counters = @import("../counters.zig");
const invariant = @import("../invariant.zig");
const os = @import("../os.zig").current;
const Lock = @import("../lock.zig").Lock;
const wipe = @import("../wipe.zig").wipe;
const shared = @import("../shared.zig");
const Cause = abi.Cause;

const step = 16;
const fine_max = 256;
const size_max = 64 * 1024;
const fine_classes = fine_max / step;
const classes = fine_classes + 4 * (std.math.log2(size_max) - std.math.log2(fine_max));

const chunk_first = 64 * 1024;
const chunk_max = 4 * 1024 * 1024;

/// A box that nobody has, of a class.
const Free = struct { next: ?*Free };

pub const Variables = struct {
    lock: Lock = .{},
    free: [classes]?*Free = @splat(null),
    /// What is left of the newest chunk.
    rest: usize = 0,
    rest_end: usize = 0,
    chunk_doublings: u5 = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.boxes, &own);
}

/// Not filled with anything.
pub fn take(cause: *Cause, length: usize) abi.Error!usize {
    const size = size_of(length);
    const box = if (size > size_max)
        os.metadata(cause, size) catch return error.AllocationFailed
    else
        try take_of(cause, size);
    counters.vars().sealed_bytes.add(size);
    return box;
}

fn take_of(cause: *Cause, size: usize) abi.Error!usize {
    vars().lock.acquire();
    defer vars().lock.release();
    const head = &vars().free[class_of(size)];
    if (head.*) |box| {
        head.* = box.next;
        return @intFromPtr(box);
    }
    // What is left of a chunk that is too small for this one is never used: at most `size_max`.
    if (vars().rest_end - vars().rest < size) try add_chunk(cause, size);
    defer vars().rest += size;
    return vars().rest;
}

/// Wipes it.
pub fn give(box: usize, length: usize) void {
    const size = size_of(length);
    const bytes = @as([*]align(step) u8, @ptrFromInt(box))[0..size];
    counters.vars().sealed_bytes.sub(size);
    wipe(bytes[0..length]);
    if (size > size_max) {
        var ignored: Cause = .{};
        // If the system refuses, nothing is lost but address space: it was wiped.
        os.unreserve(&ignored, box, size) catch {};
        return;
    }
    const one: *Free = @ptrCast(bytes.ptr);
    vars().lock.acquire();
    defer vars().lock.release();
    const head = &vars().free[class_of(size)];
    one.next = head.*;
    head.* = one;
}

fn add_chunk(cause: *Cause, size: usize) abi.Error!void {
    const wanted = @max(size, @as(usize, chunk_first) << vars().chunk_doublings);
    vars().rest = os.metadata(cause, wanted) catch return error.AllocationFailed;
    vars().rest_end = vars().rest + wanted;
    if (wanted < chunk_max) vars().chunk_doublings += 1;
}

/// Bytes of memory that a box of so many bytes takes.
pub fn size_of(length: usize) usize {
    if (length > size_max) return std.mem.alignForward(usize, length, size_max);
    return std.mem.alignForward(usize, length, step_of(length));
}

/// Distance between the classes around a size.
fn step_of(length: usize) usize {
    return if (length <= fine_max) step else std.math.floorPowerOfTwo(usize, length - 1) / 4;
}

fn class_of(size: usize) usize {
    if (size <= fine_max) return size / step - 1;
    const doubling = std.math.log2_int(usize, size - 1);
    const base = @as(usize, 1) << doubling;
    const quarter = (size - base) / (base / 4) - 1;
    return fine_classes + 4 * (doubling - std.math.log2(fine_max)) + quarter;
}

test "every size has one class, in order, and at most a quarter is lost" {
    var last: usize = 0;
    var last_size: usize = 0;
    for (1..size_max + 1) |length| {
        const size = size_of(length);
        try std.testing.expect(size >= length);
        try std.testing.expect(size % step == 0);
        try std.testing.expect(size - length < step or size - length <= length / 4);
        const class = class_of(size);
        if (size != last_size) {
            try std.testing.expectEqual(if (last_size == 0) 0 else last + 1, class);
            last = class;
            last_size = size;
        }
        try std.testing.expectEqual(last, class);
    }
    try std.testing.expectEqual(@as(usize, classes - 1), last);
}

test "a box that was given back is wiped, and the next of its size" {
    var cause: Cause = .{};
    for ([_]usize{ 17, 48, 300, 5000, size_max, size_max + 1 }) |length| {
        const before = counters.vars().sealed_bytes.get();
        const first = try take(&cause, length);
        const bytes = @as([*]u8, @ptrFromInt(first))[0..length];
        @memset(bytes, 0xAA);
        try std.testing.expectEqual(before + size_of(length), counters.vars().sealed_bytes.get());
        give(first, length);
        try std.testing.expectEqual(before, counters.vars().sealed_bytes.get());
        if (length > size_max) continue;
        try std.testing.expect(std.mem.allEqual(u8, bytes[@sizeOf(Free)..], 0));
        const again = try take(&cause, length);
        try std.testing.expectEqual(first, again);
        const other = try take(&cause, length);
        try std.testing.expect(other != again);
        try std.testing.expect(other % step == 0);
        give(other, length);
        give(again, length);
    }
}
