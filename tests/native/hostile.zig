//! What tests do to their own process, as no JavaScript can: use up the kernel's limit
//! on mappings, fork without exec, ask for the dumpable flag. No libc.

const std = @import("std");
const linux = std.os.linux;

const page = std.heap.page_size_max;

var reserved: usize = 0;
var reserved_bytes: usize = 0;

/// Splits one reservation page by page until the kernel allows no more mappings, then
/// joins pages again until at least `spare` mappings are left. Returns how many pages
/// were split off, 0 if the reservation itself failed.
export fn hostile_use_up_mappings(limit: u32, spare: u32) u32 {
    reserved_bytes = (2 * @as(usize, limit) + 2) * page;
    const flags: linux.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true };
    reserved = linux.mmap(null, reserved_bytes, .{}, flags, -1, 0);
    if (linux.errno(reserved) != .SUCCESS) return 0;
    var split: u32 = 0;
    while (split < limit) : (split += 1) {
        const result = linux.mprotect(at(split), page, .{ .READ = true });
        if (linux.errno(result) != .SUCCESS) break;
    }
    // Joining one page with its neighbours gives two mappings back.
    var joined: u32 = 0;
    while (joined * 2 < spare and split > 0) : (joined += 1) {
        split -= 1;
        _ = linux.mprotect(at(split), page, .{});
    }
    return split;
}

export fn hostile_give_mappings_back() i32 {
    return if (linux.errno(linux.munmap(@ptrFromInt(reserved), reserved_bytes)) == .SUCCESS) 0 else -1;
}

fn at(split: u32) [*]u8 {
    return @ptrFromInt(reserved + (2 * @as(usize, split) + 1) * page);
}

/// What a forked child finds in the memory of a view that its parent has:
/// 0 zeros only, 1 something else, 2 nothing (the pages are absent), else it died.
export fn hostile_fork(bytes: [*]const u8, length: u32) u32 {
    // Exit signal 0: no SIGCHLD, so that the runtime never hears of this child.
    const child = linux.syscall5(.clone, 0, 0, 0, 0, 0);
    if (linux.errno(child) != .SUCCESS) return 1000;
    if (child == 0) linux.exit_group(look(bytes, length));
    return wait(child);
}

fn wait(child: usize) u32 {
    var status: i32 = 0;
    const wait_all = 0x40000000; // __WALL, include/uapi/linux/wait.h
    while (linux.errno(linux.wait4(@intCast(child), &status, wait_all, null)) == .INTR) {}
    const ended: u32 = @bitCast(status);
    return if (ended & 0x7f == 0) (ended >> 8) & 0xff else 128 + (ended & 0x7f);
}

/// A forked child ends by quick_exit of the C library, which runs what was registered for
/// the end; its status, or 128 and the signal that ended it.
export fn hostile_fork_and_end(wanted: u32) u32 {
    const quick_exit = @as(*volatile @TypeOf(quick_exit_of_libc), &quick_exit_of_libc).* orelse return 1000;
    const child = linux.syscall5(.clone, 0, 0, 0, 0, 0);
    if (linux.errno(child) != .SUCCESS) return 1000;
    if (child == 0) quick_exit(@intCast(wanted));
    return wait(child);
}

var quick_exit_of_libc = @extern(?*const fn (c_int) callconv(.c) noreturn, .{
    .name = "quick_exit",
    .linkage = .weak,
});

fn look(bytes: [*]const u8, length: u32) i32 {
    if (!lay_open(bytes, length)) return 2;
    const seen: [*]const volatile u8 = bytes;
    for (0..length) |index| {
        if (seen[index] != 0) return 1;
    }
    return 0;
}

/// prctl(PR_SET_DUMPABLE).
export fn hostile_set_dumpable(value: u32) i32 {
    const result = linux.prctl(@backingInt(linux.PR.SET_DUMPABLE), value, 0, 0, 0);
    return if (linux.errno(result) == .SUCCESS) 0 else -1;
}

/// How many bytes of a view are `byte`, whatever its pages allow. They stay open.
/// `length + 1` if they cannot be opened.
export fn hostile_count(bytes: [*]const u8, length: u32, byte: u32) u32 {
    if (!lay_open(bytes, length)) return length + 1;
    const seen: [*]const volatile u8 = bytes;
    var count: u32 = 0;
    for (0..length) |index| {
        if (seen[index] == byte) count += 1;
    }
    return count;
}

/// Opens pages and takes their protection key away: for writing as well, since the library
/// may think that they are so. Without keys in the processor only mprotect(2) works.
fn lay_open(bytes: [*]const u8, length: u32) bool {
    const first = std.mem.alignBackward(usize, @intFromPtr(bytes), std.heap.page_size_min);
    const span = @intFromPtr(bytes) + length - first;
    const open: linux.PROT = .{ .READ = true, .WRITE = true };
    const no_key: usize = 0;
    const without_key = linux.syscall4(.pkey_mprotect, first, span, @as(u32, @bitCast(open)), no_key);
    if (linux.errno(without_key) == .SUCCESS) return true;
    return linux.errno(linux.mprotect(@ptrFromInt(first), span, open)) == .SUCCESS;
}

/// prctl(PR_GET_DUMPABLE).
export fn hostile_dumpable() i32 {
    return @intCast(linux.prctl(@backingInt(linux.PR.GET_DUMPABLE), 0, 0, 0, 0));
}
