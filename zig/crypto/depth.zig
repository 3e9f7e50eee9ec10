//! How far down the stack each kind of operation reaches, in bytes: measured by `depth_test.zig`.

pub const hash = 4096;
pub const box = 4096;
pub const curve = 16384;
pub const password = 16384;
