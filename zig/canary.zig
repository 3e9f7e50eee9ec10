//! The bytes around a secret on its own pages: a pattern that an overflow or an
//! underflow destroys, checked when the secret is closed.
//!
//! The pattern is 16 bytes, repeated, and differs per address and per use of the
//! address: a pattern that leaked once forges none of the others. It needs to be
//! unpredictable to a stray write, not to a cryptanalyst, so one multiply-and-mix
//! per word (SplitMix64's finaliser, Steele, Lea and Flood 2014) under a key of
//! the process is enough.

const std = @import("std");

pub const Pattern = [16]u8;

/// Random, drawn once per process.
pub const Key = [2]u64;

pub fn pattern(key: Key, address: usize, use: u64) Pattern {
    const low = mix(key[0] ^ mix(address));
    const high = mix(key[1] ^ mix(address ^ (use +% 0x9E3779B97F4A7C15)));
    var bytes: Pattern = undefined;
    std.mem.writeInt(u64, bytes[0..8], low, .little);
    std.mem.writeInt(u64, bytes[8..16], high, .little);
    return bytes;
}

/// Fills `bytes`, which is everything on the pages that is not payload.
pub fn fill(bytes: []u8, with: Pattern) void {
    var index: usize = 0;
    while (index + with.len <= bytes.len) : (index += with.len) {
        bytes[index..][0..with.len].* = with;
    }
    @memcpy(bytes[index..], with[0 .. bytes.len - index]);
}

/// True if no byte of what `fill` wrote has changed.
pub fn intact(bytes: []const u8, with: Pattern) bool {
    const Word = @Vector(16, u8);
    var difference: Word = @splat(0);
    var index: usize = 0;
    while (index + with.len <= bytes.len) : (index += with.len) {
        difference |= @as(Word, bytes[index..][0..with.len].*) ^ @as(Word, with);
    }
    var rest: u8 = @reduce(.Or, difference);
    for (bytes[index..], with[0 .. bytes.len - index]) |byte, expected| rest |= byte ^ expected;
    return rest == 0;
}

pub fn mix(word: u64) u64 {
    var z = word;
    z = (z ^ (z >> 30)) *% 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) *% 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

test "each flipped byte is found" {
    const with = pattern(.{ 1, 2 }, 4096, 1);
    var bytes: [61]u8 = undefined;
    for (0..bytes.len + 1) |length| {
        fill(bytes[0..length], with);
        try std.testing.expect(intact(bytes[0..length], with));
        for (0..length) |index| {
            bytes[index] +%= 1;
            try std.testing.expect(!intact(bytes[0..length], with));
            bytes[index] -%= 1;
        }
    }
}

test "the pattern depends on the key, the address and the use" {
    const base = pattern(.{ 1, 2 }, 4096, 1);
    try std.testing.expect(!std.mem.eql(u8, &base, &pattern(.{ 3, 2 }, 4096, 1)));
    try std.testing.expect(!std.mem.eql(u8, &base, &pattern(.{ 1, 3 }, 4096, 1)));
    try std.testing.expect(!std.mem.eql(u8, &base, &pattern(.{ 1, 2 }, 8192, 1)));
    try std.testing.expect(!std.mem.eql(u8, &base, &pattern(.{ 1, 2 }, 4096, 2)));
}
