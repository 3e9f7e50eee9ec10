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
    out[32..64].* = multiply_add(&challenge, &expanded.scalar, &nonce);
}

/// `first * second + third` modulo the group's order. The sum has at most 512 bits, so one reduction
/// will do, the one that hashes need anyway: that of std has another two inlined.
fn multiply_add(first: *const [32]u8, second: *const [32]u8, third: *const [32]u8) [32]u8 {
    const words = 4;
    var sum: [64]u8 = @splat(0);
    defer wipe(u8, &sum);
    sum[0..32].* = third.*;
    for (0..words) |row| {
        var carry: u64 = 0;
        for (0..words) |column| {
            const place = sum[(row + column) * 8 ..][0..8];
            const product = @as(u128, word(first, row)) * word(second, column);
            const added = product + std.mem.readInt(u64, place, .little) + carry;
            std.mem.writeInt(u64, place, @truncate(added), .little);
            carry = @intCast(added >> 64);
        }
        // Nothing is there yet but what `third` has put there, and that is below the first row.
        std.mem.writeInt(u64, sum[(row + words) * 8 ..][0..8], carry, .little);
    }
    return reduce(&sum);
}

fn word(of: *const [32]u8, index: usize) u64 {
    return std.mem.readInt(u64, of[index * 8 ..][0..8], .little);
}

/// Not inlined: it is large.
noinline fn reduce(wide: *const [64]u8) [32]u8 {
    return Curve.scalar.reduce64(wide.*);
}

fn hash_to_scalar(parts: []const []const u8) [32]u8 {
    var context: Sha512 = .init(.{});
    defer context.wipe();
    for (parts) |part| context.update(part);
    var hashed: [64]u8 = undefined;
    defer wipe(u8, &hashed);
    context.final(&hashed);
    return reduce(&hashed);
}

/// Fails for multiples of the group's order alone, which nobody finds a seed or a message for.
fn times_base(scalar: *const [32]u8) [32]u8 {
    const point = Curve.basePoint.mul(scalar.*) catch @panic("Ed25519 refused a scalar");
    return point.toBytes();
}

test "multiplying and adding is as in std" {
    var prng: std.Random.DefaultPrng = .init(25519);
    for (0..2_000) |round| {
        var numbers: [3][32]u8 = undefined;
        for (&numbers) |*number| prng.random().bytes(number);
        // The largest there can be, too.
        if (round < 8) for (&numbers, 0..) |*number, bit| {
            if (round >> @intCast(bit) & 1 == 1) number.* = @splat(0xFF);
        };
        const wanted = Curve.scalar.mulAdd(numbers[0], numbers[1], numbers[2]);
        try std.testing.expectEqual(wanted, multiply_add(&numbers[0], &numbers[1], &numbers[2]));
    }
}
