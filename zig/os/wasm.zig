//! WebAssembly under the core: one memory, which nothing protects, and whoever embeds the module
//! for random bytes. Only what the parts of the core ask for that the edge shares with it.

const abi = @import("../abi.zig");
const memory = @import("../edge/memory.zig");

const Failed = @import("../os.zig").Failed;

/// Writes `length` random bytes to `start`. Returns 0, or 1 if there are none, which the embedder
/// knows more of.
extern "securememory" fn random_bytes(start: [*]u8, length: usize) u32;

pub fn page_size() usize {
    return memory.page_bytes;
}

pub fn metadata(cause: *abi.Cause, length: usize) Failed!usize {
    return memory.take(length) catch |reason| {
        cause.errno = memory.errno(reason);
        return error.SystemCall;
    };
}

pub fn random(cause: *abi.Cause, bytes: []u8) Failed!void {
    _ = cause;
    if (random_bytes(bytes.ptr, bytes.len) != 0) return error.SystemCall;
}

/// There is one thread.
pub fn yield() void {}

pub fn write_error(text: []const u8) void {
    _ = text;
}
