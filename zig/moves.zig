//! Copying and filling for compiled code, which looks for them by the names of C: `memcpy` and
//! `memset`. Zig's runtime library has them too, but where the root is compiled for size
//! (`library.zig`) they take byte after byte there, and for x86_64 Windows that library comes as one
//! object with one section of jump tables, which keeps all floating point in it alive: 60 KiB that
//! nothing calls. macOS's are those of its system.

const std = @import("std");
const builtin = @import("builtin");

comptime {
    if (@import("build_options").moves) {
        @export(&copy, .{ .name = "memcpy", .visibility = .hidden });
        @export(&fill, .{ .name = "memset", .visibility = .hidden });
    }
}

fn copy(noalias to: [*]u8, noalias from: [*]const u8, length: usize) callconv(.c) [*]u8 {
    if (builtin.cpu.arch == .x86_64) {
        var target = to;
        var source = from;
        var left = length;
        asm volatile ("rep movsb"
            : [target] "+{rdi}" (target),
              [source] "+{rsi}" (source),
              [left] "+{rcx}" (left),
            :
            : .{ .memory = true });
        return to;
    }
    var index: usize = 0;
    while (length - index >= word) : (index += word) {
        word_at(to + index).* = std.mem.readInt(u64, from[index..][0..word], .native);
    }
    while (index < length) : (index += 1) byte_at(to + index).* = from[index];
    return to;
}

fn fill(to: [*]u8, value: c_int, length: usize) callconv(.c) [*]u8 {
    const byte: u8 = @truncate(@as(c_uint, @bitCast(value)));
    if (builtin.cpu.arch == .x86_64) {
        var target = to;
        var left = length;
        asm volatile ("rep stosb"
            : [target] "+{rdi}" (target),
              [left] "+{rcx}" (left),
            : [byte] "{al}" (byte),
            : .{ .memory = true });
        return to;
    }
    const bytes: [word]u8 = @splat(byte);
    var index: usize = 0;
    while (length - index >= word) : (index += word) word_at(to + index).* = @bitCast(bytes);
    while (index < length) : (index += 1) byte_at(to + index).* = byte;
    return to;
}

const word = @sizeOf(u64);

/// Volatile: a loop of plain stores is what the compiler calls these very functions for.
fn word_at(to: [*]u8) *align(1) volatile u64 {
    return @ptrCast(to);
}

fn byte_at(to: [*]u8) *volatile u8 {
    return &to[0];
}

test "every length is copied and filled, and nothing beside it" {
    const room = 80;
    var from: [room]u8 = undefined;
    for (&from, 0..) |*byte, index| byte.* = @intCast(index + 1);
    for (0..room - 2) |length| {
        var to: [room]u8 = @splat(0);
        try std.testing.expectEqual(@intFromPtr(&to[1]), @intFromPtr(copy(to[1..], &from, length)));
        for (to, 0..) |byte, index| {
            const inside = index >= 1 and index < 1 + length;
            try std.testing.expectEqual(if (inside) from[index - 1] else 0, byte);
        }
        // A byte is what C's int has of one.
        try std.testing.expectEqual(@intFromPtr(&to[1]), @intFromPtr(fill(to[1..], -0x5B, length)));
        for (to, 0..) |byte, index| {
            const inside = index >= 1 and index < 1 + length;
            try std.testing.expectEqual(@as(u8, if (inside) 0xA5 else 0), byte);
        }
    }
}
