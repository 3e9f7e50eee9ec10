//! The compression function of Argon2: RFC 9106, sections 3.5 and 3.6.

const std = @import("std");
const root = @import("root");

pub const Block = [128]u64;

/// `out` becomes G of the two, and is added to what is there if `adds`.
pub fn compress(out: *Block, first: *const Block, second: *const Block, adds: bool) void {
    if (@hasDecl(root, "hot")) root.hot.argon2(out, first, second, adds) else portable(out, first, second, adds);
}

pub fn portable(out: *Block, first: *const Block, second: *const Block, adds: bool) void {
    var z: Block = undefined;
    for (&z, first, second) |*word, a, b| word.* = a ^ b;
    for (0..8) |row| permute(&z, 16 * row, 4, 1);
    for (0..8) |column| permute(&z, 2 * column, 32, 16);
    if (!adds) @memset(out, 0);
    for (out, z, first, second) |*word, mixed, a, b| word.* ^= mixed ^ a ^ b;
}

const Row = @Vector(4, u64);

/// P, on sixteen words: those of a row, or two of each row. A vector's words 0 and 1, and 2 and
/// 3, lie beside each other.
inline fn permute(z: *Block, start: usize, comptime to_next_row: usize, comptime to_next_pair: usize) void {
    const step = if (to_next_pair == 1) 2 else to_next_pair;
    var v: [4]Row = undefined;
    inline for (&v, 0..) |*row, index| {
        const at = start + to_next_row * index;
        row.* = .{ z[at], z[at + 1], z[at + step], z[at + step + 1] };
    }
    mix(&v);
    v[1] = @shuffle(u64, v[1], undefined, [4]i32{ 1, 2, 3, 0 });
    v[2] = @shuffle(u64, v[2], undefined, [4]i32{ 2, 3, 0, 1 });
    v[3] = @shuffle(u64, v[3], undefined, [4]i32{ 3, 0, 1, 2 });
    mix(&v);
    v[1] = @shuffle(u64, v[1], undefined, [4]i32{ 3, 0, 1, 2 });
    v[2] = @shuffle(u64, v[2], undefined, [4]i32{ 2, 3, 0, 1 });
    v[3] = @shuffle(u64, v[3], undefined, [4]i32{ 1, 2, 3, 0 });
    inline for (v, 0..) |row, index| {
        const at = start + to_next_row * index;
        z[at] = row[0];
        z[at + 1] = row[1];
        z[at + step] = row[2];
        z[at + step + 1] = row[3];
    }
}

inline fn mix(v: *[4]Row) void {
    v[0] = add(v[0], v[1]);
    v[3] = std.math.rotr(Row, v[3] ^ v[0], 32);
    v[2] = add(v[2], v[3]);
    v[1] = std.math.rotr(Row, v[1] ^ v[2], 24);
    v[0] = add(v[0], v[1]);
    v[3] = std.math.rotr(Row, v[3] ^ v[0], 16);
    v[2] = add(v[2], v[3]);
    v[1] = std.math.rotr(Row, v[1] ^ v[2], 63);
}

/// a + b + 2 * low(a) * low(b)
inline fn add(a: Row, b: Row) Row {
    const low: Row = @splat(0xffff_ffff);
    return a +% b +% (@as(Row, @splat(2)) *% ((a & low) *% (b & low)));
}
