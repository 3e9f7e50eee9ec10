//! Bytes on their way in and out of a call: JavaScript has no pointers to give. One room at a time,
//! for a call starts with it and ends with it, and wiped with that call.

const abi = @import("../abi.zig");
const blocks = @import("blocks.zig");
const layout = @import("../layout.zig");
const table = @import("../table.zig");

var taken: ?*table.Record = null;

/// Room for `length` bytes, zeroed.
pub fn take(cause: *abi.Cause, length: u32) abi.Error![]u8 {
    if (taken != null) return error.InvalidArgument;
    const record = try blocks.take(cause, .{ .length = length, .alignment = layout.alignment_min }, .scratch);
    taken = record;
    return record.payload();
}

/// Wipes it. Nothing is done if there is none.
pub fn end() void {
    const record = taken orelse return;
    taken = null;
    blocks.give(record);
}
