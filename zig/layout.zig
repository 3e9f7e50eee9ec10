//! Where things are: pages in an arena, a payload on its pages, bits in a handle.
//! Pure arithmetic, no memory is touched.
//!
//!     arena    guard | unit | guard | unit | guard | ... | unit | guard
//!     unit     canary ... canary | payload | slack (canary)      one or more pages
//!
//! A unit is what is opened and closed at once. Each is a mapping of its own, so
//! toggling it splits nothing. The payload ends at the rear guard, or as near to
//! it as its alignment allows: an overflow of one byte faults.

const std = @import("std");
const assert = @import("assert.zig").assert;

pub const alignment_min: u32 = 16;
pub const page_size_min: u32 = 4096;
pub const page_size_max: u32 = 65536;

/// The handle of a record is `generation << index_bits | index`, always positive as an i32. Those of
/// entries (see `entries.zig`) have the bit above set.
pub const index_bits = 20;
pub const generation_bits = 10;
pub const generation_max: u16 = (1 << generation_bits) - 1;
pub const records_max: u32 = 1 << index_bits;
pub const entry_bit: u32 = 1 << (index_bits + generation_bits);

comptime {
    std.debug.assert(index_bits + generation_bits == 30);
    std.debug.assert(alignment_min <= page_size_min);
}

pub fn handle(index: u32, generation: u16) u32 {
    assert(index < records_max);
    assert(generation >= 1);
    assert(generation <= generation_max);
    return @as(u32, generation) << index_bits | index;
}

pub fn index_of(from: u32) u32 {
    return from & (records_max - 1);
}

/// 0 for numbers that no handle has.
pub fn generation_of(from: u32) u16 {
    const generation = from >> index_bits;
    return if (generation <= generation_max) @intCast(generation) else 0;
}

/// Bytes of the pages that hold `length` bytes of payload. Beyond eight pages sizes come
/// in classes, four to a doubling, so that address space fits many secrets one after the
/// other: at most a quarter more than needed.
pub fn span(length: u32, page_size: usize) usize {
    assert(length > 0);
    const pages = std.math.divCeil(usize, length, page_size) catch unreachable;
    return std.mem.alignForward(usize, pages, class_step(pages)) * page_size;
}

/// Distance between two classes, in pages.
fn class_step(pages: usize) usize {
    const exact = 8;
    return if (pages <= exact) 1 else std.math.floorPowerOfTwo(usize, pages - 1) / 4;
}

/// More than there are between one page and 4 GiB.
pub const classes_max = 96;

/// Number of the class of a span.
pub fn class_of(span_bytes: usize, page_size: usize) usize {
    const pages = span_bytes / page_size;
    const step = class_step(pages);
    // Steps double with sizes: of each, four classes.
    return @as(usize, std.math.log2_int(usize, step)) * 4 + pages / step;
}

/// Distance from the start of the unit to the payload.
pub fn payload_offset(span_bytes: usize, length: u32, alignment: u32) usize {
    assert(std.math.isPowerOfTwo(alignment));
    assert(length <= span_bytes);
    return std.mem.alignBackward(usize, span_bytes - length, alignment);
}

/// Bytes of address space for `units` units with a guard around each.
pub fn arena_bytes(units: u32, unit_bytes: usize, page_size: usize) usize {
    return units * (unit_bytes + page_size) + page_size;
}

/// Distance from the start of the arena to a unit.
pub fn unit_offset(unit: u32, unit_bytes: usize, page_size: usize) usize {
    return page_size + unit * (unit_bytes + page_size);
}

test "a handle keeps its two parts and fits a positive i32" {
    const last = handle(records_max - 1, generation_max);
    try std.testing.expectEqual(records_max - 1, index_of(last));
    try std.testing.expectEqual(generation_max, generation_of(last));
    try std.testing.expect(last <= std.math.maxInt(i32));
    try std.testing.expectEqual(@as(u16, 0), generation_of(0xFFFF_FFFF));
    try std.testing.expectEqual(@as(u16, 0), generation_of(5));
}

test "the payload ends within one alignment of the guard" {
    for ([_]usize{ 4096, 16384, 65536 }) |page_size| {
        for ([_]u32{ 1, 15, 16, 17, 31, 32, 4095, 4096, 4097, 65536, 100_000 }) |length| {
            for ([_]u32{ 16, 32, 4096 }) |alignment| {
                const bytes = span(length, page_size);
                try std.testing.expect(bytes >= length);
                try std.testing.expect(bytes - length < page_size + length / 4);
                const offset = payload_offset(bytes, length, alignment);
                try std.testing.expect(offset % alignment == 0);
                try std.testing.expect(offset + length <= bytes);
                try std.testing.expect(bytes - (offset + length) < alignment);
            }
        }
    }
}

test "units of an arena are apart by exactly one guard" {
    try std.testing.expectEqual(@as(usize, 4096), unit_offset(0, 8192, 4096));
    try std.testing.expectEqual(@as(usize, 4096 + 8192 + 4096), unit_offset(1, 8192, 4096));
    try std.testing.expectEqual(unit_offset(3, 8192, 4096), arena_bytes(3, 8192, 4096));
}

test "every size has one class, and every class one size" {
    const page_size = 4096;
    var sizes: [classes_max]usize = @splat(0);
    var pages: usize = 1;
    while (pages <= 1 << 20) : (pages += 1 + pages / 64) {
        const length: u32 = @intCast(@min(pages * page_size, std.math.maxInt(u32)));
        const bytes = span(length, page_size);
        try std.testing.expect(bytes >= length);
        try std.testing.expectEqual(bytes, span(@intCast(@min(bytes, std.math.maxInt(u32))), page_size));
        const class = class_of(bytes, page_size);
        if (sizes[class] == 0) sizes[class] = bytes;
        try std.testing.expectEqual(sizes[class], bytes);
        if (pages <= 8) try std.testing.expectEqual(pages * page_size, bytes);
    }
}
