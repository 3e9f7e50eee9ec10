//! The inner loops as an object of its own, which `build.zig` compiles for what every processor
//! of a target has, and for what newer ones have as well: see `variants.zig`, which calls them.
//! Optimised for speed, whatever the library around is.

const std = @import("std");
const argon2_block = @import("argon2_block.zig");
const chacha20 = @import("chacha20.zig");
const poly1305 = @import("poly1305.zig");
const poly1305_vector = @import("poly1305_vector.zig");
const sha2 = @import("sha2.zig");

/// Nothing here checks anything that could fail.
pub const panic = std.debug.no_panic;

const variant = @import("variant");

comptime {
    exported(&chacha20.portable, "chacha20");
    if (!variant.only_chacha20) {
        exported(&work_sha256, "sha256");
        exported(&work_argon2, "argon2");
        if (poly1305_vector.worthwhile) exported(&work_poly1305_bulk, "poly1305_bulk");
    }
    // What newer instructions do nothing for.
    if (variant.baseline) {
        exported(&work_sha512, "sha512");
        exported(&work_chacha20_block, "chacha20_block");
        exported(&work_poly1305, "poly1305");
    }
}

fn exported(comptime work: anytype, comptime name: []const u8) void {
    @export(work, .{ .name = variant.prefix ++ name, .visibility = .hidden });
}

fn work_sha256(state: *[8]u32, blocks: [*]const u8, length: usize) callconv(.c) void {
    sha2.portable(u32, state, blocks[0..length]);
}

fn work_sha512(state: *[8]u64, blocks: [*]const u8, length: usize) callconv(.c) void {
    sha2.portable(u64, state, blocks[0..length]);
}

fn work_argon2(
    out: *argon2_block.Block,
    first: *const argon2_block.Block,
    second: *const argon2_block.Block,
    adds: bool,
) callconv(.c) void {
    argon2_block.portable(out, first, second, adds);
}

fn work_chacha20_block(state: *const chacha20.State, out: *[16]u32) callconv(.c) void {
    chacha20.portable_block(state, out);
}

fn work_poly1305(
    key: *const [poly1305.key_length]u8,
    aad: [*]const u8,
    aad_length: usize,
    ciphertext: [*]const u8,
    length: usize,
    out: *[poly1305.tag_length]u8,
    bulk: ?poly1305.Bulk,
) callconv(.c) void {
    poly1305.portable(key, aad[0..aad_length], ciphertext[0..length], out, bulk);
}

fn work_poly1305_bulk(h: *[3]u64, powers: *const poly1305_vector.Powers, text: [*]const u8, length: usize) callconv(.c) usize {
    return poly1305_vector.update(h, powers, text[0..length]);
}
