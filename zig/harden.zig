//! Hardening of the whole process, and taking it back.
//!
//! What a setting was before the first hardening is kept, so that hardening twice is the
//! same as once, and so that it can be put back. Either everything that was asked for
//! takes effect, or nothing changes.

const std = @import("std");
const abi = @import("abi.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const Cause = abi.Cause;
const Error = abi.Error;
const Part = abi.HardenPart;

var lock: Lock = .{};

/// What we replaced; null where nothing was.
var replaced: std.EnumArray(Part, ?u64) = .initFill(null);

/// Applies the parts of `wanted` that exist here.
pub fn apply(cause: *Cause, wanted: u32) Error!abi.Hardened {
    lock.acquire();
    defer lock.release();
    var report: abi.Hardened = .{};
    const before = replaced;
    for (std.enums.values(Part)) |part| {
        if (wanted & flag(part) == 0) continue;
        apply_part(cause, part, &report) catch {
            restore(before);
            return error.NotSupported;
        };
    }
    return report;
}

fn apply_part(cause: *Cause, part: Part, report: *abi.Hardened) error{SystemCall}!void {
    const now = try os.setting(cause, part) orelse return;
    const hard = os.hardened(part, now);
    if (now != hard) {
        try os.set(cause, part, hard);
        // Somebody else may have put it back meanwhile; what they want is the newer.
        replaced.set(part, now);
    }
    report.applied |= flag(part);
    const ours = replaced.get(part) orelse {
        report.already |= flag(part);
        return;
    };
    if (os.can_set(part, ours)) report.reversible |= flag(part);
}

/// Puts back what was there before, where nobody has changed it since. Returns which parts.
pub fn undo(cause: *Cause) Error!u32 {
    lock.acquire();
    defer lock.release();
    var done: u32 = 0;
    for (std.enums.values(Part)) |part| {
        const before = replaced.get(part) orelse continue;
        if (!os.can_set(part, before)) continue;
        const put_back = undo_part(cause, part, before) catch return error.NotSupported;
        replaced.set(part, null);
        if (put_back) done |= flag(part);
    }
    return done;
}

fn undo_part(cause: *Cause, part: Part, before: u64) error{SystemCall}!bool {
    const now = try os.setting(cause, part) orelse return false;
    if (now != os.hardened(part, before)) return false;
    try os.set(cause, part, before);
    return true;
}

/// After a failure: what this call changed goes back to what it was before the call.
fn restore(before: std.EnumArray(Part, ?u64)) void {
    var ignored: Cause = .{};
    for (std.enums.values(Part)) |part| {
        const value = replaced.get(part) orelse continue;
        if (before.get(part) != null) continue;
        _ = undo_part(&ignored, part, value) catch continue;
        replaced.set(part, null);
    }
}

fn flag(part: Part) u5 {
    return switch (part) {
        .core_limit => abi.harden_core_limit,
        .not_dumpable => abi.harden_not_dumpable,
    };
}
