//! HMAC with SHA-2: RFC 2104, with the vectors of RFC 4231.
//!
//! Pure, as every file of this folder: slices in and out, no system, no memory of its own.
//! What is left on the stack below a call is wiped by the caller: see `residue.zig`.

const std = @import("std");
const bytes = @import("bytes.zig");
const check = @import("check.zig").check;
const sha2 = @import("sha2.zig");

pub const Hash = enum(u1) {
    sha256 = 0,
    sha512 = 1,

    pub fn digest_length(hash: Hash) usize {
        return switch (hash) {
            .sha256 => sha2.Sha256.digest_length,
            .sha512 => sha2.Sha512.digest_length,
        };
    }
};

/// What `std.crypto.kdf.hkdf.Hkdf` takes. In place of the one of Zig's std, which hashes the
/// outer pad and the digest of the message apart, and fills both pads byte by byte.
pub fn Hmac(comptime hash: Hash) type {
    const Sha = switch (hash) {
        .sha256 => sha2.Sha256,
        .sha512 => sha2.Sha512,
    };
    const block_length = Sha.block_length;
    const Block = @Vector(block_length, u8);
    return struct {
        const Self = @This();
        pub const mac_length = Sha.digest_length;

        hash: Sha,
        outer_pad: [block_length]u8,

        pub fn init(key: []const u8) Self {
            var block: [block_length]u8 = @bitCast(@as(Block, @splat(0)));
            defer bytes.wipe(&block);
            if (key.len <= block_length) {
                bytes.copy(block[0..key.len], key);
            } else {
                Sha.hash(key, block[0..Sha.digest_length], .{});
            }
            var context: Self = .{
                .hash = .init(.{}),
                .outer_pad = @as(Block, block) ^ @as(Block, @splat(0x5c)),
            };
            block = @as(Block, block) ^ @as(Block, @splat(0x36));
            context.hash.update(&block);
            return context;
        }

        pub fn create(out: *[mac_length]u8, data: []const u8, key: []const u8) void {
            var context: Self = .init(key);
            context.update(data);
            context.final(out);
        }

        pub fn update(context: *Self, data: []const u8) void {
            context.hash.update(data);
        }

        /// Wipes the context.
        pub fn final(context: *Self, out: *[mac_length]u8) void {
            var digest: [mac_length]u8 = undefined;
            context.hash.final(&digest);
            context.hash = .init(.{});
            context.hash.update(&context.outer_pad);
            context.hash.update(&digest);
            context.hash.final(out);
            bytes.wipe(&digest);
            bytes.wipe(context);
        }
    };
}

/// Writes `hash.digest_length()` bytes to `out`.
pub fn mac(hash: Hash, key: []const u8, data: []const u8, out: []u8) void {
    check(out.len == hash.digest_length());
    switch (hash) {
        inline else => |known| Hmac(known).create(out[0..comptime known.digest_length()], data, key),
    }
}
