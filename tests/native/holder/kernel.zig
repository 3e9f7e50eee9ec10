//! The kernel's own hands on a page, at the request of the process that has it: calls that
//! reach for the page itself, not for the bytes through its address.

const std = @import("std");
const linux = std.os.linux;

/// Puts a page into a pipe by reference, vmsplice(2). Returns the end to read it from.
pub fn vmsplice(bytes: []const u8) usize {
    var ends: [2]i32 = undefined;
    const piped = linux.pipe2(&ends, .{ .CLOEXEC = true });
    if (linux.errno(piped) != .SUCCESS) return piped;
    const vector = [_]std.posix.iovec_const{.{ .base = bytes.ptr, .len = bytes.len }};
    const moved = linux.syscall4(.vmsplice, @intCast(ends[1]), @intFromPtr(&vector), 1, 0);
    _ = linux.close(ends[1]);
    if (linux.errno(moved) == .SUCCESS) return @intCast(ends[0]);
    _ = linux.close(ends[0]);
    return moved;
}

/// Opens a file whose writes fetch the bytes from the page itself: O_DIRECT, open(2).
pub fn openDirect(path: [*:0]const u8) usize {
    return linux.openat(linux.AT.FDCWD, path, .{ .ACCMODE = .RDWR, .CREAT = true, .DIRECT = true }, 0o600);
}

/// Registers a page as a fixed buffer, which pins it: io_uring_register(2).
pub fn ioUring(bytes: []const u8) usize {
    var parameters = std.mem.zeroes(linux.io_uring_params);
    const ring = linux.io_uring_setup(1, &parameters);
    if (linux.errno(ring) != .SUCCESS) return ring;
    defer _ = linux.close(@intCast(ring));
    const vector = [_]std.posix.iovec_const{.{ .base = bytes.ptr, .len = bytes.len }};
    return linux.io_uring_register(@intCast(ring), .REGISTER_BUFFERS, &vector, 1);
}

/// Reads this process's own memory as another process would: process_vm_readv(2).
pub fn readSelf(into: []u8, from: []const u8) usize {
    return linux.process_vm_readv(
        linux.getpid(),
        &.{.{ .base = into.ptr, .len = into.len }},
        &.{.{ .base = from.ptr, .len = from.len }},
        0,
    );
}
