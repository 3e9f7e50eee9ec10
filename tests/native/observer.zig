//! The second process of the proof suite: it reads another process from outside, by the
//! ways that the kernel offers, or a file, and counts in it what it is told on its input:
//!
//!     observer mem|vm <pid>                 looks for patterns everywhere, and at pages
//!     observer ptrace <pid>                 looks for patterns in those pages only
//!     observer mem|vm|ptrace <pid> write    writes into the pages instead
//!     observer file <path>                  looks for patterns
//!
//! One line each of `pattern <hex>` or `page <address in hex>`. What comes out, in the same
//! order: for each page `page <errno>`, 0 where the kernel let it be read (or written), then
//! `bytes <how many were read>`, and for each pattern `found <times> <last place in hex>`.

const std = @import("std");
const linux = std.os.linux;
const file = @import("observer/file.zig");
const process = @import("observer/process.zig");
const Search = @import("observer/search.zig").Search;

const allocator = std.heap.page_allocator;

/// What is written into a page: the eight bytes that no token holds.
const written: [8]u8 = @splat(0xa5);

pub fn main(init: std.process.Init.Minimal) !void {
    var arguments = init.args.iterate();
    _ = arguments.skip();
    const way = arguments.next() orelse return error.NoWay;
    const subject = arguments.next() orelse return error.NoSubject;
    const writes = arguments.next() != null;

    var patterns: std.ArrayList([]const u8) = .empty;
    var pages: std.ArrayList(usize) = .empty;
    var lines = std.mem.tokenizeScalar(u8, try file.whole(allocator, 0), '\n');
    while (lines.next()) |line| {
        const space = std.mem.findScalar(u8, line, ' ') orelse return error.BadLine;
        const value = line[space + 1 ..];
        if (std.mem.eql(u8, line[0..space], "page")) {
            try pages.append(allocator, try std.fmt.parseInt(usize, value, 16));
        } else {
            const bytes = try allocator.alloc(u8, value.len / 2);
            try patterns.append(allocator, try std.fmt.hexToBytes(bytes, value));
        }
    }

    var search = try Search.init(allocator, patterns.items);
    if (std.mem.eql(u8, way, "file")) {
        try file.scan(allocator, &search, subject);
    } else {
        const pid = try std.fmt.parseInt(linux.pid_t, subject, 10);
        const kind = std.meta.stringToEnum(process.Kind, way) orelse return error.NoSuchWay;
        var other = try process.Process.open(kind, pid);
        defer other.close();
        if (!writes) switch (kind) {
            .mem, .vm => try other.scan(allocator, &search),
            .ptrace => try other.scanPages(allocator, &search, pages.items),
        };
        for (pages.items) |address| {
            var eight: [8]u8 = undefined;
            try print("page {d}\n", .{
                if (writes) other.write(address, &written) else other.read(address, &eight).errno,
            });
        }
    }
    try print("bytes {d}\n", .{search.bytes});
    for (search.counts, search.places) |count, place| try print("found {d} {x}\n", .{ count, place });
}

fn print(comptime format: []const u8, arguments: anytype) !void {
    var buffer: [64]u8 = undefined;
    const line = try std.fmt.bufPrint(&buffer, format, arguments);
    if (linux.write(1, line.ptr, line.len) != line.len) return error.WriteFailed;
}
