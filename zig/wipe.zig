//! Overwriting bytes so that the compiler cannot leave it out.

const std = @import("std");

/// Zeroes `bytes`. The stores are volatile: they happen even though nothing reads
/// the memory afterwards (`std.crypto.secureZero`).
pub fn wipe(bytes: []u8) void {
    std.crypto.secureZero(u8, bytes);
}

test wipe {
    var bytes: [67]u8 = @splat(0xAA);
    wipe(bytes[1..66]);
    try std.testing.expectEqual(@as(u8, 0xAA), bytes[0]);
    try std.testing.expectEqual(@as(u8, 0xAA), bytes[66]);
    for (bytes[1..66]) |byte| try std.testing.expectEqual(@as(u8, 0), byte);
}
