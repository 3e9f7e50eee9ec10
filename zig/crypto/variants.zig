//! Which of the compiled variants of `hot.zig` this processor takes: asked of the processor, or
//! of the system, when the library starts.

const std = @import("std");
const builtin = @import("builtin");
const chacha20_of = @import("chacha20.zig");
const poly1305_of = @import("poly1305.zig");
const Block = @import("argon2_block.zig").Block;
const cpu = @import("cpu.zig");

/// Where there is one variant, every processor of the target has all of it.
pub const two = @import("crypto_options").two_variants;

const x86_64 = builtin.target.cpu.arch == .x86_64;

pub const baseline = Functions("baseline", if (x86_64) 1 else 4);
pub const newer = if (two) Functions("newer", if (x86_64) 8 else 4) else baseline;
/// Of this there is only ChaCha20.
pub const three = @import("crypto_options").three_variants;
pub const widest = if (three) Functions("widest", 16) else newer;

var features: cpu.Features = .{};

/// Until then, everything takes the baseline.
pub fn start() void {
    if (two) features = cpu.detect();
}

/// Whether the newer variant's vectors are used, which are wider on x86_64.
pub fn wide() bool {
    return two and features.vectors;
}

/// Whether the widest variant's vectors are used.
pub fn wider() bool {
    return three and features.wide_vectors;
}

pub fn sha256(state: *[8]u32, blocks: []const u8) void {
    const work = if (two and features.sha) newer.sha256 else baseline.sha256;
    work(state, blocks.ptr, blocks.len);
}

pub fn sha512(state: *[8]u64, blocks: []const u8) void {
    baseline.sha512(state, blocks.ptr, blocks.len);
}

pub fn argon2(out: *Block, first: *const Block, second: *const Block, adds: bool) void {
    const work = if (wide()) newer.argon2 else baseline.argon2;
    work(out, first, second, adds);
}

pub fn chacha20() chacha20_of.Many {
    if (wider()) return widest.chacha20;
    return if (wide()) newer.chacha20 else baseline.chacha20;
}

pub fn chacha20_block(state: *const chacha20_of.State, out: *[16]u32) void {
    baseline.chacha20_block(state, out);
}

pub fn poly1305(key: *const [poly1305_of.key_length]u8, aad: []const u8, ciphertext: []const u8, out: *[poly1305_of.tag_length]u8) void {
    const bulk = if (wide()) newer.poly1305_bulk else null;
    baseline.poly1305(key, aad.ptr, aad.len, ciphertext.ptr, ciphertext.len, out, bulk);
}

/// `lanes` words of 32 bits are in a vector.
fn Functions(comptime variant: []const u8, comptime lanes: u32) type {
    const prefix = "securememory_hot_" ++ variant ++ "_";
    return struct {
        pub const sha256 = @extern(*const fn (*[8]u32, [*]const u8, usize) callconv(.c) void, .{
            .name = prefix ++ "sha256",
        });
        pub const sha512 = @extern(*const fn (*[8]u64, [*]const u8, usize) callconv(.c) void, .{
            .name = prefix ++ "sha512",
        });
        pub const argon2 = @extern(*const fn (*Block, *const Block, *const Block, bool) callconv(.c) void, .{
            .name = prefix ++ "argon2",
        });
        pub const chacha20: chacha20_of.Many = .{ .lanes = lanes, .work = @extern(chacha20_of.Work, .{
            .name = prefix ++ "chacha20",
        }) };
        pub const chacha20_block = @extern(*const fn (*const chacha20_of.State, *[16]u32) callconv(.c) void, .{
            .name = prefix ++ "chacha20_block",
        });
        pub const poly1305 = @extern(*const fn (
            *const [poly1305_of.key_length]u8,
            [*]const u8,
            usize,
            [*]const u8,
            usize,
            *[poly1305_of.tag_length]u8,
            ?poly1305_of.Bulk,
        ) callconv(.c) void, .{
            .name = prefix ++ "poly1305",
        });
        pub const poly1305_bulk: ?poly1305_of.Bulk = if (lanes != 8) null else @extern(poly1305_of.Bulk, .{
            .name = prefix ++ "poly1305_bulk",
        });
    };
}
