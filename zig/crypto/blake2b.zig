//! BLAKE2b (RFC 7693), without a key, for Argon2. Zig's std unrolls its twelve rounds, 7 KiB of
//! code for what is worked a few times per password.

const std = @import("std");
const sha2 = @import("sha2.zig");

const block_length = 128;
pub const digest_length_max = 64;

pub const Blake2b = struct {
    state: [8]u64,
    total: u64 = 0,
    partial: [block_length]u8 = undefined,
    partial_length: usize = 0,
    digest_length: usize,

    pub fn init(digest_length: usize) Blake2b {
        var state = initial;
        state[0] ^= 0x01010000 ^ digest_length;
        return .{ .state = state, .digest_length = digest_length };
    }

    pub fn wipe(context: *Blake2b) void {
        std.crypto.secureZero(u8, std.mem.asBytes(context));
    }

    /// The last block is kept for `final`, also if it is whole.
    pub fn update(context: *Blake2b, data: []const u8) void {
        var rest = data;
        while (rest.len > 0) {
            if (context.partial_length == block_length) context.compress(false);
            const taken = @min(block_length - context.partial_length, rest.len);
            @memcpy(context.partial[context.partial_length..][0..taken], rest[0..taken]);
            context.partial_length += taken;
            rest = rest[taken..];
        }
    }

    /// `out` is as long as the digest, or shorter.
    pub fn final(context: *Blake2b, out: []u8) void {
        @memset(context.partial[context.partial_length..], 0);
        context.compress(true);
        @memcpy(out, std.mem.asBytes(&context.state)[0..out.len]);
    }

    fn compress(context: *Blake2b, last: bool) void {
        context.total += context.partial_length;
        context.partial_length = 0;
        var v = context.state ++ initial;
        v[12] ^= context.total;
        if (last) v[14] = ~v[14];
        const words: *align(1) const [16]u64 = @ptrCast(&context.partial);
        for (0..12) |round| {
            const order = &orders[round % 10];
            inline for (mixes, 0..) |at, index| {
                const first = words[order[2 * index]];
                const second = words[order[2 * index + 1]];
                v[at[0]] +%= v[at[1]] +% first;
                v[at[3]] = std.math.rotr(u64, v[at[3]] ^ v[at[0]], 32);
                v[at[2]] +%= v[at[3]];
                v[at[1]] = std.math.rotr(u64, v[at[1]] ^ v[at[2]], 24);
                v[at[0]] +%= v[at[1]] +% second;
                v[at[3]] = std.math.rotr(u64, v[at[3]] ^ v[at[0]], 16);
                v[at[2]] +%= v[at[3]];
                v[at[1]] = std.math.rotr(u64, v[at[1]] ^ v[at[2]], 63);
            }
        }
        for (&context.state, v[0..8], v[8..16]) |*word, low, high| word.* ^= low ^ high;
        std.crypto.secureZero(u64, &v);
    }
};

comptime {
    std.debug.assert(@import("builtin").target.cpu.arch.endian() == .little);
}

/// The same as that of SHA-512.
const initial = sha2.initial(u64);

/// Columns, then diagonals.
const mixes = [8][4]usize{
    .{ 0, 4, 8, 12 },  .{ 1, 5, 9, 13 },  .{ 2, 6, 10, 14 }, .{ 3, 7, 11, 15 },
    .{ 0, 5, 10, 15 }, .{ 1, 6, 11, 12 }, .{ 2, 7, 8, 13 },  .{ 3, 4, 9, 14 },
};

/// RFC 7693, section 2.7.
const orders = [10][16]u8{
    .{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    .{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
    .{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
    .{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
    .{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
    .{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
    .{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
    .{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
    .{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
    .{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};
