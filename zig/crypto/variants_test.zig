//! Both compiled variants of the inner loops against the portable code, as it is in this test.

const std = @import("std");
const argon2_block = @import("argon2_block.zig");
const chacha20 = @import("chacha20.zig");
const cpu = @import("cpu.zig");
const poly1305 = @import("poly1305.zig");
const sha2 = @import("sha2.zig");
const variants = @import("variants.zig");
const expect_equal = std.testing.expectEqualSlices;

const length_max = 3000;
const rounds = 400;

const Inputs = struct {
    random: std.Random,
    bytes: [length_max]u8 = undefined,
    length: usize = 0,

    fn next(inputs: *Inputs) []const u8 {
        inputs.random.bytes(&inputs.bytes);
        inputs.length = inputs.random.uintAtMost(usize, length_max);
        return inputs.bytes[0..inputs.length];
    }
};

fn sha256(comptime variant: type, inputs: *Inputs) !void {
    const data = inputs.next();
    var state: [8]u32 = undefined;
    inputs.random.bytes(std.mem.asBytes(&state));
    var expected = state;
    const blocks = data[0 .. data.len / 64 * 64];
    sha2.portable(u32, &expected, blocks);
    variant.sha256(&state, blocks.ptr, blocks.len);
    try expect_equal(u32, &expected, &state);
}

fn chacha(many: chacha20.Many, inputs: *Inputs) !void {
    const data = inputs.next();
    var state: chacha20.State = undefined;
    inputs.random.bytes(std.mem.asBytes(&state));
    state[0..4].* = chacha20.state_of(&@splat(0), 0, &@splat(0))[0..4].*;
    var out: [length_max + 1]u8 = @splat(0xA5);
    var expected: [length_max]u8 = undefined;
    block_by_block(state, data, expected[0..data.len]);
    chacha20.xor_by(many, &state, data, out[0..data.len]);
    try expect_equal(u8, expected[0..data.len], out[0..data.len]);
    // And not a byte more.
    try std.testing.expectEqual(@as(u8, 0xA5), out[data.len]);
}

/// By the code of Zig's std; what it does when the counter is at its end is not asked for.
fn block_by_block(state: chacha20.State, from: []const u8, to: []u8) void {
    const key: [32]u8 = @bitCast(state[4..12].*);
    const nonce: [12]u8 = @bitCast(state[13..16].*);
    var done: usize = 0;
    while (done < from.len) : (done += 64) {
        const end = @min(done + 64, from.len);
        const counter = state[12] +% @as(u32, @intCast(done / 64));
        std.crypto.stream.chacha.ChaCha20IETF.xor(to[done..end], from[done..end], counter, key, nonce);
    }
}

fn poly(bulk: ?poly1305.Bulk, inputs: *Inputs) !void {
    const data = inputs.next();
    const half = data.len / 3;
    // Bits that carries go through, more often than at random.
    if (inputs.random.boolean()) @memset(inputs.bytes[half..data.len], 0xff);
    var key: [32]u8 = undefined;
    inputs.random.bytes(&key);
    if (inputs.random.boolean()) @memset(key[0..16], 0xff);
    var tag: [16]u8 = undefined;
    var expected: [16]u8 = undefined;
    variants.baseline.poly1305(&key, data.ptr, half, data.ptr + half, data.len - half, &tag, bulk);
    poly1305.portable(&key, data[0..half], data[half..], &expected, null);
    try expect_equal(u8, &expected, &tag);
}

fn blocks_of_argon2(comptime variant: type, inputs: *Inputs) !void {
    var three: [3]argon2_block.Block = undefined;
    inputs.random.bytes(std.mem.asBytes(&three));
    var expected = three[0];
    const adds = inputs.random.boolean();
    argon2_block.portable(&expected, &three[1], &three[2], adds);
    variant.argon2(&three[0], &three[1], &three[2], adds);
    try expect_equal(u64, &expected, &three[0]);
}

fn only_baseline(inputs: *Inputs) !void {
    const data = inputs.next();
    var state: [8]u64 = undefined;
    inputs.random.bytes(std.mem.asBytes(&state));
    var expected = state;
    const blocks = data[0 .. data.len / 128 * 128];
    sha2.portable(u64, &expected, blocks);
    variants.baseline.sha512(&state, blocks.ptr, blocks.len);
    try expect_equal(u64, &expected, &state);

    var first: chacha20.State = undefined;
    inputs.random.bytes(std.mem.asBytes(&first));
    var block: [16]u32 = undefined;
    var expected_block: [64]u8 = @splat(0);
    block_by_block(first, &expected_block, &expected_block);
    // Its constants are the caller's.
    first[0..4].* = chacha20.state_of(&@splat(0), 0, &@splat(0))[0..4].*;
    variants.baseline.chacha20_block(&first, &block);
    try expect_equal(u8, &expected_block, std.mem.asBytes(&block));
}

test "the baseline variant of the inner loops, over random lengths" {
    var generator: std.Random.DefaultPrng = .init(1);
    var inputs: Inputs = .{ .random = generator.random() };
    for (0..rounds) |_| {
        try sha256(variants.baseline, &inputs);
        try chacha(variants.baseline.chacha20, &inputs);
        try poly(null, &inputs);
        try blocks_of_argon2(variants.baseline, &inputs);
        try only_baseline(&inputs);
    }
}

test "the newer variant of the inner loops, over random lengths" {
    const found = cpu.detect();
    if (!variants.two or !found.sha) {
        std.debug.print("skipped: the newer variant: this processor takes the baseline\n", .{});
        return error.SkipZigTest;
    }
    var generator: std.Random.DefaultPrng = .init(2);
    var inputs: Inputs = .{ .random = generator.random() };
    for (0..rounds) |_| {
        try sha256(variants.newer, &inputs);
        try chacha(variants.newer.chacha20, &inputs);
        try poly(variants.newer.poly1305_bulk, &inputs);
        try blocks_of_argon2(variants.newer, &inputs);
    }
}

test "the widest variant of the inner loops, over random lengths" {
    if (!variants.three or !cpu.detect().wide_vectors) {
        std.debug.print("skipped: the widest variant: this processor has no AVX-512, or this is not Linux on x86_64\n", .{});
        return error.SkipZigTest;
    }
    var generator: std.Random.DefaultPrng = .init(3);
    var inputs: Inputs = .{ .random = generator.random() };
    for (0..rounds) |_| try chacha(variants.widest.chacha20, &inputs);
}
