//! Numbers as JavaScript passes them, on their way into the library.

const abi = @import("abi.zig");
const secret = @import("secret.zig");

/// Not inlined: there are so many of them. Opening and closing a window, which has to be quick,
/// has its own.
pub noinline fn whole(number: f64) abi.Error!u32 {
    return abi.whole(number);
}

pub fn slice(comptime T: type, start: ?[*]T, length: f64) abi.Error![]T {
    const count = try whole(length);
    return (start orelse return error.InvalidArgument)[0..count];
}

pub fn shape(length: f64, alignment: f64, flags: f64) abi.Error!secret.Shape {
    return .{ .length = try whole(length), .alignment = try whole(alignment), .flags = try whole(flags) };
}

pub fn with_handle(handle: f64, comptime call: fn (*abi.Cause, u32) abi.Error!void) i32 {
    var cause: abi.Cause = .{};
    const number = whole(handle) catch |err| return abi.pack(err, cause);
    call(&cause, number) catch |err| return abi.pack(err, cause);
    return 0;
}
