//! A secret that is typed at the terminal.
//!
//! Each byte goes from the terminal's driver to a page of ours, on which a window is open for
//! just that; nothing is echoed. One thread at a time can ask.

const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const Lock = @import("../lock.zig").Lock;
const Staging = @import("staging.zig").Staging;
const terminal = @import("../os.zig").terminal;
const Cause = abi.Cause;
const Error = abi.Error;

var asking: Lock = .{};

/// `shape.length` is how long the answer may be. Returns the secret's handle.
pub fn create(cause: *Cause, question: []const u8, shape: secret.Shape) Error!u32 {
    if (!asking.try_acquire()) return error.SourceBusy;
    defer asking.release();
    var wanted = shape;
    wanted.length +|= 1;
    while (true) {
        const staging: Staging = try .create(cause, wanted);
        // Before signals that came meanwhile are passed on.
        var left: terminal.Signals = .{};
        defer left.raise();
        defer staging.discard();
        const length = terminal.ask(cause, question, staging, &left) catch |err| switch (err) {
            // The process was stopped, and goes on.
            error.SourceInterrupted => if (left.stopped()) continue else return err,
            else => return err,
        };
        return staging.finish(cause, length);
    }
}
