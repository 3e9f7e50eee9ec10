//! The gate `pkey` where the processor or the system has nothing like it.

const abi = @import("../abi.zig");
const Cause = abi.Cause;
const Failed = @import("../os.zig").Failed;

pub const Rights = enum(u2) { write, read, none, access_disabled };
pub const Key = u4;
pub const exists = false;

pub fn thread() usize {
    return 0;
}

pub fn alloc(cause: *Cause) Failed!Key {
    cause.* = .{};
    return error.SystemCall;
}

pub fn protect(_: *Cause, _: usize, _: usize, _: abi.Protection, _: Key) Failed!void {
    return error.SystemCall;
}

pub fn rights(_: Key) Rights {
    return .none;
}

pub fn milliseconds() u64 {
    return 0;
}

pub fn set_rights(_: Key, _: Rights) void {}

pub fn self_test(_: *Cause, _: usize, _: Key) Failed!void {
    return error.SystemCall;
}
