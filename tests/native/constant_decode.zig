//! Decodes texts whose characters valgrind takes for secret; what it reports of that is an error.
//!
//!     constant_decode hex|base64|base64url|table
//!
//! `table` decodes base64 as code that is not for secrets does, by a table: there valgrind has to
//! report something, or it would find nothing in the others.

const std = @import("std");
const decode = @import("decode");

const What = enum { hex, base64, base64url, table };

pub fn main(init: std.process.Init.Minimal) !void {
    var arguments = init.args.iterate();
    _ = arguments.next();
    const what = std.meta.stringToEnum(What, arguments.next() orelse return error.Usage) orelse return error.Usage;
    const texts: []const []const u8 = switch (what) {
        .hex => &.{ "00", "0123456789abcdefABCDEF", "ffFF" },
        // With white space and padding, where public things have to be told from secret ones.
        .base64 => &.{ "Zg==", "Zm8", "+/ab\nCD0=", "Zm9vYmFy" },
        .base64url => &.{ "Zg", "-_ab CD0", "Zm9vYmE=", "Zm9vYmFy" },
        .table => &.{"Zm9vYmFy"},
    };
    for (texts, 1..) |text, number| try run(what, text, if (number == texts.len) repeats else 1);
}

/// The last text of each is also a long one.
const repeats = 300;

fn run(what: What, part: []const u8, times: usize) !void {
    var bytes: [4096]u8 = undefined;
    var out: [4096]u8 = undefined;
    for (0..times) |index| @memcpy(bytes[index * part.len ..][0..part.len], part);
    const text = bytes[0 .. part.len * times];
    for (text) |*byte| std.crypto.timing_safe.classify(byte);
    var position: usize = 0;
    const format: decode.Format = switch (what) {
        .hex => .hex,
        .base64 => .base64,
        .base64url => .base64url,
        .table => return std.base64.standard.Decoder.decode(out[0 .. text.len / 4 * 3], text),
    };
    const given: decode.Text = .{ .format = format, .bytes = text };
    // The length and whether the text is right are public; what came out is not looked at.
    const length = try given.decode(null, &position);
    if (try given.decode(&out, &position) != length) return error.Wrong;
}
