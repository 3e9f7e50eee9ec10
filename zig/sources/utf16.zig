//! UTF-16, as Windows has text, to UTF-8. A surrogate without its other half becomes U+FFFD, as
//! it does in WHATWG's Encoding Standard.

const std = @import("std");

/// Bytes that the text takes as UTF-8; written to `out` if there is one.
pub fn encode(units: []const u16, out: ?[*]u8) usize {
    var length: usize = 0;
    var index: usize = 0;
    while (index < units.len) : (index += 1) {
        var point: u32 = units[index];
        if (point & 0xF800 == 0xD800) {
            const pairs = point < 0xDC00 and index + 1 < units.len and units[index + 1] & 0xFC00 == 0xDC00;
            if (pairs) {
                index += 1;
                point = 0x10000 + ((point & 0x3FF) << 10 | (units[index] & 0x3FF));
            } else point = 0xFFFD;
        }
        const count: usize = if (point < 0x80) 1 else if (point < 0x800) 2 else if (point < 0x10000) 3 else 4;
        if (out) |target| write(target[length..][0..count], point);
        length += count;
    }
    return length;
}

fn write(target: []u8, point: u32) void {
    if (target.len == 1) {
        target[0] = @truncate(point);
        return;
    }
    var rest = point;
    var index = target.len - 1;
    while (index > 0) : (index -= 1) {
        target[index] = @truncate(0x80 | (rest & 0x3F));
        rest >>= 6;
    }
    // As many ones as there are bytes, then a zero.
    const marks: u32 = @as(u32, 0xF00) >> @intCast(target.len);
    target[0] = @truncate((marks & 0xF8) | rest);
}

test encode {
    var out: [32]u8 = undefined;
    inline for (.{ "a", "\u{e9}", "\u{20ac}", "\u{1f511}", "z\u{7ff}\u{800}\u{ffff}\u{10ffff}", "" }) |text| {
        const units = std.unicode.utf8ToUtf16LeStringLiteral(text);
        try std.testing.expectEqual(text.len, encode(units, null));
        try std.testing.expectEqualStrings(text, out[0..encode(units, &out)]);
    }
    for ([_][]const u16{ &.{0xD83D}, &.{0xDD11}, &.{ 0xDD11, 0xD83D } }, [_]usize{ 1, 1, 2 }) |units, count| {
        const length = encode(units, &out);
        try std.testing.expectEqual(3 * count, length);
        for (0..count) |index| try std.testing.expectEqualStrings("\u{fffd}", out[3 * index ..][0..3]);
    }
}
