//! Wiping what calls have left below on the stack. In WebAssembly that is part of the memory: local
//! variables whose address is taken, and arrays. Others are the engine's and not to be reached.

const wipe = @import("../wipe.zig").wipe;

/// What one run of the stream cipher takes: its state, and a block of its key stream.
pub noinline fn wipe_small() void {
    var space: [1024]u8 = undefined;
    wipe(&space);
}

/// More than any keyed operation takes.
pub noinline fn wipe_large() void {
    var space: [48 * 1024]u8 = undefined;
    wipe(&space);
}
