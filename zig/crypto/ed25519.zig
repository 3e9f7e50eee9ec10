//! Ed25519 (RFC 8032) from the 32-byte seed, which the RFC calls the private key: the steps of
//! its section 5.1.6 over the curve of Zig's std. The signing of std would bring its own SHA-512
//! (see `sha2.zig`), works the public key out twice, and leaves the scalar and the nonce behind.
//!
//! See `hmac.zig` about what is left on the stack.

const std = @import("std");
const Sha512 = @import("sha2.zig").Sha512;
const Curve = std.crypto.ecc.Edwards25519;
const wipe = std.crypto.secureZero;

pub const seed_length = 32;
pub const public_key_length = 32;
pub const signature_length = 64;

/// The two halves of the seed's hash: what the key is on the curve, and what nonces come from.
const Expanded = struct {
    scalar: [32]u8,
    prefix: [32]u8,

    fn of(seed: *const [seed_length]u8) Expanded {
        var hashed: [64]u8 = undefined;
        defer wipe(u8, &hashed);
        Sha512.hash(seed, &hashed, .{});
        var expanded: Expanded = .{ .scalar = hashed[0..32].*, .prefix = hashed[32..64].* };
        Curve.scalar.clamp(&expanded.scalar);
        return expanded;
    }

    fn wipe_all(expanded: *Expanded) void {
        wipe(u8, std.mem.asBytes(expanded));
    }

    fn public_key(expanded: *const Expanded) [public_key_length]u8 {
        return times_base(&expanded.scalar);
    }
};

pub fn public_key(seed: *const [seed_length]u8, out: *[public_key_length]u8) void {
    var expanded: Expanded = .of(seed);
    defer expanded.wipe_all();
    out.* = expanded.public_key();
}

pub fn sign(seed: *const [seed_length]u8, message: []const u8, out: *[signature_length]u8) void {
    var expanded: Expanded = .of(seed);
    defer expanded.wipe_all();
    var nonce = hash_to_scalar(&.{ &expanded.prefix, message });
    defer wipe(u8, &nonce);
    const commitment = times_base(&nonce);
    const own = expanded.public_key();
    const challenge = hash_to_scalar(&.{ &commitment, &own, message });
    out[0..32].* = commitment;
    out[32..64].* = Curve.scalar.mulAdd(challenge, expanded.scalar, nonce);
}

fn hash_to_scalar(parts: []const []const u8) [32]u8 {
    var context: Sha512 = .init(.{});
    defer context.wipe();
    for (parts) |part| context.update(part);
    var hashed: [64]u8 = undefined;
    defer wipe(u8, &hashed);
    context.final(&hashed);
    return Curve.scalar.reduce64(hashed);
}

/// Fails for multiples of the group's order alone, which nobody finds a seed or a message for.
fn times_base(scalar: *const [32]u8) [32]u8 {
    const point = Curve.basePoint.mul(scalar.*) catch @panic("Ed25519 refused a scalar");
    return point.toBytes();
}
