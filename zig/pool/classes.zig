//! Sizes of slots: a page has slots of one size, and a secret has one of the smallest that fits.

const std = @import("std");

pub const canary_length = 16;

const sizes = [_]u16{ 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024 };

pub const longest = sizes[sizes.len - 1];

/// Class of what is longer: each secret has pages of its own.
pub const whole: u8 = sizes.len;
pub const count = sizes.len + 1;

pub fn of(length: u32) u8 {
    for (sizes, 0..) |size, class| {
        if (length <= size) return @intCast(class);
    }
    return whole;
}

pub fn size_of(class: u8) u32 {
    return sizes[class];
}

/// Distance from one slot to the next: behind each is its canary, and before the first is one.
pub fn step_of(class: u8) u32 {
    return size_of(class) + canary_length;
}

pub fn slots_of(class: u8, page_size: usize) u32 {
    if (class == whole) return 1;
    return @intCast((page_size - canary_length) / step_of(class));
}

test "a class fits, and the one before would not" {
    for (1..longest + 1) |length| {
        const class = of(@intCast(length));
        try std.testing.expect(size_of(class) >= length);
        if (class > 0) try std.testing.expect(size_of(class - 1) < length);
        try std.testing.expect(size_of(class) % 16 == 0);
    }
    try std.testing.expectEqual(whole, of(longest + 1));
    // What 10,000 secrets of 32 bytes may take.
    try std.testing.expect((10_000 + slots_of(of(32), 4096) - 1) / slots_of(of(32), 4096) <= 130);
}
