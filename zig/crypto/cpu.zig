//! What the processor at hand has beyond its baseline, as far as it pays here.
//!
//! Sources: Intel's Software Developer's Manual, volume 2, CPUID and XGETBV; AMD's manual,
//! volume 3, appendix E; "ARM64 ELF hwcaps" of the Linux kernel; IsProcessorFeaturePresent of
//! Microsoft Learn.

const std = @import("std");
const builtin = @import("builtin");
const os = @import("../os.zig").current;

pub const Features = struct {
    /// x86_64: AVX2, BMI1 and BMI2, and the system keeps the registers.
    vectors: bool = false,
    /// x86_64: AVX-512 F and VL as well, without a lower clock.
    wide_vectors: bool = false,
    /// Instructions for SHA-256; on x86_64 those above as well.
    sha: bool = false,
};

pub fn detect() Features {
    switch (builtin.target.cpu.arch) {
        .x86_64 => return of_x86(),
        .aarch64 => return .{ .sha = aarch64_has_sha2() },
        else => return .{},
    }
}

const Leaf = struct { eax: u32, ebx: u32, ecx: u32 };

fn cpuid(leaf: u32) Leaf {
    var eax: u32 = undefined;
    var ebx: u32 = undefined;
    var ecx: u32 = undefined;
    var edx: u32 = undefined;
    asm volatile ("cpuid"
        : [eax] "={eax}" (eax),
          [ebx] "={ebx}" (ebx),
          [ecx] "={ecx}" (ecx),
          [edx] "={edx}" (edx),
        : [leaf] "{eax}" (leaf),
          [sub] "{ecx}" (@as(u32, 0)),
    );
    return .{ .eax = eax, .ebx = ebx, .ecx = ecx };
}

/// Which registers the system saves when it switches threads.
fn xcr0() u32 {
    return asm volatile ("xgetbv"
        : [low] "={eax}" (-> u32),
        : [which] "{ecx}" (@as(u32, 0)),
        : .{ .edx = true });
}

fn of_x86() Features {
    if (cpuid(0).eax < 7) return .{};
    // SSSE3, SSE4.1, SSE4.2, POPCNT, XSAVE in use, AVX: what AVX2 brings with it for a compiler.
    if (!all(cpuid(1).ecx, &.{ 9, 19, 20, 23, 27, 28 })) return .{};
    const kept = xcr0();
    // The registers of SSE and AVX.
    if (!all(kept, &.{ 1, 2 })) return .{};
    const leaf = cpuid(7);
    const extended = leaf.ebx;
    // BMI1, AVX2, BMI2.
    if (!all(extended, &.{ 3, 5, 8 })) return .{};
    return .{
        .vectors = true,
        // Masks, upper halves, and the sixteen more registers; F and VL; and VBMI2, which nothing here
        // uses: the first processors with AVX-512 lower their clock for it, and have not got that.
        .wide_vectors = all(kept, &.{ 5, 6, 7 }) and all(extended, &.{ 16, 31 }) and all(leaf.ecx, &.{6}),
        .sha = all(extended, &.{29}),
    };
}

fn all(bits: u32, comptime wanted: []const u5) bool {
    comptime var mask: u32 = 0;
    inline for (wanted) |bit| mask |= 1 << bit;
    return bits & mask == mask;
}

const at_hwcap = 16;
const hwcap_sha2 = 1 << 6;
const pf_arm_v8_crypto_instructions_available = 30;

extern "kernel32" fn IsProcessorFeaturePresent(feature: u32) callconv(.winapi) c_int;

fn aarch64_has_sha2() bool {
    return switch (builtin.target.os.tag) {
        .linux => {
            // Without a C library there is nobody to ask: then the baseline does.
            const getauxval = os.process_function(fn (usize) callconv(.c) usize, "getauxval") orelse return false;
            return getauxval(at_hwcap) & hwcap_sha2 != 0;
        },
        .windows => IsProcessorFeaturePresent(pf_arm_v8_crypto_instructions_available) != 0,
        else => false,
    };
}
