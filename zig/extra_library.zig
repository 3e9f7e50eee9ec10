//! The C ABI of the extra library: pools, enclaves, and secrets that come from outside. It is a
//! second face of the core, made of the same files, with the core's variables (`shared.zig`).
//! Together the two have more than 64 KiB, and who needs none of it does not load it.

const std = @import("std");
const abi = @import("abi.zig");
const numbers = @import("numbers.zig");
const os_layer = @import("os.zig");
const shared = @import("shared.zig");

pub const panic = @import("panic.zig");

comptime {
    _ = @import("moves.zig");
    _ = @import("pool_exports.zig");
    _ = @import("enclave_exports.zig");
    _ = @import("source_exports.zig");
}

/// In place of the one of Zig's std, which would bring memory of each thread's own with it. The end
/// of the process is the core's.
pub fn DllMainCRTStartup(
    _: std.os.windows.HINSTANCE,
    _: std.os.windows.DWORD,
    _: ?*anyopaque,
) callconv(.winapi) std.os.windows.BOOL {
    return .TRUE;
}

comptime {
    if (@import("builtin").target.os.tag == .windows) {
        @export(&DllMainCRTStartup, .{ .name = "DllMainCRTStartup", .visibility = .hidden });
    }
}

export fn securememory_extra_abi_version() u32 {
    return abi.version;
}

/// Takes what `securememory_shared` of the core has written. Before it, nothing else may be called.
export fn securememory_extra_start(places: ?[*]const usize, count: f64) i32 {
    start(places, count) catch |err| return abi.pack(err, .{});
    return 0;
}

fn start(places: ?[*]const usize, count: f64) abi.Error!void {
    const given = try numbers.slice(usize, @constCast(places), count);
    if (!shared.use(given)) return error.InvalidArgument;
}
