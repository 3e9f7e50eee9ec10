//! The root of the core's library: `exports.zig` and no more.
//!
//! How much a library is inlined is decided by the mode of its root, and what is checked by the mode
//! of the module that a function is in. So this file is compiled for size and all others with their
//! checks: `build.zig` says how. Only Zig's std goes with the root: what it asserts is not checked,
//! and `assert.zig` stands in for that.

const exports = @import("exports");

pub const panic = exports.panic;
pub const DllMainCRTStartup = exports.DllMainCRTStartup;

comptime {
    _ = exports;
}
