//! HKDF with SHA-2: RFC 5869. See `hmac.zig` about what is left on the stack.

const std = @import("std");
const check = @import("check.zig").check;
const hmac = @import("hmac.zig");
const Hash = hmac.Hash;
const wipe = std.crypto.secureZero;

/// What RFC 5869 allows: the counter is one byte.
pub fn length_max(hash: Hash) usize {
    return 255 * hash.digest_length();
}

/// Extract and expand. An empty salt is the RFC's default one, a digest of zeros.
pub fn derive(hash: Hash, key: []const u8, salt: []const u8, info: []const u8, out: []u8) void {
    check(out.len > 0);
    check(out.len <= length_max(hash));
    switch (hash) {
        inline else => |known| of(known, key, salt, info, out),
    }
}

fn of(comptime hash: Hash, key: []const u8, salt: []const u8, info: []const u8, out: []u8) void {
    const Hkdf = std.crypto.kdf.hkdf.Hkdf(hmac.Hmac(hash));
    var pseudorandom = Hkdf.extract(salt, key);
    defer wipe(u8, &pseudorandom);
    Hkdf.expand(out, info, pseudorandom);
}
