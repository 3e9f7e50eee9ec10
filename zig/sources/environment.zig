//! A secret of an environment variable, copied from where the variable stands to the page.
//!
//! The variable is the one that getenv(3) would find: the first of its name. `scrub` overwrites
//! the value of every one of that name, wherever the system and the C library have it, and
//! takes the variable out of the environment, so that no child gets it.
//!
//! What does not hold: like getenv(3), this must not run while another thread changes the
//! environment by native code. A thread that reads the variable meanwhile sees its value, a
//! part of it, nothing, or no variable; and may miss another one while pointers move.

const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const os = @import("../os.zig").environment;
const Cause = abi.Cause;
const Error = abi.Error;

/// `name` ends with a zero, and `shape.length` does not count. Returns the secret's handle.
pub fn create(cause: *Cause, name: []u8, shape: secret.Shape, scrub: bool) Error!u32 {
    const terminated = try os.terminated(name);
    const handle = try os.create(cause, terminated, shape);
    if (scrub) os.scrub(terminated);
    return handle;
}
