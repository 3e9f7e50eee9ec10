//! One way to make a system call that can fail, for every file of this layer.

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const Cause = abi.Cause;
const Step = abi.Step;
const Failed = os.Failed;

/// Asks the seam first, then turns the kernel's answer into an error with its errno.
/// The call is not made before the seam was asked, so callers pass a function.
pub fn call(cause: *Cause, step: Step, comptime function: anytype, arguments: anytype) Failed!usize {
    if (seam.fails(cause, step)) return error.SystemCall;
    const result = @call(.auto, function, arguments);
    const errno = linux.errno(result);
    if (errno == .SUCCESS) return result;
    cause.* = .{ .step = step, .errno = @intCast(@backingInt(errno)) };
    return error.SystemCall;
}

pub fn advise(cause: *Cause, step: Step, address: usize, length: usize, advice: u32) Failed!void {
    _ = try call(cause, step, linux.madvise, .{ @as([*]u8, @ptrFromInt(address)), length, advice });
}

/// A kernel built without page merging or huge pages answers EINVAL to the advice
/// not to use them: there is nothing to refuse, so the promise holds.
pub fn advise_if_built(cause: *Cause, step: Step, address: usize, length: usize, advice: u32) Failed!void {
    advise(cause, step, address, length, advice) catch |err| {
        if (cause.errno != @backingInt(linux.E.INVAL)) return err;
    };
}
