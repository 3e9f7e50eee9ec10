//! Filling and copying a few bytes, and numbers in them. Where the library is optimised for size,
//! the compiler makes `rep stosb` or a loop over bytes of these, and std's `writeInt` becomes a loop
//! as well: together they took as long as the hashing of a short message.

const std = @import("std");

const Piece = @Vector(16, u8);

/// Zeroes something of a fixed size, and cannot be left out: the stores are volatile.
pub inline fn wipe(place: anytype) void {
    const bytes = std.mem.asBytes(place);
    const whole = bytes.len / 16 * 16;
    if (whole <= 256) {
        inline for (0..whole / 16) |index| store(bytes[16 * index ..], @splat(0));
    } else {
        var done: usize = 0;
        while (done < whole) : (done += 16) store(bytes[done..], @splat(0));
    }
    inline for (whole..bytes.len) |index| @as(*volatile u8, &bytes[index]).* = 0;
}

/// Copies what does not overlap.
pub inline fn copy(to: []u8, from: []const u8) void {
    std.debug.assert(to.len == from.len);
    var done: usize = 0;
    while (from.len - done >= 16) : (done += 16) store(to[done..], from[done..][0..16].*);
    @memcpy(to[done..], from[done..]);
}

pub inline fn read(comptime Number: type, from: *const [@sizeOf(Number)]u8, comptime endian: std.lang.Endian) Number {
    const number = @as(*align(1) const Number, @ptrCast(from)).*;
    return if (endian == native) number else @byteSwap(number);
}

pub inline fn write(comptime Number: type, to: *[@sizeOf(Number)]u8, number: Number, comptime endian: std.lang.Endian) void {
    @as(*align(1) Number, @ptrCast(to)).* = if (endian == native) number else @byteSwap(number);
}

const native = @import("builtin").target.cpu.arch.endian();

inline fn store(to: []u8, piece: Piece) void {
    @as(*align(1) volatile Piece, @ptrCast(to.ptr)).* = piece;
}

test "wiping and copying, of every length" {
    var from: [70]u8 = undefined;
    for (&from, 0..) |*byte, index| byte.* = @intCast(index + 1);
    for (0..from.len) |length| {
        var to: [71]u8 = @splat(0);
        copy(to[0..length], from[0..length]);
        try std.testing.expectEqualSlices(u8, from[0..length], to[0..length]);
        try std.testing.expectEqual(@as(u8, 0), to[length]);
    }
    var long: [301]u8 = @splat(9);
    wipe(long[0..300]);
    for (long[0..300]) |byte| try std.testing.expectEqual(@as(u8, 0), byte);
    try std.testing.expectEqual(@as(u8, 9), long[300]);
    wipe(from[1..68]);
    try std.testing.expectEqual(@as(u8, 1), from[0]);
    for (from[1..68]) |byte| try std.testing.expectEqual(@as(u8, 0), byte);
    try std.testing.expectEqual(@as(u8, 69), from[68]);
}

test "numbers" {
    const given = [_]u8{ 1, 2, 3, 4 };
    try std.testing.expectEqual(@as(u32, 0x01020304), read(u32, &given, .big));
    try std.testing.expectEqual(@as(u32, 0x04030201), read(u32, &given, .little));
    var written: [8]u8 = undefined;
    write(u64, &written, 0x0102030405060708, .big);
    try std.testing.expectEqualSlices(u8, &.{ 1, 2, 3, 4, 5, 6, 7, 8 }, &written);
    write(u32, written[2..6], 0x0a0b0c0d, .little);
    try std.testing.expectEqualSlices(u8, &.{ 1, 2, 13, 12, 11, 10, 7, 8 }, &written);
}
