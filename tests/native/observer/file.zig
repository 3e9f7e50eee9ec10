//! Files: read whole, or searched where they have content. Core files are mostly holes.

const std = @import("std");
const linux = std.os.linux;
const search_file = @import("search.zig");

const SEEK_DATA = 3; // lseek(2)
const SEEK_HOLE = 4;

pub fn open(path: [*:0]const u8, flags: linux.O) !i32 {
    return @intCast(try ok(linux.openat(linux.AT.FDCWD, path, flags, 0)));
}

/// All that can be read from a descriptor.
pub fn whole(allocator: std.mem.Allocator, descriptor: i32) ![]u8 {
    var bytes: std.ArrayList(u8) = .empty;
    while (true) {
        try bytes.ensureUnusedCapacity(allocator, 1 << 16);
        const free = bytes.unusedCapacitySlice();
        const length = try ok(linux.read(descriptor, free.ptr, free.len));
        if (length == 0) return bytes.items;
        bytes.items.len += length;
    }
}

pub fn scan(allocator: std.mem.Allocator, search: *search_file.Search, path: [*:0]const u8) !void {
    const descriptor = try open(path, .{});
    // What the kernel has swapped out went past the cache of a swap file's own pages.
    _ = try ok(linux.fadvise(descriptor, 0, 0, linux.POSIX_FADV.DONTNEED));
    const feeder = try allocator.create(search_file.Feeder);
    feeder.* = .{ .search = search };
    var at: usize = 0;
    while (true) {
        const data = linux.lseek(descriptor, @intCast(at), SEEK_DATA);
        if (linux.errno(data) == .NXIO) return; // Nothing but a hole from here on.
        const end = try ok(linux.lseek(descriptor, @intCast(try ok(data)), SEEK_HOLE));
        feeder.cut();
        at = data;
        while (at < end) {
            const room = feeder.room(end - at);
            const length = try ok(linux.pread(descriptor, room.ptr, room.len, @intCast(at)));
            if (length == 0) return;
            feeder.took(length, at);
            at += length;
        }
    }
}

pub fn ok(result: usize) !usize {
    if (linux.errno(result) != .SUCCESS) return error.SystemCallFailed;
    return result;
}
