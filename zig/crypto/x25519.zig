//! X25519 (RFC 7748). See `hmac.zig` about what is left on the stack.

const std = @import("std");
const X25519 = std.crypto.dh.X25519;
const wipe = std.crypto.secureZero;

pub const key_length = X25519.secret_length;

pub fn public_key(secret: *const [key_length]u8, out: *[key_length]u8) void {
    out.* = X25519.recoverPublicKey(secret.*);
}

/// The shared secret. A public key of small order has none but zeros, which everybody knows:
/// that is refused, as section 6.1 of the RFC allows.
pub fn agree(secret: *const [key_length]u8, other: *const [key_length]u8, out: *[key_length]u8) error{ZeroResult}!void {
    var shared = X25519.scalarmult(secret.*, other.*) catch return error.ZeroResult;
    defer wipe(u8, &shared);
    out.* = shared;
}
