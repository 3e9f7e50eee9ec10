//! HMAC with SHA-2: RFC 2104, with the vectors of RFC 4231.
//!
//! Pure, as every file of this folder: slices in and out, no system, no memory of its own.
//! What Zig's std leaves on the stack below a call is wiped by the caller: see `residue.zig`.

const std = @import("std");
const check = @import("check.zig").check;
const sha2 = @import("sha2.zig");
const HmacSha256 = std.crypto.auth.hmac.Hmac(sha2.Sha256);
const HmacSha512 = std.crypto.auth.hmac.Hmac(sha2.Sha512);
const wipe = std.crypto.secureZero;

pub const Hash = enum(u1) {
    sha256 = 0,
    sha512 = 1,

    pub fn digest_length(hash: Hash) usize {
        return switch (hash) {
            .sha256 => HmacSha256.mac_length,
            .sha512 => HmacSha512.mac_length,
        };
    }
};

pub fn Hmac(comptime hash: Hash) type {
    return switch (hash) {
        .sha256 => HmacSha256,
        .sha512 => HmacSha512,
    };
}

/// Writes `hash.digest_length()` bytes to `out`.
pub fn mac(hash: Hash, key: []const u8, data: []const u8, out: []u8) void {
    switch (hash) {
        inline else => |known| of(known, key, data, out),
    }
}

fn of(comptime hash: Hash, key: []const u8, data: []const u8, out: []u8) void {
    check(out.len == hash.digest_length());
    var context: Hmac(hash) = .init(key);
    defer wipe(u8, std.mem.asBytes(&context));
    context.update(data);
    context.final(out[0..comptime hash.digest_length()]);
}
