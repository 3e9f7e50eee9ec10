//! Strings of the form `name=value`, as POSIX systems have them (environ(7)).

const std = @import("std");
const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const wipe = @import("../wipe.zig").wipe;

/// A list of them, whose end is null: `environ`.
pub const List = [*:null]const ?[*]u8;

pub fn terminated(name: []u8) abi.Error![:0]const u8 {
    if (name.len < 2 or name[name.len - 1] != 0) return error.InvalidArgument;
    return name[0 .. name.len - 1 :0];
}

pub fn create(cause: *abi.Cause, found: ?[]u8, shape: secret.Shape) abi.Error!u32 {
    const bytes = found orelse return error.SourceMissing;
    if (bytes.len == 0) return error.SourceEmpty;
    var wanted = shape;
    wanted.length = std.math.cast(u32, bytes.len) orelse return error.SourceTooLarge;
    return secret.create(cause, wanted, .{ .payload = bytes });
}

/// How long the string is whose end is a zero.
pub noinline fn length(string: [*]const u8, max: usize) usize {
    var index: usize = 0;
    while (index < max and string[index] != 0) index += 1;
    return index;
}

/// The value of a string, if it has that name.
pub noinline fn value(string: []u8, name: []const u8) ?[]u8 {
    if (string.len <= name.len or string[name.len] != '=') return null;
    for (name, string[0..name.len]) |one, other| if (one != other) return null;
    return string[name.len + 1 ..];
}

/// The first value of that name. If all of them are to be overwritten, none.
pub noinline fn find(list: List, name: []const u8, overwrites: bool) ?[]u8 {
    var index: usize = 0;
    while (list[index]) |string| : (index += 1) {
        const found = value(string[0..length(string, std.math.maxInt(usize))], name) orelse continue;
        if (!overwrites) return found;
        wipe(found);
    }
    return null;
}

test find {
    var one = "A=1".*;
    var longer = "AB=2".*;
    var again = "A=3".*;
    var bare = "AC".*;
    var strings = [_:null]?[*]u8{ &longer, &bare, &one, &again };
    inline for (.{ &one, &longer, &again, &bare }) |string| try std.testing.expectEqual(string.len, length(string, 9));
    const list: List = &strings;
    try std.testing.expectEqualStrings("1", find(list, "A", false).?);
    try std.testing.expectEqualStrings("2", find(list, "AB", false).?);
    for ([_][]const u8{ "", "B", "AC", "ABC" }) |name| try std.testing.expectEqual(null, find(list, name, false));
    try std.testing.expectEqual(null, find(list, "A", true));
    try std.testing.expectEqualStrings("A=\x00", &one);
    try std.testing.expectEqualStrings("A=\x00", &again);
    try std.testing.expectEqualStrings("AB=2", &longer);
}
