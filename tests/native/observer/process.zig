//! The memory of another process, by each of the ways that the kernel offers:
//! /proc/PID/mem (proc_pid_mem(5)), process_vm_readv(2) and ptrace(2).

const std = @import("std");
const linux = std.os.linux;
const file = @import("file.zig");
const search_file = @import("search.zig");

pub const Kind = enum { mem, vm, ptrace };

/// How far a read came, and why not further.
pub const Read = struct { length: usize = 0, errno: u16 = 0 };

const page_bytes = std.heap.page_size_min;

/// include/uapi/linux/ptrace.h. Unlike PTRACE_ATTACH, this leaves no signal behind.
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const wait_all = 0x40000000; // __WALL, include/uapi/linux/wait.h

pub const Process = struct {
    kind: Kind,
    pid: linux.pid_t,
    memory: i32 = -1,

    pub fn open(kind: Kind, pid: linux.pid_t) !Process {
        var process: Process = .{ .kind = kind, .pid = pid };
        switch (kind) {
            .mem => process.memory = try openOf(pid, "mem", .{ .ACCMODE = .RDWR }),
            .vm => {},
            .ptrace => {
                _ = try file.ok(linux.ptrace(PTRACE_SEIZE, pid, 0, 0, 0));
                _ = try file.ok(linux.ptrace(PTRACE_INTERRUPT, pid, 0, 0, 0));
                var status: i32 = 0;
                _ = try file.ok(linux.wait4(pid, &status, wait_all, null));
            },
        }
        return process;
    }

    pub fn close(process: *Process) void {
        if (process.kind == .ptrace) _ = linux.ptrace(linux.PTRACE.DETACH, process.pid, 0, 0, 0);
    }

    pub fn read(process: *const Process, address: usize, into: []u8) Read {
        return switch (process.kind) {
            .mem => outcome(linux.pread(process.memory, into.ptr, into.len, @bitCast(address))),
            .vm => outcome(linux.process_vm_readv(
                process.pid,
                &.{.{ .base = into.ptr, .len = into.len }},
                &.{.{ .base = @ptrFromInt(address), .len = into.len }},
                0,
            )),
            .ptrace => peek(process.pid, address, into),
        };
    }

    /// The errno of writing there, or 0.
    pub fn write(process: *const Process, address: usize, bytes: *const [8]u8) u16 {
        return switch (process.kind) {
            .mem => outcome(linux.pwrite(process.memory, bytes, bytes.len, @bitCast(address))),
            .vm => outcome(linux.process_vm_writev(
                process.pid,
                &.{.{ .base = bytes, .len = bytes.len }},
                &.{.{ .base = @ptrFromInt(address), .len = bytes.len }},
                0,
            )),
            .ptrace => outcome(linux.ptrace(
                linux.PTRACE.POKEDATA,
                process.pid,
                address,
                @bitCast(bytes.*),
                0,
            )),
        }.errno;
    }

    /// Searches every page that is in memory, whatever its protection.
    pub fn scan(
        process: *const Process,
        allocator: std.mem.Allocator,
        search: *search_file.Search,
    ) !void {
        const maps = try file.whole(allocator, try openOf(process.pid, "maps", .{}));
        const pagemap = try openOf(process.pid, "pagemap", .{});
        const feeder = try allocator.create(search_file.Feeder);
        feeder.* = .{ .search = search };
        var lines = std.mem.tokenizeScalar(u8, maps, '\n');
        while (lines.next()) |line| {
            const dash = std.mem.findScalar(u8, line, '-') orelse return error.BadMaps;
            const space = std.mem.findScalar(u8, line, ' ') orelse return error.BadMaps;
            const from = try std.fmt.parseInt(usize, line[0..dash], 16);
            const to = try std.fmt.parseInt(usize, line[dash + 1 .. space], 16);
            feeder.cut();
            var at = from;
            while (at < to) at = process.step(feeder, at, residentUntil(pagemap, at, to));
        }
    }

    /// Searches single pages: word by word, the whole memory takes too long.
    pub fn scanPages(
        process: *const Process,
        allocator: std.mem.Allocator,
        search: *search_file.Search,
        pages: []const usize,
    ) !void {
        const feeder = try allocator.create(search_file.Feeder);
        feeder.* = .{ .search = search };
        for (pages) |address| {
            const from = std.mem.alignBackward(usize, address, page_bytes);
            feeder.cut();
            _ = process.step(feeder, from, .{ .end = from + page_bytes, .resident = true });
        }
    }

    /// Reads from `at` to `end`, or skips a page that is refused. Returns where to go on.
    fn step(process: *const Process, feeder: *search_file.Feeder, at: usize, run: Run) usize {
        if (!run.resident) {
            feeder.cut();
            return run.end;
        }
        const got = process.read(at, feeder.room(run.end - at));
        if (got.length > 0) {
            feeder.took(got.length, at);
            return at + got.length;
        }
        feeder.cut();
        return std.mem.alignBackward(usize, at, page_bytes) + page_bytes;
    }
};

const Run = struct { end: usize, resident: bool };

/// How far memory is alike from an address on. pagemap: bit 63 of the entry says whether
/// the page is present, see Documentation/admin-guide/mm/pagemap.rst.
fn residentUntil(pagemap: i32, from: usize, to: usize) Run {
    var entries: [4096]u64 = undefined;
    const wanted: usize = @min(entries.len, (to - from + page_bytes - 1) / page_bytes);
    const first = from / page_bytes;
    const got = linux.pread(pagemap, @ptrCast(&entries), wanted * 8, @intCast(first * 8));
    // [vsyscall] has no entries.
    if (linux.errno(got) != .SUCCESS or got < 8) return .{ .end = to, .resident = false };
    const resident = entries[0] >> 63 == 1;
    for (entries[0 .. got / 8], 0..) |entry, index| {
        if ((entry >> 63 == 1) != resident) return runTo(first + index, to, resident);
    }
    return runTo(first + got / 8, to, resident);
}

fn runTo(page: usize, to: usize, resident: bool) Run {
    return .{ .end = @min(to, page * page_bytes), .resident = resident };
}

/// One word after the other, as a debugger does.
fn peek(pid: linux.pid_t, address: usize, into: []u8) Read {
    var done: usize = 0;
    while (done < into.len) {
        var word: [8]u8 = undefined;
        const result = linux.ptrace(linux.PTRACE.PEEKDATA, pid, address + done, @intFromPtr(&word), 0);
        const errno = outcome(result).errno;
        if (errno != 0) return .{ .length = done, .errno = errno };
        const length = @min(word.len, into.len - done);
        @memcpy(into[done..][0..length], word[0..length]);
        done += length;
    }
    return .{ .length = done };
}

fn outcome(result: usize) Read {
    const errno = linux.errno(result);
    if (errno == .SUCCESS) return .{ .length = result };
    return .{ .errno = @intCast(@backingInt(errno)) };
}

fn openOf(pid: linux.pid_t, name: []const u8, flags: linux.O) !i32 {
    var buffer: [64]u8 = undefined;
    return file.open(try std.fmt.bufPrintSentinel(&buffer, "/proc/{d}/{s}", .{ pid, name }, 0), flags);
}
