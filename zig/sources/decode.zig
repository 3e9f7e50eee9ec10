//! Hexadecimal and base64 (RFC 4648, sections 8, 4 and 5) in a time that depends on the
//! length, on where white space stands, and on whether and where the text is wrong: on no
//! character's value. No tables, and no branch on a value: only on what is public.
//!
//! What is taken and what not is what ECMAScript's `Uint8Array.fromHex` and `fromBase64`
//! take by default, with one difference: bits behind the last byte have to be zero, so that
//! bytes have one text, give or take white space and padding.
//!
//! hex: digits of both cases, an even number of them, nothing else. base64: white space
//! anywhere; padding may be left out, but not in part.

const std = @import("std");
const public = std.crypto.timing_safe.declassify;

pub const Format = enum(u2) { hex, base64, base64url };

/// Text, and the form that it has.
pub const Text = struct {
    format: Format,
    bytes: []u8,

    /// Bytes that it holds, which are written to `out` if there is one. If it is wrong,
    /// `position` says where: at the text's length, if something is missing there.
    pub noinline fn decode(text: Text, out: ?[*]u8, position: *usize) error{NotDecodable}!usize {
        return switch (text.format) {
            .hex => decode_hex(text.bytes, out, position),
            .base64 => decode_base64(text.bytes, '+', '/', out, position),
            .base64url => decode_base64(text.bytes, '-', '_', out, position),
        };
    }
};

fn decode_hex(text: []const u8, out: ?[*]u8, position: *usize) error{NotDecodable}!usize {
    var high: u32 = 0;
    for (text, 0..) |byte, index| {
        const character: u32 = byte;
        const digit = within(character, '0', '9');
        // Both cases at once: they differ in one bit.
        const letter = within(character | 0x20, 'a', 'f');
        var wrong = (digit | letter) == 0;
        public(&wrong);
        position.* = index;
        if (wrong) return error.NotDecodable;
        const value = (digit & (character -% '0')) | (letter & ((character | 0x20) -% ('a' - 10)));
        if (index % 2 == 1) {
            if (out) |target| target[index / 2] = @truncate(high << 4 | value);
        }
        high = value;
    }
    position.* = text.len;
    if (text.len % 2 == 1) return error.NotDecodable;
    return text.len / 2;
}

fn decode_base64(text: []const u8, with_62: u8, with_63: u8, out: ?[*]u8, position: *usize) error{NotDecodable}!usize {
    var length: usize = 0;
    // Characters of the present group of four, their bits, and padding behind them.
    var count: u32 = 0;
    var bits: u32 = 0;
    var padding: u32 = 0;
    var last: usize = 0;
    for (text, 0..) |byte, index| {
        const character: u32 = byte;
        var blank = (within(character, '\t', '\n') | within(character, 0x0C, '\r') | within(character, ' ', ' ')) != 0;
        public(&blank);
        if (blank) continue;
        position.* = index;
        var pads = within(character, '=', '=') != 0;
        public(&pads);
        if (pads) {
            // Behind two characters come two, behind three one.
            if (count < 2 or count + padding == 4) return error.NotDecodable;
            padding += 1;
            continue;
        }
        const upper = within(character, 'A', 'Z');
        const lower = within(character, 'a', 'z');
        const digit = within(character, '0', '9');
        const is_62 = within(character, with_62, with_62);
        const is_63 = within(character, with_63, with_63);
        var wrong = (upper | lower | digit | is_62 | is_63) == 0;
        public(&wrong);
        if (wrong or padding > 0) return error.NotDecodable;
        last = index;
        bits = bits << 6 |
            (upper & (character -% 'A')) |
            (lower & (character -% ('a' - 26))) |
            (digit & (character +% (52 - '0'))) |
            (is_62 & 62) | (is_63 & 63);
        count += 1;
        if (count == 4) {
            if (out) |target| write(target + length, bits, 3);
            length += 3;
            count = 0;
            bits = 0;
        }
    }
    position.* = text.len;
    if (count == 1 or (padding > 0 and count + padding != 4)) return error.NotDecodable;
    if (count == 0) return length;
    var rest = bits & (if (count == 2) @as(u32, 0xF) else 0x3) != 0;
    public(&rest);
    position.* = last;
    if (rest) return error.NotDecodable;
    if (out) |target| write(target + length, bits << @intCast(6 * (4 - count)), count - 1);
    return length + count - 1;
}

/// The first bytes of 24 bits.
fn write(target: [*]u8, bits: u32, count: u32) void {
    target[0] = @truncate(bits >> 16);
    if (count > 1) target[1] = @truncate(bits >> 8);
    if (count > 2) target[2] = @truncate(bits);
}

/// All ones if it is one of these characters, else zero.
inline fn within(character: u32, low: u32, high: u32) u32 {
    // Each difference is negative, and so has its first bit, just where that side holds.
    return 0 -% (((low -% 1 -% character) & (character -% (high + 1))) >> 31);
}

fn expect_decoded(format: Format, wanted: []const u8, text: []const u8) !void {
    var copy: [64]u8 = undefined;
    @memcpy(copy[0..text.len], text);
    const given: Text = .{ .format = format, .bytes = copy[0..text.len] };
    var position: usize = 0;
    try std.testing.expectEqual(wanted.len, try given.decode(null, &position));
    // Not one byte more than it said.
    var out: [64]u8 = @splat(0xEE);
    try std.testing.expectEqual(wanted.len, try given.decode(&out, &position));
    try std.testing.expectEqualSlices(u8, wanted, out[0..wanted.len]);
    for (out[wanted.len..]) |byte| try std.testing.expectEqual(@as(u8, 0xEE), byte);
}

fn expect_wrong(format: Format, wanted: usize, text: []const u8) !void {
    var copy: [64]u8 = undefined;
    @memcpy(copy[0..text.len], text);
    const given: Text = .{ .format = format, .bytes = copy[0..text.len] };
    var position: usize = 999;
    try std.testing.expectError(error.NotDecodable, given.decode(null, &position));
    try std.testing.expectEqual(wanted, position);
}

test "hexadecimal: every byte in both cases, and every other character refused" {
    for (0..256) |number| {
        const byte: u8 = @intCast(number);
        for ([_]std.fmt.Case{ .lower, .upper }) |case| {
            const text = std.fmt.bytesToHex([_]u8{ byte, 0xFF, byte }, case);
            try expect_decoded(.hex, &.{ byte, 0xFF, byte }, &text);
        }
        if (std.ascii.isHex(byte)) continue;
        for (0..6) |place| {
            var text = "00aaFF".*;
            text[place] = byte;
            try expect_wrong(.hex, place, &text);
        }
    }
    try expect_decoded(.hex, "", "");
    try expect_wrong(.hex, 1, "a");
    try expect_wrong(.hex, 3, "abc");
}

test "base64: the test vectors of RFC 4648, with and without padding" {
    const vectors = [_][3][]const u8{
        .{ "f", "Zg", "==" },        .{ "fo", "Zm8", "=" },        .{ "foo", "Zm9v", "" },
        .{ "foob", "Zm9vYg", "==" }, .{ "fooba", "Zm9vYmE", "=" }, .{ "foobar", "Zm9vYmFy", "" },
    };
    for (vectors) |vector| {
        for ([_]Format{ .base64, .base64url }) |format| {
            try expect_decoded(format, vector[0], vector[1]);
            var padded: [16]u8 = undefined;
            try expect_decoded(format, vector[0], try std.fmt.bufPrint(&padded, "{s}{s}", .{ vector[1], vector[2] }));
            try expect_decoded(format, vector[0], try std.fmt.bufPrint(&padded, " {s}\n{s} ", .{ vector[1], vector[2] }));
        }
    }
    try expect_decoded(.base64, "", " \t\n\x0c\r");
}

test "base64: every value at every place, and every other character refused" {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for ([_]Format{ .base64, .base64url }, [_]*const [64]u8{ alphabet ++ "+/", alphabet ++ "-_" }) |format, characters| {
        for (0..256) |number| {
            const byte: u8 = @intCast(number);
            const value = std.mem.findScalar(u8, characters, byte);
            for (0..8) |place| {
                var text = "lmnopqrs".*;
                text[place] = byte;
                if (value) |sextet| {
                    var bits: u48 = 0;
                    for (text) |one| bits = bits << 6 | @as(u6, @intCast(std.mem.findScalar(u8, characters, one).?));
                    var wanted: [6]u8 = undefined;
                    std.mem.writeInt(u48, &wanted, bits, .big);
                    try expect_decoded(format, &wanted, &text);
                    try std.testing.expectEqual(@as(u6, @intCast(sextet)), @as(u6, @truncate(bits >> @intCast(6 * (7 - place)))));
                } else if (std.ascii.isWhitespace(byte) and byte != 0x0B) {
                    // Then there is one character of the group too few.
                    var position: usize = 0;
                    const given: Text = .{ .format = format, .bytes = &text };
                    const result = given.decode(null, &position);
                    if (result) |length| try std.testing.expectEqual(@as(usize, 5), length) else |_| {}
                } else if (byte != '=') {
                    try expect_wrong(format, place, &text);
                }
            }
        }
    }
}

test "base64: padding in part, in the wrong place, or more than there is room for" {
    for ([_]Format{ .base64, .base64url }) |format| {
        try expect_wrong(format, 1, "Z");
        try expect_wrong(format, 3, "Zg=");
        try expect_wrong(format, 4, "Zg===");
        try expect_wrong(format, 4, "Zm8==");
        try expect_wrong(format, 4, "Zm9v=");
        try expect_wrong(format, 0, "=");
        try expect_wrong(format, 1, "Z===");
        try expect_wrong(format, 3, "Zg=Z");
        try expect_wrong(format, 4, "Zg==Zg==");
        // Bits that are left over.
        try expect_wrong(format, 1, "Zh");
        try expect_wrong(format, 1, "Zh==");
        try expect_wrong(format, 2, "Zm9=\n");
    }
}
