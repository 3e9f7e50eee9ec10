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

fn ciphers(comptime variant: type, inputs: *Inputs) !void {
    const data = inputs.next();
    var state: chacha20.State = undefined;
    inputs.random.bytes(std.mem.asBytes(&state));
    var out: [length_max + 1]u8 = @splat(0xA5);
    var expected: [length_max]u8 = undefined;
    chacha20.portable(&state, data, expected[0..data.len]);
    variant.chacha20(&state, data.ptr, &out, data.len);
    try expect_equal(u8, expected[0..data.len], out[0..data.len]);
    // And not a byte more.
    try std.testing.expectEqual(@as(u8, 0xA5), out[data.len]);
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

    const half = data.len / 2;
    var tag: [16]u8 = undefined;
    var expected_tag: [16]u8 = undefined;
    const key = inputs.bytes[0..32];
    poly1305.portable(key, data[0..half], data[half..], &expected_tag);
    variants.baseline.poly1305(key, data.ptr, half, data.ptr + half, data.len - half, &tag);
    try expect_equal(u8, &expected_tag, &tag);
}

test "the baseline variant of the inner loops, over random lengths" {
    var generator: std.Random.DefaultPrng = .init(1);
    var inputs: Inputs = .{ .random = generator.random() };
    for (0..rounds) |_| {
        try sha256(variants.baseline, &inputs);
        try ciphers(variants.baseline, &inputs);
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
        try ciphers(variants.newer, &inputs);
        try blocks_of_argon2(variants.newer, &inputs);
    }
}
