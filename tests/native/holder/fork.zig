//! A forked child that tries to read, and then to change, what its parent has on a page.

const std = @import("std");
const linux = std.os.linux;
const page_bytes = @import("bare.zig").page_bytes;

/// What the child found.
pub const Found = enum(u8) { zeros, something, nothing, died };

/// Forks. The child opens the page for itself, looks, and writes over it.
pub fn tryAll(bytes: []u8) Found {
    // Exit signal 0: no SIGCHLD, so that the runtime never hears of this child.
    const child = linux.syscall5(.clone, 0, 0, 0, 0, 0);
    if (linux.errno(child) != .SUCCESS) return .died;
    if (child == 0) linux.exit_group(@backingInt(inChild(bytes)));
    var status: i32 = 0;
    const wait_all = 0x40000000; // __WALL, include/uapi/linux/wait.h
    while (linux.errno(linux.wait4(@intCast(child), &status, wait_all, null)) == .INTR) {}
    const ended: u32 = @bitCast(status);
    return if (ended & 0x7f == 0) @fromBackingInt(@intCast(ended >> 8 & 3)) else .died;
}

fn inChild(bytes: []u8) Found {
    const first = std.mem.alignBackward(usize, @intFromPtr(bytes.ptr), page_bytes);
    const length = @intFromPtr(bytes.ptr) + bytes.len - first;
    const protection: usize = 1 | 2; // PROT_READ, PROT_WRITE
    // Without any protection key, if there are such: key 0 is the one of ordinary memory.
    const unlocked = linux.syscall4(.pkey_mprotect, first, length, protection, 0);
    const opened = if (linux.errno(unlocked) == .SUCCESS)
        unlocked
    else
        linux.syscall3(.mprotect, first, length, protection);
    if (linux.errno(opened) != .SUCCESS) return .nothing;
    var found: Found = .zeros;
    for (bytes) |*byte| {
        const place: *volatile u8 = byte;
        if (place.* != 0) found = .something;
        place.* = 0xee;
    }
    return found;
}
