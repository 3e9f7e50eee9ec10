//! What the kernel says of a mapping: /proc/self/smaps, read in native code so that
//! no runtime's file permission is needed and nothing is allocated.
//!
//! Format: proc_pid_smaps(5). A mapping starts with a line
//! `7f12a000-7f12b000 r--p 00000000 00:00 0`; its `VmFlags:` line follows: lo locked,
//! dd left out of dumps, wf wiped on fork, dc absent in forks, nh no huge pages, mg
//! mergeable.

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const os = @import("../os.zig");
const Cause = abi.Cause;

/// Reads a file line by line through a buffer on the stack. Lines that are longer
/// than the buffer (mapped files with very long names) come truncated.
const Lines = struct {
    fd: i32,
    buffer: [4096]u8 = undefined,
    start: usize = 0,
    end: usize = 0,

    fn open(cause: *Cause, path: [*:0]const u8) os.Failed!Lines {
        const result = linux.open(path, .{ .CLOEXEC = true }, 0);
        const errno = linux.errno(result);
        if (errno == .SUCCESS) return .{ .fd = @intCast(result) };
        cause.* = .{ .step = .smaps, .errno = @intCast(@backingInt(errno)) };
        return error.SystemCall;
    }

    fn close(lines: *Lines) void {
        _ = linux.close(lines.fd);
    }

    /// The next line without its line feed, valid until the next call.
    fn next(lines: *Lines) ?[]const u8 {
        while (true) {
            const held = lines.buffer[lines.start..lines.end];
            if (std.mem.findScalar(u8, held, '\n')) |length| {
                lines.start += length + 1;
                return held[0..length];
            }
            if (lines.start == 0 and lines.end == lines.buffer.len) lines.end = lines.buffer.len / 2;
            std.mem.copyForwards(u8, &lines.buffer, lines.buffer[lines.start..lines.end]);
            lines.end -= lines.start;
            lines.start = 0;
            const room = lines.buffer[lines.end..];
            const got = linux.read(lines.fd, room.ptr, room.len);
            if (linux.errno(got) == .INTR) continue;
            if (linux.errno(got) != .SUCCESS or got == 0) return null;
            lines.end += got;
        }
    }
};

const Head = struct {
    from: usize,
    to: usize,
    permissions: []const u8,

    fn parse(line: []const u8) ?Head {
        const dash = std.mem.findScalar(u8, line, '-') orelse return null;
        const space = std.mem.findScalar(u8, line, ' ') orelse return null;
        if (dash > space or line.len < space + 5) return null;
        return .{
            .from = std.fmt.parseInt(usize, line[0..dash], 16) catch return null,
            .to = std.fmt.parseInt(usize, line[dash + 1 .. space], 16) catch return null,
            .permissions = line[space + 1 ..][0..4],
        };
    }

    fn inaccessible(head: Head) bool {
        return std.mem.eql(u8, head.permissions[0..3], "---");
    }
};

pub fn region(cause: *Cause, address: usize, length: usize) os.Failed!os.Region {
    var lines = try Lines.open(cause, "/proc/self/smaps");
    defer lines.close();

    var found: ?os.Region = null;
    var guarded_before = false;
    var inside = false;
    while (lines.next()) |line| {
        if (Head.parse(line)) |head| {
            inside = false;
            if (found != null) {
                // The mapping behind ours: is it the rear guard?
                const guarded_after = head.from == address + length and head.inaccessible();
                found.?.guarded = guarded_before and guarded_after;
                return found.?;
            }
            if (head.to == address) guarded_before = head.inaccessible();
            if (head.from == address and head.to == address + length) {
                inside = true;
                found = .{
                    .protection = switch (head.permissions[0]) {
                        'r' => if (head.permissions[1] == 'w') .write else .read,
                        else => .none,
                    },
                    .locked = false,
                    .no_dump = false,
                    .wipe_on_fork = false,
                    .absent_on_fork = false,
                    .no_merge = false,
                    .no_huge_pages = false,
                    .guarded = false,
                };
            }
        } else if (inside and std.mem.startsWith(u8, line, "VmFlags:")) {
            found.?.locked = has_flag(line, "lo");
            found.?.no_dump = has_flag(line, "dd");
            found.?.wipe_on_fork = has_flag(line, "wf");
            found.?.absent_on_fork = has_flag(line, "dc");
            found.?.no_merge = !has_flag(line, "mg");
            found.?.no_huge_pages = has_flag(line, "nh") or !has_huge_pages();
        }
    }
    if (found) |last| return last;
    cause.* = .{ .step = .smaps, .errno = @intCast(@backingInt(linux.E.FAULT)) };
    return error.SystemCall;
}

/// `VmLck` of /proc/self/status in bytes: what this process has locked, by anyone.
pub fn locked_bytes() u64 {
    var ignored: Cause = .{};
    var lines = Lines.open(&ignored, "/proc/self/status") catch return 0;
    defer lines.close();
    while (lines.next()) |line| {
        if (!std.mem.startsWith(u8, line, "VmLck:")) continue;
        const digits = std.mem.trim(u8, line["VmLck:".len..], " \tkB");
        return (std.fmt.parseInt(u64, digits, 10) catch return 0) * 1024;
    }
    return 0;
}

/// A kernel built without transparent huge pages has neither the flag nor the danger.
fn has_huge_pages() bool {
    const existence: u32 = 0;
    return linux.errno(linux.access("/sys/kernel/mm/transparent_hugepage", existence)) == .SUCCESS;
}

fn has_flag(line: []const u8, flag: *const [2]u8) bool {
    var words = std.mem.tokenizeScalar(u8, line["VmFlags:".len..], ' ');
    while (words.next()) |word| {
        if (std.mem.eql(u8, word, flag)) return true;
    }
    return false;
}

test "a head line is told from the lines that follow it" {
    const head = Head.parse("7f12a000-7f12b000 r--p 00000000 00:00 0 ").?;
    try std.testing.expectEqual(@as(usize, 0x7f12a000), head.from);
    try std.testing.expectEqual(@as(usize, 0x7f12b000), head.to);
    try std.testing.expect(!head.inaccessible());
    try std.testing.expect(Head.parse("VmFlags: rd wr mr-mw me") == null);
    try std.testing.expect(Head.parse("Rss:                   4 kB") == null);
}

test "flags are whole words" {
    try std.testing.expect(has_flag("VmFlags: rd lo dd ", "lo"));
    try std.testing.expect(!has_flag("VmFlags: rd xlo ddx", "lo"));
}
