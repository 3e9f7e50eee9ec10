//! SHA-256 and SHA-512 (FIPS 180-4), as small as they can be without being slow: the rounds are
//! unrolled sixteen at a time. Zig's std unrolls all of them, 17 KiB of code for the two, which
//! is a quarter of what the crypto library may be. Where a processor has instructions for
//! SHA-256, std's code for them is taken, which is small.

const std = @import("std");
const builtin = @import("builtin");
const bytes = @import("bytes.zig");
const root = @import("root");
const std_sha2 = std.crypto.hash.sha2;

pub const Sha256 = Sha2(u32);
pub const Sha512 = Sha2(u64);

/// What `std.crypto.auth.hmac.Hmac` takes for a hash.
fn Sha2(comptime Word: type) type {
    return struct {
        const Self = @This();
        pub const block_length = 16 * @sizeOf(Word);
        pub const digest_length = 8 * @sizeOf(Word);
        pub const Options = struct {};

        state: [8]Word = initial(Word),
        partial: [block_length]u8 = undefined,
        partial_length: usize = 0,
        total_length: u64 = 0,

        pub fn init(_: Options) Self {
            return .{};
        }

        pub fn hash(data: []const u8, out: *[digest_length]u8, options: Options) void {
            var context: Self = .init(options);
            defer context.wipe();
            context.update(data);
            context.final(out);
        }

        pub fn wipe(context: *Self) void {
            bytes.wipe(context);
        }

        pub fn update(context: *Self, data: []const u8) void {
            context.total_length += data.len;
            var rest = data;
            if (context.partial_length > 0) {
                const taken = @min(block_length - context.partial_length, rest.len);
                bytes.copy(context.partial[context.partial_length..][0..taken], rest[0..taken]);
                context.partial_length += taken;
                rest = rest[taken..];
                if (context.partial_length < block_length) return;
                work(Word, &context.state, &context.partial);
            }
            const whole = rest.len / block_length * block_length;
            if (whole > 0) work(Word, &context.state, rest[0..whole]);
            context.partial_length = rest.len - whole;
            bytes.copy(context.partial[0..context.partial_length], rest[whole..]);
        }

        pub fn final(context: *Self, out: *[digest_length]u8) void {
            // Twice a word, of which no message needs more than half.
            const length_bytes = 2 * @sizeOf(Word);
            const used = context.partial_length;
            // What is left, and what ends every message: together one block or two.
            var last: [2 * block_length]u8 = @bitCast(@as(@Vector(2 * block_length, u8), @splat(0)));
            bytes.copy(last[0..used], context.partial[0..used]);
            last[used] = 0x80;
            const end: usize = if (used + 1 > block_length - length_bytes) 2 * block_length else block_length;
            bytes.write(u64, last[end - 8 ..][0..8], context.total_length * 8, .big);
            work(Word, &context.state, last[0..end]);
            bytes.wipe(&last);
            for (context.state, 0..) |word, index| {
                bytes.write(Word, out[@sizeOf(Word) * index ..][0..@sizeOf(Word)], word, .big);
            }
        }
    };
}

/// Whole blocks. The root may have code for the processor at hand: see `variants.zig`.
fn work(comptime Word: type, state: *[8]Word, blocks: []const u8) void {
    if (@hasDecl(root, "hot")) {
        if (Word == u32) root.hot.sha256(state, blocks) else root.hot.sha512(state, blocks);
    } else portable(Word, state, blocks);
}

const has_sha256 = switch (builtin.target.cpu.arch) {
    .x86_64 => builtin.target.cpu.hasAll(.x86, &.{ .sha, .avx2 }),
    .aarch64 => builtin.target.cpu.has(.aarch64, .sha2),
    else => false,
};

pub fn portable(comptime Word: type, state: *[8]Word, blocks: []const u8) void {
    if (Word == u32 and has_sha256) {
        var context: std_sha2.Sha256 = .{ .s = state.* };
        defer std.crypto.secureZero(u8, std.mem.asBytes(&context));
        context.update(blocks);
        state.* = context.s;
        return;
    }
    const block_length = 16 * @sizeOf(Word);
    var schedule: [16]Word = undefined;
    defer std.crypto.secureZero(Word, &schedule);
    var done: usize = 0;
    while (done < blocks.len) : (done += block_length) {
        compress(Word, state, blocks[done..][0..block_length], &schedule);
    }
}

fn compress(comptime Word: type, state: *[8]Word, block: *const [16 * @sizeOf(Word)]u8, w: *[16]Word) void {
    const rotr = std.math.rotr;
    // FIPS 180-4, section 4.1: the upper case sigmas, then the lower case ones.
    const by: Amounts = if (Word == u32)
        .{ .s0 = .{ 2, 13, 22 }, .s1 = .{ 6, 11, 25 }, .w0 = .{ 7, 18, 3 }, .w1 = .{ 17, 19, 10 } }
    else
        .{ .s0 = .{ 28, 34, 39 }, .s1 = .{ 14, 18, 41 }, .w0 = .{ 1, 8, 7 }, .w1 = .{ 19, 61, 6 } };
    for (w, 0..) |*word, index| word.* = bytes.read(Word, block[@sizeOf(Word) * index ..][0..@sizeOf(Word)], .big);
    var v = state.*;
    var round: usize = 0;
    while (true) {
        inline for (0..16) |step| {
            // Instead of moving eight words on, their names move on.
            const a, const b, const c, const d, const e, const f, const g, const h = comptime names: {
                var places: [8]usize = undefined;
                for (&places, 0..) |*place, index| place.* = (index + 16 - step) % 8;
                break :names places;
            };
            const sum1 = rotr(Word, v[e], by.s1[0]) ^ rotr(Word, v[e], by.s1[1]) ^ rotr(Word, v[e], by.s1[2]);
            const choice = v[g] ^ (v[e] & (v[f] ^ v[g]));
            const sum0 = rotr(Word, v[a], by.s0[0]) ^ rotr(Word, v[a], by.s0[1]) ^ rotr(Word, v[a], by.s0[2]);
            const majority = (v[a] & (v[b] | v[c])) | (v[b] & v[c]);
            v[h] +%= sum1 +% choice +% constants(Word)[round + step] +% w[step];
            v[d] +%= v[h];
            v[h] +%= sum0 +% majority;
        }
        round += 16;
        if (round == constants(Word).len) break;
        inline for (0..16) |step| {
            const first = w[(step + 1) % 16];
            const second = w[(step + 14) % 16];
            w[step] +%= w[(step + 9) % 16] +%
                (rotr(Word, first, by.w0[0]) ^ rotr(Word, first, by.w0[1]) ^ (first >> by.w0[2])) +%
                (rotr(Word, second, by.w1[0]) ^ rotr(Word, second, by.w1[1]) ^ (second >> by.w1[2]));
        }
    }
    for (state, v) |*word, added| word.* +%= added;
}

const Amounts = struct { s0: [3]u6, s1: [3]u6, w0: [3]u6, w1: [3]u6 };

pub fn initial(comptime Word: type) [8]Word {
    return if (Word == u32) std_sha2.Sha256.init(.{}).s else std_sha2.Sha512.init(.{}).s;
}

fn constants(comptime Word: type) if (Word == u32) *const [64]u32 else *const [80]u64 {
    return if (Word == u32) &constants_32 else &constants_64;
}

/// Section 4.2: the first bits behind the point of the cube roots of the first primes.
const constants_64: [80]u64 = table: {
    @setEvalBranchQuota(1_000_000);
    var found: [80]u64 = undefined;
    var count: usize = 0;
    var number: u64 = 2;
    while (count < found.len) : (number += 1) {
        var divisor: u64 = 2;
        while (divisor * divisor <= number and number % divisor != 0) divisor += 1;
        if (divisor * divisor <= number) continue;
        found[count] = @truncate(cube_root(@as(u256, number) << 192));
        count += 1;
    }
    break :table found;
};

const constants_32: [64]u32 = table: {
    var found: [64]u32 = undefined;
    for (&found, constants_64[0..64]) |*word, long| word.* = long >> 32;
    break :table found;
};

/// Rounded down.
fn cube_root(comptime of: u256) u72 {
    var root_found: u72 = 0;
    var bit: u7 = 68;
    while (bit > 0) {
        bit -= 1;
        const tried: u256 = root_found | @as(u72, 1) << bit;
        if (tried * tried * tried <= of) root_found = @intCast(tried);
    }
    return root_found;
}
