//! What is true of every call, stated where it is relied on. Where the module is compiled with its
//! checks, a call that breaks it stops the process as any failed check does (`panic.zig`).
//! `std.debug.assert` is compiled as the root of the library is: without.

pub fn assert(ok: bool) void {
    if (!ok) unreachable;
}
