//! Comparing secrets in a time that depends on their length alone.

const std = @import("std");
const assert = @import("assert.zig").assert;

const lanes = 32;
const Lanes = @Vector(lanes, u8);

/// True if the two are equal. Every byte of both is read, whatever the first
/// difference is; the lengths, which are public, must be equal.
pub fn equal(a: []const u8, b: []const u8) bool {
    assert(a.len == b.len);
    var wide: Lanes = @splat(0);
    var index: usize = 0;
    while (index + lanes <= a.len) : (index += lanes) {
        const left: Lanes = a[index..][0..lanes].*;
        const right: Lanes = b[index..][0..lanes].*;
        wide |= left ^ right;
    }
    var difference: u8 = @reduce(.Or, wide);
    while (index < a.len) : (index += 1) {
        difference |= a[index] ^ b[index];
    }
    // The optimiser must not learn that only "zero or not" matters, or it may stop early.
    std.mem.doNotOptimizeAway(&difference);
    return difference == 0;
}

test "every single-bit difference is seen, at every length" {
    var a: [100]u8 = undefined;
    for (&a, 0..) |*byte, index| byte.* = @truncate(index *% 37);
    for (0..a.len + 1) |length| {
        var b = a;
        try std.testing.expect(equal(a[0..length], b[0..length]));
        for (0..length) |index| {
            for (0..8) |bit| {
                b[index] ^= @as(u8, 1) << @intCast(bit);
                try std.testing.expect(!equal(a[0..length], b[0..length]));
                b[index] = a[index];
            }
        }
    }
}
