//! Whether faults on our pages are spoken of: process-wide, whatever thread says so.
//!
//! The handler is installed with the first secret, not when the library is loaded. It stays
//! when lines are turned off: to take a handler out of a chain that others may have built
//! on is not safe.

const std = @import("std");
const builtin = @import("builtin");
const fault = @import("fault.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;

const handler = switch (builtin.target.os.tag) {
    .linux => @import("os/linux_fault.zig"),
    .macos => @import("os/darwin_fault.zig"),
    .windows => @import("os/windows_fault.zig"),
    else => @compileError("SecureMemory has no fault handler for this operating system"),
};

const Word = enum(u8) { unsaid, off, on };

var word: std.atomic.Value(Word) = .init(.unsaid);
var page_size: std.atomic.Value(usize) = .init(0);
var lock: Lock = .{};

/// Turns the lines on or off. What is only a default holds if nobody has said anything.
/// Returns whether they are on and the handler is in place.
pub fn set(on: bool, as_default: bool) bool {
    const wanted: Word = if (on) .on else .off;
    if (as_default) {
        _ = word.cmpxchgStrong(.unsaid, wanted, .acq_rel, .acquire);
    } else word.store(wanted, .release);
    if (word.load(.acquire) != .on) return false;

    lock.acquire();
    defer lock.release();
    if (page_size.load(.monotonic) == 0) page_size.store(os.page_size(), .release);
    return handler.install(explain, !as_default);
}

/// The line about a fault, if it is ours and lines are on. For signal handlers.
fn explain(about: fault.Fault, buffer: *fault.Buffer) ?[]const u8 {
    if (word.load(.acquire) != .on) return null;
    return fault.explain(about, page_size.load(.acquire), buffer);
}

test "a default holds until somebody says something" {
    word.store(.off, .release);
    try std.testing.expect(!set(true, true));
    word.store(.unsaid, .release);
    try std.testing.expect(!set(false, true));
    try std.testing.expect(!set(true, true));
    try std.testing.expect(!set(false, false));
    try std.testing.expectEqual(Word.off, word.load(.acquire));
}
