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
