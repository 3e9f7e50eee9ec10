//! Gives back address space that an engine has reserved and never touched: gigabytes, which
//! gcore(1) would write out as zeros. The engine must not run on after this.

const std = @import("std");
const linux = std.os.linux;
const page_bytes = @import("bare.zig").page_bytes;

/// Smaller mappings are left alone.
const mapping_bytes_min = 16 << 20;

/// Looked at, and given back, in steps of so many bytes.
const step_bytes = 2 << 20;

var maps: [1 << 20]u8 = undefined;

/// Returns how many bytes were given back.
pub fn giveBack() error{ Refused, Unreadable }!usize {
    var given: usize = 0;
    var lines = std.mem.tokenizeScalar(u8, try readMaps(), '\n');
    while (lines.next()) |line| {
        // A mapping of a file has content, touched or not.
        if (std.mem.findScalar(u8, line, '/') != null) continue;
        const dash = std.mem.findScalar(u8, line, '-') orelse return error.Unreadable;
        const space = std.mem.findScalar(u8, line, ' ') orelse return error.Unreadable;
        const from = std.fmt.parseInt(usize, line[0..dash], 16) catch return error.Unreadable;
        const to = std.fmt.parseInt(usize, line[dash + 1 .. space], 16) catch return error.Unreadable;
        if (to - from >= mapping_bytes_min) given += hollow(from, to);
    }
    return given;
}

fn readMaps() error{Refused}![]const u8 {
    const opened = linux.openat(linux.AT.FDCWD, "/proc/self/maps", .{}, 0);
    if (linux.errno(opened) != .SUCCESS) return error.Refused;
    const descriptor: i32 = @intCast(opened);
    defer _ = linux.close(descriptor);
    var length: usize = 0;
    while (true) {
        const result = linux.read(descriptor, maps[length..].ptr, maps.len - length);
        if (linux.errno(result) != .SUCCESS) return error.Refused;
        if (result == 0) return maps[0..length];
        length += result;
    }
}

fn hollow(from: usize, to: usize) usize {
    var given: usize = 0;
    var at = std.mem.alignForward(usize, from, step_bytes);
    while (at + step_bytes <= to) : (at += step_bytes) {
        var resident: [step_bytes / page_bytes]u8 = undefined;
        const asked = linux.syscall3(.mincore, at, step_bytes, @intFromPtr(&resident));
        if (linux.errno(asked) != .SUCCESS) continue;
        if (!std.mem.allEqual(u8, &resident, 0)) continue;
        if (linux.errno(linux.munmap(@ptrFromInt(at), step_bytes)) == .SUCCESS) given += step_bytes;
    }
    return given;
}
