//! Opening and closing a unit's pages: the gate ladder. One rung so far, mprotect;
//! protection keys join it here. How often it is called is not decided here: the
//! counting is in src/gate.ts.

const abi = @import("abi.zig");
const table = @import("table.zig");
const invariant = @import("invariant.zig");
const os = @import("os.zig").current;
const counters = @import("counters.zig");
const Record = table.Record;

/// The record is locked by the caller and `protection` is not none.
pub fn open(cause: *abi.Cause, record: *Record, protection: abi.Protection) abi.Error!void {
    invariant.check(protection != .none);
    invariant.check(record.base != 0);
    if (record.protection == protection) return;
    os.open(cause, record.base, record.span, protection) catch return error.ProtectionFailed;
    record.protection = protection;
}

/// On failure the pages are as they were, and the caller must get rid of them.
pub fn close(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.protection == .none) return;
    os.close(cause, record.base, record.span) catch return error.ProtectionFailed;
    record.protection = .none;
}

/// A window, as opposed to the core's own short openings: these are counted.
pub fn open_window(cause: *abi.Cause, record: *Record, protection: abi.Protection) abi.Error!void {
    try open(cause, record, protection);
    if (!record.window) counters.open_windows.add(1);
    record.window = true;
}

pub fn close_window(cause: *abi.Cause, record: *Record) abi.Error!void {
    try close(cause, record);
    end_window(record);
}

/// The window is over, whatever became of its pages.
pub fn end_window(record: *Record) void {
    if (record.window) counters.open_windows.sub(1);
    record.window = false;
}
