//! Overwriting bytes so that the compiler cannot leave it out.

const std = @import("std");
const builtin = @import("builtin");

/// Zeroes `bytes`. The stores are volatile: they happen even though nothing reads
/// the memory afterwards (`std.crypto.secureZero`). In WebAssembly that is one instruction for
/// each byte: there the memory is said to be read instead.
pub fn wipe(bytes: []u8) void {
    if (builtin.target.cpu.arch.isWasm()) {
        @memset(bytes, 0);
        asm volatile (""
            :
            : [start] "r" (bytes.ptr),
            : .{ .memory = true });
    } else {
        std.crypto.secureZero(u8, bytes);
    }
}

/// Zeroes the vector registers that a copy or a comparison leaves its last bytes in: the
/// next function that needs them may be long in coming, and a core dump has them. General
/// registers are overwritten by every call. Not inlined: it is wanted on every way out of a function.
pub noinline fn wipe_registers() void {
    switch (builtin.target.cpu.arch) {
        .x86_64 => asm volatile (
            \\pxor %%xmm0, %%xmm0
            \\pxor %%xmm1, %%xmm1
            \\pxor %%xmm2, %%xmm2
            \\pxor %%xmm3, %%xmm3
            \\pxor %%xmm4, %%xmm4
            \\pxor %%xmm5, %%xmm5
            \\pxor %%xmm6, %%xmm6
            \\pxor %%xmm7, %%xmm7
            \\pxor %%xmm8, %%xmm8
            \\pxor %%xmm9, %%xmm9
            \\pxor %%xmm10, %%xmm10
            \\pxor %%xmm11, %%xmm11
            \\pxor %%xmm12, %%xmm12
            \\pxor %%xmm13, %%xmm13
            \\pxor %%xmm14, %%xmm14
            \\pxor %%xmm15, %%xmm15
            ::: .{
                .xmm0 = true,
                .xmm1 = true,
                .xmm2 = true,
                .xmm3 = true,
                .xmm4 = true,
                .xmm5 = true,
                .xmm6 = true,
                .xmm7 = true,
                .xmm8 = true,
                .xmm9 = true,
                .xmm10 = true,
                .xmm11 = true,
                .xmm12 = true,
                .xmm13 = true,
                .xmm14 = true,
                .xmm15 = true,
            }),
        .aarch64 => asm volatile (
            \\movi v0.2d, #0
            \\movi v1.2d, #0
            \\movi v2.2d, #0
            \\movi v3.2d, #0
            \\movi v4.2d, #0
            \\movi v5.2d, #0
            \\movi v6.2d, #0
            \\movi v7.2d, #0
            \\movi v16.2d, #0
            \\movi v17.2d, #0
            \\movi v18.2d, #0
            \\movi v19.2d, #0
            ::: .{
                .v0 = true,
                .v1 = true,
                .v2 = true,
                .v3 = true,
                .v4 = true,
                .v5 = true,
                .v6 = true,
                .v7 = true,
                .v16 = true,
                .v17 = true,
                .v18 = true,
                .v19 = true,
            }),
        else => {},
    }
}

test wipe {
    var bytes: [67]u8 = @splat(0xAA);
    wipe(bytes[1..66]);
    try std.testing.expectEqual(@as(u8, 0xAA), bytes[0]);
    try std.testing.expectEqual(@as(u8, 0xAA), bytes[66]);
    for (bytes[1..66]) |byte| try std.testing.expectEqual(@as(u8, 0), byte);
}
