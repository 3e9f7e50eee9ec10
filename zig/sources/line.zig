//! A line that is typed without echo, byte by byte, and edited as a terminal's driver would
//! (termios(3), "canonical mode"): the driver itself forgets what is longer than 4,095 bytes.

const std = @import("std");

/// What edits, by the bytes that the user's settings have for it; 0 is none.
pub const Keys = struct {
    erase: u8 = 0,
    word: u8 = 0,
    kill: u8 = 0,
    end: u8 = 0,
};

pub const Line = struct {
    length: usize = 0,
    /// More was typed than there is room for, and the line was not begun anew since.
    too_long: bool = false,

    pub const Progress = enum { more, refused, done, ended };

    /// Takes the byte that was written to `bytes[length]`; the last place is for that alone.
    pub noinline fn take(line: *Line, bytes: []const u8, keys: Keys) Progress {
        const byte = bytes[line.length];
        // It is no key, and nothing that can be typed means it.
        if (byte == 0) return .refused;
        if (byte == '\n' or byte == '\r') return .done;
        if (byte == keys.end) return if (line.length == 0) .ended else .refused;
        if (byte == keys.erase or byte == 0x7F or byte == 0x08) {
            line.erase(bytes);
        } else if (byte == keys.kill) {
            line.* = .{};
        } else if (byte == keys.word) {
            while (line.length > 0 and bytes[line.length - 1] == ' ') line.length -= 1;
            while (line.length > 0 and bytes[line.length - 1] != ' ') line.length -= 1;
        } else if (line.length == bytes.len - 1) {
            line.too_long = true;
            return .refused;
        } else line.length += 1;
        return .more;
    }

    /// A whole character of UTF-8: what continues one is 0b10xxxxxx (RFC 3629).
    fn erase(line: *Line, bytes: []const u8) void {
        while (line.length > 0) {
            line.length -= 1;
            if (bytes[line.length] & 0xC0 != 0x80) return;
        }
    }
};

const common: Keys = .{ .erase = 0x7F, .word = 0x17, .kill = 0x15, .end = 0x04 };

fn typed(text: []const u8, room: usize) !struct { []const u8, Line, Line.Progress } {
    const State = struct {
        var bytes: [16]u8 = undefined;
    };
    var line: Line = .{};
    var progress: Line.Progress = .more;
    for (text) |byte| {
        State.bytes[line.length] = byte;
        progress = line.take(State.bytes[0 .. room + 1], common);
    }
    return .{ State.bytes[0..line.length], line, progress };
}

test Line {
    for ([_][2][]const u8{
        .{ "abc", "abc" },
        .{ "abc\x7F", "ab" },
        .{ "abc\x08\x08\x08\x08d", "d" },
        .{ "a\xC3\xA9\x7F", "a" },
        .{ "a\xF0\x9F\x94\x91\x7Fb", "ab" },
        .{ "one two \x17", "one " },
        .{ "one\x17", "" },
        .{ "one\x15two", "two" },
        .{ "o\x00ne", "one" },
        .{ "one\x04", "one" },
    }) |case| try std.testing.expectEqualStrings(case[1], (try typed(case[0], 15))[0]);
    try std.testing.expectEqual(.done, (try typed("a\r", 15))[2]);
    try std.testing.expectEqual(.done, (try typed("\n", 15))[2]);
    try std.testing.expectEqual(.ended, (try typed("\x04", 15))[2]);
    try std.testing.expectEqual(.refused, (try typed("a\x04", 15))[2]);
}

test "what is too long is refused, and stays so until the line is begun anew" {
    const full = try typed("abcde", 4);
    try std.testing.expectEqualStrings("abcd", full[0]);
    try std.testing.expectEqual(.refused, full[2]);
    try std.testing.expect(full[1].too_long);
    try std.testing.expect((try typed("abcde\x7F", 4))[1].too_long);
    try std.testing.expect(!(try typed("abcde\x15", 4))[1].too_long);
    try std.testing.expect(!(try typed("abcd\n", 4))[1].too_long);
}
