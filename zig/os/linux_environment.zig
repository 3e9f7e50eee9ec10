//! The environment on Linux. It is in two places, which mostly are one:
//!
//! - The block that execve(2) wrote above the stack. /proc/PID/environ shows it, whatever
//!   becomes of it (proc_pid_environ(5)); its bounds are in /proc/self/stat.
//! - The list of the C library, environ(7), which points to strings of that block, and to
//!   those that setenv(3) and putenv(3) have added since. What getenv(3) finds is in it.
//!
//! Sources: environ(7), proc_pid_stat(5), setenv(3) of the Linux man-pages.

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const strings = @import("environment_strings.zig");
const process_function = @import("linux.zig").process_function;
const wipe = @import("../wipe.zig").wipe;

pub const terminated = strings.terminated;

pub fn create(cause: *abi.Cause, name: [:0]const u8, shape: secret.Shape) abi.Error!u32 {
    return strings.create(cause, find(name), shape);
}

/// What the C library says counts; the kernel's block only where there is none.
fn find(name: []const u8) ?[]u8 {
    const environ = process_function(?strings.List, "environ") orelse return in_block(name, false);
    return strings.find(environ.* orelse return null, name, false);
}

pub fn scrub(name: [:0]const u8) void {
    _ = in_block(name, true);
    const environ = process_function(?strings.List, "environ") orelse return;
    _ = strings.find(environ.* orelse return, name, true);
    // It moves the pointers behind, and frees what is the C library's own.
    const unset = process_function(fn ([*:0]const u8) callconv(.c) c_int, "unsetenv") orelse return;
    _ = unset(name);
}

/// The first value of that name. If all of them are to be overwritten, none.
noinline fn in_block(name: []const u8, overwrites: bool) ?[]u8 {
    var block: Block = .of_kernel();
    while (block.next()) |string| {
        const found = strings.value(string, name) orelse continue;
        if (!overwrites) return found;
        wipe(found);
    }
    return null;
}

/// The kernel's block, string by string.
const Block = struct {
    rest: []u8,

    fn of_kernel() Block {
        const nothing: Block = .{ .rest = &.{} };
        // Of the process, not of the thread: QEMU's user mode knows this one, and says 0.
        const file = linux.open("/proc/self/stat", .{ .CLOEXEC = true }, 0);
        if (linux.errno(file) != .SUCCESS) return nothing;
        defer _ = linux.close(@intCast(file));
        var buffer: [1024]u8 = undefined;
        const read = linux.read(@intCast(file), &buffer, buffer.len);
        if (linux.errno(read) != .SUCCESS) return nothing;
        const bounds = bounds_in(buffer[0..read]);
        if (bounds[0] == 0 or bounds[1] <= bounds[0]) return nothing;
        return .{ .rest = @as([*]u8, @ptrFromInt(bounds[0]))[0 .. bounds[1] - bounds[0]] };
    }

    fn next(block: *Block) ?[]u8 {
        if (block.rest.len == 0) return null;
        const end = strings.length(block.rest.ptr, block.rest.len);
        defer block.rest = block.rest[@min(end + 1, block.rest.len)..];
        return block.rest[0..end];
    }
};

/// Fields 50 and 51, `env_start` and `env_end`; zeros if they are not there. The second field is
/// the only one that may hold spaces and parentheses.
noinline fn bounds_in(text: []const u8) [2]usize {
    var bounds: [2]usize = .{ 0, 0 };
    var field: usize = 0;
    for (text) |byte| {
        if (byte == ')') {
            field = 2;
            bounds = .{ 0, 0 };
        } else if (byte == ' ') {
            field += 1;
        } else if (field == 50 or field == 51) {
            const number = &bounds[field - 50];
            number.* = number.* *% 10 +% (byte -% '0');
        }
    }
    return bounds;
}

test bounds_in {
    // Fields 3 to 49.
    const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 " ++
        "31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46";
    try std.testing.expectEqual([2]usize{ 140, 155 }, bounds_in("7 (a) 50 (b)" ++ rest ++ " 140 155 0\n"));
    try std.testing.expectEqual([2]usize{ 0, 0 }, bounds_in("7 (a)" ++ rest ++ "\n"));
    try std.testing.expectEqual([2]usize{ 0, 0 }, bounds_in(""));
}
