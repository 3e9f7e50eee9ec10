//! SHA-256 whose blocks the root may have worked by code for the processor at hand: see
//! `variants.zig`. The padding is here, the compression function is that of Zig's std.

const std = @import("std");
const root = @import("root");
const Std = std.crypto.hash.sha2.Sha256;

/// What `std.crypto.auth.hmac.Hmac` takes for a hash.
pub const Sha256 = struct {
    pub const block_length = Std.block_length;
    pub const digest_length = Std.digest_length;
    pub const Options = Std.Options;

    state: [8]u32,
    partial: [block_length]u8 = undefined,
    partial_length: usize = 0,
    total_length: u64 = 0,

    pub fn init(options: Options) Sha256 {
        return .{ .state = Std.init(options).s };
    }

    pub fn hash(data: []const u8, out: *[digest_length]u8, options: Options) void {
        var context: Sha256 = .init(options);
        defer std.crypto.secureZero(u8, std.mem.asBytes(&context));
        context.update(data);
        context.final(out);
    }

    pub fn update(context: *Sha256, data: []const u8) void {
        context.total_length += data.len;
        var rest = data;
        if (context.partial_length > 0) {
            const taken = @min(block_length - context.partial_length, rest.len);
            @memcpy(context.partial[context.partial_length..][0..taken], rest[0..taken]);
            context.partial_length += taken;
            rest = rest[taken..];
            if (context.partial_length < block_length) return;
            compress(&context.state, &context.partial);
        }
        const whole = rest.len / block_length * block_length;
        if (whole > 0) compress(&context.state, rest[0..whole]);
        context.partial_length = rest.len - whole;
        @memcpy(context.partial[0..context.partial_length], rest[whole..]);
    }

    pub fn final(context: *Sha256, out: *[digest_length]u8) void {
        const length_bytes = 8;
        context.partial[context.partial_length] = 0x80;
        @memset(context.partial[context.partial_length + 1 ..], 0);
        if (context.partial_length + 1 > block_length - length_bytes) {
            compress(&context.state, &context.partial);
            @memset(&context.partial, 0);
        }
        std.mem.writeInt(u64, context.partial[block_length - length_bytes ..], context.total_length * 8, .big);
        compress(&context.state, &context.partial);
        for (context.state, 0..) |word, index| std.mem.writeInt(u32, out[4 * index ..][0..4], word, .big);
    }
};

fn compress(state: *[8]u32, blocks: []const u8) void {
    if (@hasDecl(root, "hot")) root.hot.sha256(state, blocks) else portable(state, blocks);
}

/// Works whole blocks.
pub fn portable(state: *[8]u32, blocks: []const u8) void {
    var context: Std = .{ .s = state.* };
    defer std.crypto.secureZero(u8, std.mem.asBytes(&context));
    context.update(blocks);
    state.* = context.s;
}
