//! The blocks of ChaCha20 (RFC 8439), as many at once as fit into vectors: word for word,
//! the same word of all blocks in one vector. Zig's std has the rows of one, two or four
//! blocks in a vector, which takes two to three times as long.

const std = @import("std");
const bytes = @import("bytes.zig");
const root = @import("root");

pub const block_length = 64;

/// Constants, key, counter, nonce.
pub const State = [16]u32;

pub fn state_of(key: *const [32]u8, counter: u32, nonce: *const [12]u8) State {
    var state: State = .{ 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 } ++ @as([12]u32, undefined);
    for (state[4..12], 0..) |*word, index| word.* = bytes.read(u32, key[4 * index ..][0..4], .little);
    state[12] = counter;
    for (state[13..16], 0..) |*word, index| word.* = bytes.read(u32, nonce[4 * index ..][0..4], .little);
    return state;
}

/// `to` is `from` xor the blocks that begin with the one that `state` says.
pub fn xor(state: *const State, from: []const u8, to: []u8) void {
    if (@hasDecl(root, "hot")) root.hot.chacha20(state, from, to) else portable(state, from, to);
}

const lanes = std.simd.suggestVectorLength(u32) orelse 1;
const Lane = @Vector(lanes, u32);
const bytes_at_once = block_length * lanes;

pub fn portable(first: *const State, from: []const u8, to: []u8) void {
    var state = first.*;
    var words: [16][lanes]u32 = undefined;
    var tail: [bytes_at_once]u8 = undefined;
    defer {
        std.crypto.secureZero(u8, std.mem.asBytes(&state));
        std.crypto.secureZero(u8, std.mem.asBytes(&words));
        std.crypto.secureZero(u8, &tail);
    }
    var done: usize = 0;
    while (done < from.len) : (done += bytes_at_once) {
        blocks(&state, &words);
        state[12] +%= lanes;
        const left = from[done..];
        if (left.len >= bytes_at_once) {
            add(&words, left[0..bytes_at_once], to[done..][0..bytes_at_once]);
        } else {
            @memset(&tail, 0);
            @memcpy(tail[0..left.len], left);
            add(&words, &tail, &tail);
            @memcpy(to[done..][0..left.len], tail[0..left.len]);
        }
    }
}

fn blocks(state: *const State, words: *[16][lanes]u32) void {
    var x: [16]Lane = undefined;
    inline for (&x, state) |*lane, word| lane.* = @splat(word);
    x[12] +%= std.simd.iota(u32, lanes);
    for (0..10) |_| {
        inline for (0..4) |column| quarter(&x, column, 4 + column, 8 + column, 12 + column);
        inline for (0..4) |column| quarter(&x, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4);
    }
    x[12] +%= std.simd.iota(u32, lanes);
    inline for (&x, state, words) |lane, word, *out| out.* = lane +% @as(Lane, @splat(word));
}

inline fn quarter(x: *[16]Lane, comptime a: usize, comptime b: usize, comptime c: usize, comptime d: usize) void {
    x[a] +%= x[b];
    x[d] = std.math.rotl(Lane, x[d] ^ x[a], 16);
    x[c] +%= x[d];
    x[b] = std.math.rotl(Lane, x[b] ^ x[c], 12);
    x[a] +%= x[b];
    x[d] = std.math.rotl(Lane, x[d] ^ x[a], 8);
    x[c] +%= x[d];
    x[b] = std.math.rotl(Lane, x[b] ^ x[c], 7);
}

fn add(words: *const [16][lanes]u32, from: *const [bytes_at_once]u8, to: *[bytes_at_once]u8) void {
    for (0..lanes) |block| {
        inline for (0..16) |index| {
            const at = block * block_length + 4 * index;
            const word = bytes.read(u32, from[at..][0..4], .little) ^ words[index][block];
            bytes.write(u32, to[at..][0..4], word, .little);
        }
    }
}
