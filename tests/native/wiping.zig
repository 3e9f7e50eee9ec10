//! What is left of a buffer on the stack after its function has returned: with the
//! core's `wipe`, with a plain `@memset` in its place, and with neither.
//!
//! Nothing reads the buffer after it was wiped, so the optimiser may leave a plain
//! `@memset` out, and does. Its address is kept, and looked at afterwards.

const std = @import("std");
const wipe = @import("wipe").wipe;

/// Failed checks print nothing: the printing takes most of the time to compile.
pub const panic = std.debug.no_panic;

const How = enum(u32) { wiped, memset, untouched };
const size = 512;

var address: usize = 0;

/// Bytes of the content that are still there. `content` is known to the caller alone.
export fn securememory_left_behind(how: u32, content: u32) u32 {
    const byte: u8 = @truncate(content);
    switch (@as(How, @fromBackingInt(how))) {
        .wiped => use(.wiped, byte),
        .memset => use(.memset, byte),
        .untouched => use(.untouched, byte),
    }
    const left: [*]volatile u8 = @ptrFromInt(@as(*volatile usize, &address).*);
    var count: u32 = 0;
    for (0..size) |index| count += @intFromBool(left[index] == byte);
    return count;
}

noinline fn use(comptime how: How, byte: u8) void {
    var buffer: [size]u8 = undefined;
    for (&buffer) |*place| @as(*volatile u8, place).* = byte;
    @as(*volatile usize, &address).* = @intFromPtr(&buffer);
    switch (how) {
        .wiped => wipe(&buffer),
        .memset => @memset(&buffer, 0),
        .untouched => {},
    }
}
