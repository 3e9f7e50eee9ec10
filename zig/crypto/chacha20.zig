//! The blocks of ChaCha20 (RFC 8439), as many at once as fit into vectors: word for word,
//! the same word of all blocks in one vector. Zig's std has the rows of one, two or four
//! blocks in a vector, which takes two to three times as long.

const std = @import("std");
const builtin = @import("builtin");
const bytes = @import("bytes.zig");
const check = @import("check.zig").check;
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

/// What works on many blocks at once, and how many.
pub const Many = struct { lanes: u32, work: Work };
pub const Work = *const fn (state: *const State, from: [*]const u8, to: [*]u8, times: usize) callconv(.c) void;

/// No vectors are longer.
pub const lanes_max = 16;

/// `to` is `from` xor the blocks that begin with the one that `state` says.
pub fn xor(first: *const State, from: []const u8, to: []u8) void {
    xor_by(if (@hasDecl(root, "hot")) root.hot.chacha20() else portable_many, first, from, to);
}

pub fn xor_by(many: Many, first: *const State, from: []const u8, to: []u8) void {
    check(from.len == to.len);
    check(many.lanes <= lanes_max);
    var state = first.*;
    defer bytes.wipe(&state);
    const at_once = block_length * many.lanes;
    const times = from.len / at_once;
    many.work(&state, from.ptr, to.ptr, times);
    const done = times * at_once;
    state[12] +%= @intCast(times * many.lanes);
    if (done < from.len) xor_tail(many.work, &state, from[done..], to[done..]);
}

/// Less than what is worked on at once.
fn xor_tail(work: Work, state: *State, from: []const u8, to: []u8) void {
    var room: [block_length * lanes_max]u8 = undefined;
    defer bytes.wipe(&room);
    bytes.copy(room[0..from.len], from);
    if (from.len <= block_length) {
        var words: [16]u32 = undefined;
        defer bytes.wipe(&words);
        block(state, &words);
        for (room[0..block_length], std.mem.asBytes(&words)) |*byte, key| byte.* ^= key;
    } else work(state, &room, &room, 1);
    bytes.copy(to, room[0..to.len]);
}

/// One block: how keys are derived from keys.
pub fn block(state: *const State, out: *[16]u32) void {
    if (@hasDecl(root, "hot")) root.hot.chacha20_block(state, out) else portable_block(state, out);
}

/// Word by word: for one block a processor has more of these instructions at once than it needs,
/// while those on vectors wait for each other.
pub noinline fn portable_block(state: *const State, out: *[16]u32) void {
    var x = state.*;
    double_rounds(u32, &x);
    for (out, x, state) |*word, mixed, first| word.* = mixed +% first;
    bytes.wipe(&x);
}

/// Of x86_64, the processors that have nothing wider than SSE2 are so old that they work one block
/// after the other: it takes 1.6 times as long, and the library has to be small.
const lanes = if (builtin.target.cpu.arch == .x86_64 and !builtin.target.cpu.has(.x86, .avx2)) 1 else @min(lanes_max, std.simd.suggestVectorLength(u32) orelse 1);
const Lane = @Vector(lanes, u32);
const bytes_at_once = block_length * lanes;

const portable_many: Many = .{ .lanes = lanes, .work = &portable };

/// So many times as many blocks as there are lanes.
pub fn portable(first: *const State, from: [*]const u8, to: [*]u8, times: usize) callconv(.c) void {
    var state = first.*;
    defer bytes.wipe(&state);
    for (0..times) |index| {
        blocks(&state, from[index * bytes_at_once ..][0..bytes_at_once], to[index * bytes_at_once ..][0..bytes_at_once]);
        state[12] +%= lanes;
    }
}

fn blocks(state: *const State, from: *const [bytes_at_once]u8, to: *[bytes_at_once]u8) void {
    if (lanes < 4) return one_block(state, from, to);
    var x: [16]Lane = undefined;
    inline for (&x, state) |*lane, word| lane.* = @splat(word);
    x[12] +%= std.simd.iota(u32, lanes);
    double_rounds(Lane, &x);
    x[12] +%= std.simd.iota(u32, lanes);
    inline for (&x, state) |*lane, word| lane.* +%= @splat(word);
    var rows: [4][4]Lane = undefined;
    @setEvalBranchQuota(10_000);
    inline for (&rows, 0..) |*row, index| row.* = transposed(x[4 * index ..][0..4]);
    inline for (0..4) |index| {
        inline for (0..4 / rows_at_once) |group| {
            var some: [rows_at_once]Lane = undefined;
            inline for (&some, 0..) |*row, number| row.* = rows[group * rows_at_once + number][index];
            inline for (gathered(some), 0..) |key, four| {
                const at = (4 * four + index) * block_length + 16 * rows_at_once * group;
                const text: *align(1) const Lane = @ptrCast(from[at..][0 .. 4 * lanes]);
                const sum: *align(1) Lane = @ptrCast(to[at..][0 .. 4 * lanes]);
                sum.* = text.* ^ key;
            }
        }
    }
}

fn one_block(state: *const State, from: *const [block_length]u8, to: *[block_length]u8) void {
    var words: [16]u32 = undefined;
    defer bytes.wipe(&words);
    portable_block(state, &words);
    for (words, 0..) |word, index| {
        const place = to[4 * index ..][0..4];
        bytes.write(u32, place, word ^ bytes.read(u32, from[4 * index ..][0..4], .little), .little);
    }
}

inline fn double_rounds(comptime T: type, x: *[16]T) void {
    for (0..10) |_| {
        inline for (0..4) |column| quarter(T, x, column, 4 + column, 8 + column, 12 + column);
        inline for (0..4) |column| quarter(T, x, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4);
    }
}

inline fn quarter(comptime T: type, x: *[16]T, comptime a: usize, comptime b: usize, comptime c: usize, comptime d: usize) void {
    x[a] +%= x[b];
    x[d] = std.math.rotl(T, x[d] ^ x[a], 16);
    x[c] +%= x[d];
    x[b] = std.math.rotl(T, x[b] ^ x[c], 12);
    x[a] +%= x[b];
    x[d] = std.math.rotl(T, x[d] ^ x[a], 8);
    x[c] +%= x[d];
    x[b] = std.math.rotl(T, x[b] ^ x[c], 7);
}

/// A row of a block has four words, and a vector may have those of four blocks.
const rows_at_once = lanes / 4;

/// One row of all blocks: the four vectors have one word each of it. Afterwards the first one has
/// the row of every fourth block, beginning with the first, and so on.
inline fn transposed(words: *const [4]Lane) [4]Lane {
    const low = @shuffle(u32, words[0], words[1], pairs(0, 1));
    const high = @shuffle(u32, words[0], words[1], pairs(2, 1));
    const other_low = @shuffle(u32, words[2], words[3], pairs(0, 1));
    const other_high = @shuffle(u32, words[2], words[3], pairs(2, 1));
    return .{
        @shuffle(u32, low, other_low, pairs(0, 2)),
        @shuffle(u32, low, other_low, pairs(2, 2)),
        @shuffle(u32, high, other_high, pairs(0, 2)),
        @shuffle(u32, high, other_high, pairs(2, 2)),
    };
}

/// Of each four words of two vectors, beginning with one of them, alternately: `step` words of the
/// first, and as many of the second.
fn pairs(comptime start: i32, comptime step: usize) [lanes]i32 {
    var indices: [lanes]i32 = undefined;
    for (&indices, 0..) |*index, place| {
        const within = place % 4;
        const word: i32 = @intCast(place / 4 * 4 + within / (2 * step) + if (step == 2) within % 2 else 0);
        index.* = if (within / step % 2 == 0) word + start else ~(word + start);
    }
    return indices;
}

/// The same row after row of some rows: afterwards each vector has those of one block.
inline fn gathered(rows: [rows_at_once]Lane) [rows_at_once]Lane {
    return switch (rows_at_once) {
        1 => rows,
        2 => .{ fours(rows[0], rows[1], .{ 0, 2 }), fours(rows[0], rows[1], .{ 1, 3 }) },
        4 => gathered: {
            const low = fours(rows[0], rows[1], .{ 0, 1, 4, 5 });
            const high = fours(rows[0], rows[1], .{ 2, 3, 6, 7 });
            const other_low = fours(rows[2], rows[3], .{ 0, 1, 4, 5 });
            const other_high = fours(rows[2], rows[3], .{ 2, 3, 6, 7 });
            break :gathered .{
                fours(low, other_low, .{ 0, 2, 4, 6 }),
                fours(low, other_low, .{ 1, 3, 5, 7 }),
                fours(high, other_high, .{ 0, 2, 4, 6 }),
                fours(high, other_high, .{ 1, 3, 5, 7 }),
            };
        },
        else => comptime unreachable,
    };
}

/// Four words at a time: those of the second vector follow those of the first.
inline fn fours(a: Lane, b: Lane, comptime order: [rows_at_once]i32) Lane {
    return @shuffle(u32, a, b, words_of(order));
}

fn words_of(comptime order: [rows_at_once]i32) [lanes]i32 {
    @setEvalBranchQuota(10_000);
    var indices: [lanes]i32 = undefined;
    for (&indices, 0..) |*index, place| {
        const word = 4 * order[place / 4] + @as(i32, @intCast(place % 4));
        index.* = if (word < lanes) word else ~(word - @as(i32, lanes));
    }
    return indices;
}
