//! Assertions that stay on in release builds. They guard secrets: when one fails,
//! the process cannot be trusted with them any longer, so everything is wiped and
//! the process stops, with no content and no address in what it prints.

const os = @import("os.zig").current;
const shared = @import("shared.zig");

pub const Variables = struct {
    /// Set once by `secret.zig`; a function pointer, so that this file, which every
    /// other one imports, imports none of them back.
    wipe_everything: ?*const fn () void = null,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of_or_own(.invariant, &own);
}

pub fn check(ok: bool) void {
    if (ok) return;
    stop();
}

pub fn stop() noreturn {
    @branchHint(.cold);
    if (vars().wipe_everything) |wipe| wipe();
    os.write_error("securememory: an internal invariant failed; every secret was wiped\n");
    @trap();
}
