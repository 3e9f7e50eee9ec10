//! Reading from files and descriptors: open(2), poll(2), read(2).

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const os = @import("../os.zig");
const call = @import("linux_call.zig").call;
const Cause = abi.Cause;
const Failed = os.Failed;

pub const File = i32;
/// What paths are made of, and end with one zero of.
pub const Unit = u8;

/// Waits for a writer where it is a FIFO, as every reader of one does. A terminal that is opened does
/// not become that of the process.
pub fn open(cause: *Cause, path: [*:0]const Unit) Failed!File {
    const flags: linux.O = .{ .ACCMODE = .RDONLY, .CLOEXEC = true, .NOCTTY = true };
    while (true) {
        const fd = call(cause, .open, linux.open, .{ path, flags, @as(linux.mode_t, 0) }) catch |err| {
            if (is(cause, .INTR)) continue;
            return err;
        };
        return @intCast(fd);
    }
}

/// A descriptor that the process has already.
pub fn existing(_: *Cause, fd: u32) abi.Error!File {
    return std.math.cast(File, fd) orelse error.InvalidArgument;
}

pub fn close(file: File) void {
    _ = linux.close(file);
}

/// Waits until there is something to read, or the end.
pub fn wait(cause: *Cause, file: File) Failed!void {
    var waiting: [1]linux.pollfd = .{.{ .fd = file, .events = linux.POLL.IN, .revents = 0 }};
    const for_ever: i32 = -1;
    _ = call(cause, .poll, linux.poll, .{ @as([*]linux.pollfd, &waiting), 1, for_ever }) catch |err| {
        if (!is(cause, .INTR)) return err;
    };
}

/// Bytes that were read; 0 at the end; null if there is nothing yet.
pub fn read(cause: *Cause, file: File, into: []u8) Failed!?usize {
    return call(cause, .read, linux.read, .{ file, into.ptr, into.len }) catch |err| {
        if (is(cause, .INTR) or is(cause, .AGAIN)) return null;
        return err;
    };
}

/// A file system that has the kernel write into the pages itself, not by the process's mapping (FUSE
/// with direct I/O, 9p: the mounts of virtual machines' hosts), cannot do so with memfd_secret(2).
pub fn wants_ordinary_memory(cause: *const Cause) bool {
    return cause.step == .read and is(cause, .FAULT);
}

fn is(cause: *const Cause, errno: linux.E) bool {
    return cause.errno == @backingInt(errno);
}
