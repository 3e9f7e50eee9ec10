//! The store `secretmem` where the system has nothing like it.

const abi = @import("../abi.zig");
const Cause = abi.Cause;
const Failed = @import("../os.zig").Failed;

pub fn create(cause: *Cause, _: usize) Failed!i32 {
    cause.* = .{};
    return error.SystemCall;
}

pub fn map(_: *Cause, _: i32, _: usize, _: usize, _: usize) Failed!void {
    return error.SystemCall;
}

pub fn finish(_: i32) void {}

pub fn mark(_: *Cause, _: usize, _: usize) Failed!void {
    return error.SystemCall;
}

pub fn errno_is_limit(_: u16) bool {
    return false;
}

pub fn touch_errno_is_limit(_: u16) bool {
    return false;
}

pub fn hibernation(_: *Cause) abi.Hibernation {
    return .unknown;
}
