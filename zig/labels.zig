//! Labels of secrets, for the lines about faults. A label is not content: it is shown.
//!
//! They stand beside the table, not in it: memory for them is taken with the first label
//! of 512 records, and a process without labels has none. A label belongs to one use of
//! its record, whose number is kept with it, so it ends when that use does, without being
//! cleared. It outlives `destroy`: a secret whose pages rest can still be named.

const std = @import("std");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const table = @import("table.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

/// Bytes of UTF-8 that are kept of a label.
pub const bytes_max = 55;

pub const Text = [bytes_max]u8;

const Label = struct {
    /// `Record.uses` when it was set; 0 if there is none.
    use: std.atomic.Value(u64) = .init(0),
    length: u8 = 0,
    text: Text = @splat(0),
};

const chunk_labels = 512;
const Chunk = [chunk_labels]Label;

comptime {
    std.debug.assert(@sizeOf(Label) == 64);
    std.debug.assert(layout.records_max % chunk_labels == 0);
}

pub const Variables = struct {
    chunks: [layout.records_max / chunk_labels]std.atomic.Value(?*Chunk) = @splat(.init(null)),
    /// Held while a chunk is made.
    lock: Lock = .{},
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.labels, &own);
}

/// Names the secret of a handle. What could forge a line or hide in it is replaced.
pub fn set(cause: *abi.Cause, handle: u32, label: []const u8) abi.Error!void {
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state != .live) return error.Closed;
    return put(cause, record, label);
}

/// The same for a record that the caller has locked.
pub fn put(cause: *abi.Cause, record: *const table.Record, label: []const u8) abi.Error!void {
    const slot = try slot_of(cause, record.index);
    // Nobody reads a label that belongs to no use.
    slot.use.store(0, .release);
    slot.length = @intCast(clean(label, &slot.text).len);
    slot.use.store(record.uses, .release);
}

fn slot_of(cause: *abi.Cause, index: u32) abi.Error!*Label {
    const place = &vars().chunks[index / chunk_labels];
    vars().lock.acquire();
    defer vars().lock.release();
    const chunk = place.load(.acquire) orelse blk: {
        const address = os.metadata(cause, @sizeOf(Chunk)) catch return error.AllocationFailed;
        const fresh: *Chunk = @ptrFromInt(address);
        fresh.* = @splat(.{});
        place.store(fresh, .release);
        break :blk fresh;
    };
    return &chunk[index % chunk_labels];
}

/// The label of one use of a record; empty if there is none. Takes no lock: for the fault
/// handler. A label that changes meanwhile may come out mixed, never longer than it can be.
pub fn get(index: u32, use: u64, into: *Text) []const u8 {
    if (index >= layout.records_max or use == 0) return "";
    const chunk = vars().chunks[index / chunk_labels].load(.acquire) orelse return "";
    const slot = &chunk[index % chunk_labels];
    if (slot.use.load(.acquire) != use) return "";
    const length = @min(@as(*const volatile u8, &slot.length).*, bytes_max);
    into.* = slot.text;
    return into[0..length];
}

const replacement = "?";
const cut_off = "…";

/// Writes what may be shown of a label, cut at a character.
pub fn clean(label: []const u8, into: *Text) []const u8 {
    var length: usize = 0;
    // The longest that leaves room for saying that more follows.
    var short: usize = 0;
    var index: usize = 0;
    while (index < label.len) {
        const character, const point = next(label[index..]);
        index += character.len;
        const shown = if (point != null and harmless(point.?)) character else replacement;
        if (length + shown.len > into.len) {
            into[short..][0..cut_off.len].* = cut_off.*;
            return into[0 .. short + cut_off.len];
        }
        @memcpy(into[length..][0..shown.len], shown);
        length += shown.len;
        if (length + cut_off.len <= into.len) short = length;
    }
    return into[0..length];
}

/// The bytes of the first character, or one byte if they are none; and what it is, or null.
fn next(bytes: []const u8) struct { []const u8, ?u21 } {
    const first = bytes[0];
    const length: usize, const least: u21, var point: u21 = switch (first) {
        0...0x7F => .{ 1, 0, first },
        0xC0...0xDF => .{ 2, 0x80, first & 0x1F },
        0xE0...0xEF => .{ 3, 0x800, first & 0x0F },
        0xF0...0xF7 => .{ 4, 0x10000, first & 0x07 },
        else => return .{ bytes[0..1], null },
    };
    if (length > bytes.len) return .{ bytes[0..1], null };
    for (bytes[1..length]) |byte| {
        if (byte & 0xC0 != 0x80) return .{ bytes[0..1], null };
        point = point << 6 | (byte & 0x3F);
    }
    const valid = point >= least and point <= 0x10FFFF and (point < 0xD800 or point > 0xDFFF);
    return if (valid) .{ bytes[0..length], point } else .{ bytes[0..1], null };
}

/// False for what ends the line or the quotes, moves the cursor, or turns the direction of
/// text (Unicode Standard Annex 9).
fn harmless(point: u21) bool {
    return switch (point) {
        0...0x1F, '"', 0x7F...0x9F => false,
        0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF => false,
        else => true,
    };
}

fn expect_clean(wanted: []const u8, label: []const u8) !void {
    var text: Text = undefined;
    try std.testing.expectEqualStrings(wanted, clean(label, &text));
}

fn repeated(comptime character: []const u8, comptime count: usize) *const [character.len * count]u8 {
    const all: [count][character.len]u8 = comptime @splat(character[0..character.len].*);
    return @ptrCast(&all);
}

test "harmless labels are shown as they are" {
    for ([_][]const u8{ "", "db password", "clé/ключ/鍵/🔑", "it's 100% \\o/", repeated("x", bytes_max) }) |label| {
        try expect_clean(label, label);
    }
}

test "a label cannot end its line, its quotes, or the direction of text" {
    try expect_clean("a?b?c?d?e", "a\nb\rc\x1bd\x00e");
    try expect_clean("? (1 byte) of ?", "\" (1 byte) of \"");
    try expect_clean("?a?b?c?", "\u{202E}a\u{2028}b\u{85}c\u{2067}");
    try expect_clean("???", "\x7f\u{9b}\u{feff}");
}

test "bytes that are no UTF-8 are replaced one by one" {
    try expect_clean("a?b", "a\xffb");
    try expect_clean("??", "\xc3\xc3");
    try expect_clean("???", "\xed\xa0\x80"); // A surrogate.
    try expect_clean("??", "\xe2\x82"); // The start of a character.
    try expect_clean("??", "\xc0\x80"); // Longer than it has to be.
    try expect_clean("???", "\xe0\x9f\xbf");
    try expect_clean("????", "\xf0\x8f\xbf\xbf");
    try expect_clean("????", "\xf4\x90\x80\x80"); // Beyond the last one.
    try expect_clean("??", "\xf8\x80");
    // The first and the last of each length.
    const ends = "\u{A0}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}";
    try expect_clean(ends, ends);
}

test "a long label is cut at a character, and shows that it was" {
    try expect_clean(repeated("x", 52) ++ "…", repeated("x", 56));
    try expect_clean(repeated("x", 52) ++ "…", repeated("x", 10_000));
    try expect_clean(repeated("é", 26) ++ "…", repeated("é", 28));
    try expect_clean("x" ++ repeated("é", 25) ++ "…", "x" ++ repeated("é", 28));
    try expect_clean(repeated("🔑", 13) ++ "…", repeated("🔑", 14));
    // At each place where the cut can fall, what is left is whole characters.
    for (0..8) |shift| {
        var label: [200]u8 = undefined;
        @memset(label[0..shift], 'x');
        var end = shift;
        while (end + 4 <= label.len) : (end += 4) label[end..][0..4].* = "🔑".*;
        var text: Text = undefined;
        const shown = clean(label[0..end], &text);
        try std.testing.expect(std.unicode.utf8ValidateSlice(shown));
        try std.testing.expect(shown.len > bytes_max - 7);
        try std.testing.expect(std.mem.endsWith(u8, shown, cut_off));
    }
}
