//! What the kernel says of a mapping: /proc/self/smaps, read in native code so that
//! no runtime's file permission is needed and nothing is allocated.
//!
//! Format: proc_pid_smaps(5). A mapping starts with a line
//! `7f12a000-7f12b000 r--p 00000000 00:00 0`; its `VmFlags:` line follows: lo locked,
//! dd left out of dumps, wf wiped on fork, dc absent in forks, nh no huge pages, mg
//! mergeable, sl sealed. An area of memfd_secret has the name `/secretmem (deleted)`.

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
    /// What ended the lines before the file did.
    errno: u16 = 0,

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
            if (find(held, '\n')) |length| {
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
            if (linux.errno(got) != .SUCCESS) lines.errno = @intCast(@backingInt(linux.errno(got)));
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
        const dash = find(line, '-') orelse return null;
        const space = find(line, ' ') orelse return null;
        if (dash > space or line.len < space + 5) return null;
        return .{
            .from = std.fmt.parseInt(usize, line[0..dash], 16) catch return null,
            .to = std.fmt.parseInt(usize, line[dash + 1 .. space], 16) catch return null,
            .permissions = line[space + 1 ..][0..4],
        };
    }
};

/// One mapping, as far as it is of interest.
const Mapping = struct {
    from: usize = 0,
    to: usize = 0,
    inaccessible: bool = false,
    protection: abi.Protection = .none,
    secretmem: bool = false,
    pkey: u4 = 0,
    locked: bool = false,
    no_dump: bool = false,
    wipe_on_fork: bool = false,
    absent_on_fork: bool = false,
    no_merge: bool = false,
    no_huge_pages: bool = false,
    sealed: bool = false,

    fn start(head: Head, line: []const u8) Mapping {
        return .{
            .from = head.from,
            .to = head.to,
            .inaccessible = std.mem.eql(u8, head.permissions[0..3], "---"),
            .protection = switch (head.permissions[0]) {
                'r' => if (head.permissions[1] == 'w') .write else .read,
                else => .none,
            },
            .secretmem = std.mem.find(u8, line, " /secretmem") != null,
        };
    }

    /// A line between two heads.
    fn detail(mapping: *Mapping, line: []const u8) void {
        if (std.mem.startsWith(u8, line, "ProtectionKey:")) {
            const digits = std.mem.trim(u8, line["ProtectionKey:".len..], " \t");
            mapping.pkey = std.fmt.parseInt(u4, digits, 10) catch 0;
        } else if (std.mem.startsWith(u8, line, "VmFlags:")) {
            mapping.locked = has_flag(line, "lo");
            mapping.no_dump = has_flag(line, "dd");
            mapping.wipe_on_fork = has_flag(line, "wf");
            mapping.absent_on_fork = has_flag(line, "dc");
            mapping.no_merge = !has_flag(line, "mg");
            mapping.no_huge_pages = has_flag(line, "nh");
            mapping.sealed = has_flag(line, "sl");
        }
    }
};

/// The mappings of this process, whole, in the order of their addresses.
const Mappings = struct {
    lines: Lines,
    started: ?Mapping = null,

    fn next(mappings: *Mappings) ?Mapping {
        while (mappings.lines.next()) |line| {
            const head = Head.parse(line) orelse {
                if (mappings.started) |*mapping| mapping.detail(line);
                continue;
            };
            const finished = mappings.started;
            mappings.started = .start(head, line);
            if (finished) |mapping| return mapping;
        }
        defer mappings.started = null;
        return mappings.started;
    }
};

pub fn region(cause: *Cause, address: usize, length: usize) os.Failed!os.Region {
    var mappings: Mappings = .{ .lines = try .open(cause, "/proc/self/smaps") };
    defer mappings.lines.close();
    var ahead: Mapping = .{};
    while (mappings.next()) |data| {
        if (data.from == address and data.to == address + length) {
            return describe(data, ahead, mappings.next() orelse .{});
        }
        ahead = data;
    }
    const unknown: u16 = @intCast(@backingInt(linux.E.FAULT));
    cause.* = .{ .step = .smaps, .errno = if (mappings.lines.errno == 0) unknown else mappings.lines.errno };
    return error.SystemCall;
}

fn describe(data: Mapping, ahead: Mapping, behind: Mapping) os.Region {
    const guarded = ahead.to == data.from and ahead.inaccessible and
        behind.from == data.to and behind.inaccessible;
    return .{
        .protection = data.protection,
        .locked = data.locked,
        .no_dump = data.no_dump,
        .wipe_on_fork = data.wipe_on_fork,
        .absent_on_fork = data.absent_on_fork,
        .no_merge = data.no_merge,
        .no_huge_pages = data.no_huge_pages or !has_huge_pages(),
        .guarded = guarded,
        .guards_sealed = guarded and ahead.sealed and behind.sealed,
        .secretmem = data.secretmem,
        .pkey = data.pkey,
    };
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

/// Where a byte is first. That of Zig's std is several times as fast, and 700 bytes long.
noinline fn find(text: []const u8, byte: u8) ?usize {
    for (text, 0..) |one, index| if (one == byte) return index;
    return null;
}

test "a head line is told from the lines that follow it" {
    const head = Head.parse("7f12a000-7f12b000 r--p 00000000 00:00 0 ").?;
    try std.testing.expectEqual(@as(usize, 0x7f12a000), head.from);
    try std.testing.expectEqual(@as(usize, 0x7f12b000), head.to);
    try std.testing.expectEqualStrings("r--p", head.permissions);
    try std.testing.expect(Head.parse("VmFlags: rd wr mr-mw me") == null);
    try std.testing.expect(Head.parse("Rss:                   4 kB") == null);
}

test "flags are whole words" {
    try std.testing.expect(has_flag("VmFlags: rd lo dd ", "lo"));
    try std.testing.expect(!has_flag("VmFlags: rd xlo ddx", "lo"));
}
