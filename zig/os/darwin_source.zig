//! Reading from files and descriptors: open(2), poll(2), read(2) of libSystem.

const std = @import("std");
const c = std.c;
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const Cause = abi.Cause;
const Failed = os.Failed;

pub const File = c.fd_t;
/// What paths are made of, and end with one zero of.
pub const Unit = u8;

/// Waits for a writer where it is a FIFO, as every reader of one does. A terminal that is opened does
/// not become that of the process.
pub fn open(cause: *Cause, path: [*:0]const Unit) Failed!File {
    const flags: c.O = .{ .ACCMODE = .RDONLY, .CLOEXEC = true, .NOCTTY = true };
    while (true) {
        const fd = call(cause, .open, c.open, .{ path, flags }) catch |err| {
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
    _ = c.close(file);
}

/// Waits until there is something to read, or the end. Devices that poll(2) does not know are
/// answered at once, and waited for in read(2).
pub fn wait(cause: *Cause, file: File) Failed!void {
    var waiting: [1]c.pollfd = .{.{ .fd = file, .events = c.POLL.IN, .revents = 0 }};
    const for_ever: c_int = -1;
    _ = call(cause, .poll, c.poll, .{ @as([*]c.pollfd, &waiting), 1, for_ever }) catch |err| {
        if (!is(cause, .INTR)) return err;
    };
}

pub fn wants_ordinary_memory(_: *const Cause) bool {
    return false;
}

/// Bytes that were read; 0 at the end; null if there is nothing yet. At most INT_MAX at once
/// (read(2)).
pub fn read(cause: *Cause, file: File, into: []u8) Failed!?usize {
    const count: usize = @min(into.len, std.math.maxInt(c_int));
    return call(cause, .read, c.read, .{ file, into.ptr, count }) catch |err| {
        if (is(cause, .INTR) or is(cause, .AGAIN)) return null;
        return err;
    };
}

fn call(cause: *Cause, step: abi.Step, comptime function: anytype, arguments: anytype) Failed!usize {
    if (seam.fails(cause, step)) return error.SystemCall;
    const result: isize = @call(.auto, function, arguments);
    if (result >= 0) return @intCast(result);
    const errno: c_uint = @bitCast(c._errno().*);
    cause.* = .{ .step = step, .errno = @truncate(errno) };
    return error.SystemCall;
}

fn is(cause: *const Cause, errno: c.E) bool {
    return cause.errno == @backingInt(errno);
}
