//! What a window cannot be cheaper than: the bare pair of mprotect calls with a
//! touch between them, in a native loop, in the process that is measured.

const std = @import("std");
const linux = std.os.linux;

/// Runs `rounds` rounds of PROT_READ, one load, PROT_NONE on one locked page of its
/// own mapping, as a closed secret has it. Returns nanoseconds for all of them, or a
/// negative number if a call failed. Both numbers are whole; floor.ts says why doubles.
export fn securememory_floor(rounds: f64, span: f64) f64 {
    return measure(@intFromFloat(rounds), @intFromFloat(span)) catch -1;
}

fn measure(rounds: u32, span: u32) !f64 {
    const page = 65536;
    const length = std.mem.alignForward(usize, span, 4096);
    const base = try ok(linux.mmap(null, length + 2 * page, .{}, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0));
    defer _ = linux.munmap(@ptrFromInt(base), length + 2 * page);
    const data: [*]u8 = @ptrFromInt(base + page);
    _ = try ok(linux.mlock2(data, length, .{ .ONFAULT = true }));
    _ = try ok(linux.mprotect(data, length, .{ .READ = true, .WRITE = true }));
    @memset(data[0..length], 1);
    _ = try ok(linux.mprotect(data, length, .{}));

    const start = now();
    for (0..rounds) |_| {
        _ = try ok(linux.mprotect(data, length, .{ .READ = true }));
        std.mem.doNotOptimizeAway(@as(*volatile u8, &data[0]).*);
        _ = try ok(linux.mprotect(data, length, .{}));
    }
    return @floatFromInt(now() - start);
}

fn ok(result: usize) error{SystemCall}!usize {
    if (linux.errno(result) != .SUCCESS) return error.SystemCall;
    return result;
}

fn now() i64 {
    var time: linux.timespec = undefined;
    _ = linux.clock_gettime(.MONOTONIC, &time);
    return time.sec * std.time.ns_per_s + time.nsec;
}
