//! Ed25519 (RFC 8032) from the 32-byte seed, which the RFC calls the private key.
//!
//! See `hmac.zig` about what is left on the stack.

const std = @import("std");
const Ed25519 = std.crypto.sign.Ed25519;
const wipe = std.crypto.secureZero;

pub const seed_length = Ed25519.KeyPair.seed_length;
pub const public_key_length = Ed25519.PublicKey.encoded_length;
pub const signature_length = Ed25519.Signature.encoded_length;

pub fn public_key(seed: *const [seed_length]u8, out: *[public_key_length]u8) void {
    var pair = key_pair(seed);
    defer wipe(u8, std.mem.asBytes(&pair));
    out.* = pair.public_key.bytes;
}

pub fn sign(seed: *const [seed_length]u8, message: []const u8, out: *[signature_length]u8) void {
    var pair = key_pair(seed);
    defer wipe(u8, std.mem.asBytes(&pair));
    const signature = pair.sign(message, null) catch impossible();
    out.* = signature.toBytes();
}

fn key_pair(seed: *const [seed_length]u8) Ed25519.KeyPair {
    return Ed25519.KeyPair.generateDeterministic(seed.*) catch impossible();
}

/// A clamped scalar is never a multiple of the group's order, and the two halves of a pair
/// that was just made fit each other.
fn impossible() noreturn {
    @panic("Ed25519 refused a seed");
}
