//! What a keyed operation leaves behind: bytes on the stack below its caller, and in registers.
//!
//! Zig's std passes keys by value and keeps schedules in local variables that it does not
//! wipe. So an operation runs in a frame of its own, below that of its caller, and from
//! there down everything is zeroed afterwards, to a depth that `residue_test.zig` measures:
//!
//!     @call(.never_inline, operation, arguments);
//!     residue.wipe(depth, vectors);

const std = @import("std");
const builtin = @import("builtin");

/// How wide the vector registers are that the operation may have used.
pub const Vectors = enum { baseline, avx, avx512 };

/// Zeroes `depth` bytes below the caller's frame, and the registers that a function may
/// change without putting them back.
pub inline fn wipe(comptime depth: usize, vectors: Vectors) void {
    wipe_stack(depth);
    if (builtin.target.cpu.arch == .x86_64) {
        if (vectors != .baseline) wipe_wide();
        if (vectors == .avx512) wipe_wider();
    }
    wipe_registers();
}

/// Below the stack pointer nothing is anybody's, and this function keeps nothing there.
/// Downwards, so that a stack that grows does so page by page.
noinline fn wipe_stack(comptime depth: usize) void {
    comptime std.debug.assert(depth % 64 == 0);
    switch (builtin.target.cpu.arch) {
        .x86_64 => asm volatile (
            \\pxor %%xmm0, %%xmm0
            \\movq %%rsp, %%rax
            \\1:
            \\movups %%xmm0, -16(%%rax)
            \\movups %%xmm0, -32(%%rax)
            \\movups %%xmm0, -48(%%rax)
            \\movups %%xmm0, -64(%%rax)
            \\subq $64, %%rax
            \\decl %%ecx
            \\jnz 1b
            :
            : [count] "{ecx}" (@as(u32, depth / 64)),
            : .{ .rax = true, .rcx = true, .xmm0 = true, .memory = true, .cc = true }),
        .aarch64 => asm volatile (
            \\mov x10, sp
            \\1:
            \\stp xzr, xzr, [x10, #-16]!
            \\stp xzr, xzr, [x10, #-16]!
            \\stp xzr, xzr, [x10, #-16]!
            \\stp xzr, xzr, [x10, #-16]!
            \\subs x9, x9, #1
            \\b.ne 1b
            :
            : [count] "{x9}" (@as(u64, depth / 64)),
            : .{ .x9 = true, .x10 = true, .memory = true, .nzcv = true }),
        else => {
            var area: [depth]u8 = undefined;
            std.crypto.secureZero(u8, &area);
        },
    }
}

/// All of the sixteen that AVX has, with the upper halves, which nobody keeps. By its
/// bytes, since this file is also compiled for processors without AVX.
noinline fn wipe_wide() void {
    asm volatile (".byte 0xc5, 0xfc, 0x77" // vzeroall
        ::: .{ .xmm0 = true, .xmm1 = true, .xmm2 = true, .xmm3 = true, .xmm4 = true, .xmm5 = true, .xmm6 = true, .xmm7 = true, .xmm8 = true, .xmm9 = true, .xmm10 = true, .xmm11 = true, .xmm12 = true, .xmm13 = true, .xmm14 = true, .xmm15 = true });
}

/// The other sixteen of AVX-512, which nobody keeps; `vzeroall` has done the first ones in all their
/// length. Nothing that is compiled for processors without them knows them as clobbered.
noinline fn wipe_wider() void {
    comptime var instructions: []const u8 = "";
    inline for (16..32) |index| instructions = instructions ++
        std.fmt.comptimePrint("vpxord %%zmm{0d}, %%zmm{0d}, %%zmm{0d}\n", .{index});
    asm volatile (instructions);
}

noinline fn wipe_registers() void {
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
            \\xorl %%eax, %%eax
            \\xorl %%ecx, %%ecx
            \\xorl %%edx, %%edx
            \\xorl %%esi, %%esi
            \\xorl %%edi, %%edi
            \\xorl %%r8d, %%r8d
            \\xorl %%r9d, %%r9d
            \\xorl %%r10d, %%r10d
            \\xorl %%r11d, %%r11d
            ::: .{ .xmm0 = true, .xmm1 = true, .xmm2 = true, .xmm3 = true, .xmm4 = true, .xmm5 = true, .xmm6 = true, .xmm7 = true, .xmm8 = true, .xmm9 = true, .xmm10 = true, .xmm11 = true, .xmm12 = true, .xmm13 = true, .xmm14 = true, .xmm15 = true, .rax = true, .rcx = true, .rdx = true, .rsi = true, .rdi = true, .r8 = true, .r9 = true, .r10 = true, .r11 = true, .cc = true }),
        // Of the middle eight vector registers a function keeps the lower halves.
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
            \\movi v20.2d, #0
            \\movi v21.2d, #0
            \\movi v22.2d, #0
            \\movi v23.2d, #0
            \\movi v24.2d, #0
            \\movi v25.2d, #0
            \\movi v26.2d, #0
            \\movi v27.2d, #0
            \\movi v28.2d, #0
            \\movi v29.2d, #0
            \\movi v30.2d, #0
            \\movi v31.2d, #0
            \\mov v8.d[1], xzr
            \\mov v9.d[1], xzr
            \\mov v10.d[1], xzr
            \\mov v11.d[1], xzr
            \\mov v12.d[1], xzr
            \\mov v13.d[1], xzr
            \\mov v14.d[1], xzr
            \\mov v15.d[1], xzr
            \\mov x0, xzr
            \\mov x1, xzr
            \\mov x2, xzr
            \\mov x3, xzr
            \\mov x4, xzr
            \\mov x5, xzr
            \\mov x6, xzr
            \\mov x7, xzr
            \\mov x8, xzr
            \\mov x9, xzr
            \\mov x10, xzr
            \\mov x11, xzr
            \\mov x12, xzr
            \\mov x13, xzr
            \\mov x14, xzr
            \\mov x15, xzr
            ::: .{ .v0 = true, .v1 = true, .v2 = true, .v3 = true, .v4 = true, .v5 = true, .v6 = true, .v7 = true, .v16 = true, .v17 = true, .v18 = true, .v19 = true, .v20 = true, .v21 = true, .v22 = true, .v23 = true, .v24 = true, .v25 = true, .v26 = true, .v27 = true, .v28 = true, .v29 = true, .v30 = true, .v31 = true, .x0 = true, .x1 = true, .x2 = true, .x3 = true, .x4 = true, .x5 = true, .x6 = true, .x7 = true, .x8 = true, .x9 = true, .x10 = true, .x11 = true, .x12 = true, .x13 = true, .x14 = true, .x15 = true }),
        else => {},
    }
}
