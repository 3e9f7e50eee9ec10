//! A variable of the environment becomes a secret, and is gone afterwards. Without a C library
//! (Linux) it is found in the kernel's block alone.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const environment = @import("sources/environment.zig");
const secret = @import("secret.zig");

const windows = builtin.target.os.tag == .windows;

extern "kernel32" fn SetEnvironmentVariableW(name: [*:0]const u16, value: ?[*:0]const u16) callconv(.winapi) c_int;

/// As the system has names, with a zero at the end.
fn encoded(comptime name: []const u8) []const u8 {
    if (!windows) return name ++ "\x00";
    return std.mem.sliceAsBytes(std.unicode.utf8ToUtf16LeStringLiteral(name ++ "\x00"));
}

fn read(cause: *abi.Cause, comptime name: []const u8, scrub: bool) abi.Error!u32 {
    const State = struct {
        var buffer: [64]u8 align(2) = undefined;
    };
    const bytes = encoded(name);
    @memcpy(State.buffer[0..bytes.len], bytes);
    const shape: secret.Shape = .{ .length = 1, .alignment = 16, .flags = abi.flag_allow_unlocked };
    return environment.create(cause, State.buffer[0..bytes.len], shape, scrub);
}

fn expect_content(handle: u32, wanted: []const u8) !void {
    var cause: abi.Cause = .{};
    try secret.open(&cause, handle, .read);
    const bytes = @as([*]const u8, @ptrFromInt(secret.address(handle)))[0..secret.length(handle)];
    try std.testing.expectEqualStrings(wanted, bytes);
    try secret.close(&cause, handle);
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

test "a variable becomes a secret" {
    var cause: abi.Cause = .{};
    const handle = try read(&cause, "PATH", false);
    try std.testing.expect(secret.length(handle) > 3);
    // It is still there.
    const again = try read(&cause, "PATH", false);
    try std.testing.expectEqual(secret.length(handle), secret.length(again));
    inline for (.{ handle, again }) |one| {
        try secret.destroy(&cause, one);
        try secret.release(&cause, one);
    }
    try std.testing.expectError(error.SourceMissing, read(&cause, "SECUREMEMORY_NO_SUCH", false));
    try std.testing.expectError(error.SourceMissing, read(&cause, "PAT", false));
    try std.testing.expectError(error.SourceMissing, read(&cause, "PATHS_OF_NOBODY", true));
}

test "a variable that is scrubbed is gone" {
    var cause: abi.Cause = .{};
    if (windows) {
        const name = std.unicode.utf8ToUtf16LeStringLiteral("SECUREMEMORY_TEST");
        const value = std.unicode.utf8ToUtf16LeStringLiteral("p\u{e4}55 \u{1f511}");
        try std.testing.expect(SetEnvironmentVariableW(name, value) != 0);
        try expect_content(try read(&cause, "SECUREMEMORY_TEST", true), "p\u{e4}55 \u{1f511}");
        try std.testing.expectError(error.SourceMissing, read(&cause, "SECUREMEMORY_TEST", false));
        return;
    }
    const handle = try read(&cause, "PATH", true);
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
    const now = read(&cause, "PATH", false);
    // Without a C library nobody takes it from the list; it has nothing in it.
    if (builtin.target.os.tag == .linux and !builtin.link_libc) {
        try std.testing.expectError(error.SourceEmpty, now);
    } else try std.testing.expectError(error.SourceMissing, now);
}
