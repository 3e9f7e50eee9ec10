//! What was on the pages that were retired last: for the lines about faults, since such a
//! page is parted from its record, and a view of it in another thread may well live on.
//!
//! A ring without locks for its readers, who may be signal handlers: an entry is empty while
//! it is written. What falls out of it is still known as a page of a closed secret.

const std = @import("std");
const labels = @import("labels.zig");
const table = @import("table.zig");
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

pub const Entry = struct {
    base: usize = 0,
    span: usize = 0,
    offset: usize = 0,
    length: usize = 0,
    label_length: usize = 0,
    label: labels.Text = @splat(0),

    pub fn text(entry: *const Entry) []const u8 {
        return entry.label[0..@min(entry.label_length, entry.label.len)];
    }
};

const Slot = struct {
    /// Changes before and after the entry does; odd while it does.
    turn: std.atomic.Value(u32) = .init(0),
    entry: Entry = .{},
};

const slots_max = 128;

pub const Variables = struct {
    slots: [slots_max]Slot = @splat(.{}),
    next: u32 = 0,
    /// Held by those who add.
    lock: Lock = .{},
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.retired, &own);
}

/// Remembers a secret whose record is about to be parted from its pages, and is locked.
pub fn add(record: *const table.Record) void {
    vars().lock.acquire();
    defer vars().lock.release();
    const slot = &vars().slots[vars().next];
    vars().next = (vars().next + 1) % slots_max;
    _ = slot.turn.fetchAdd(1, .acq_rel);
    slot.entry = .{
        .base = record.base,
        .span = record.span,
        .offset = record.offset,
        .length = record.length,
    };
    slot.entry.label_length = labels.get(record.index, record.uses, &slot.entry.label).len;
    _ = slot.turn.fetchAdd(1, .acq_rel);
}

/// What was on the page of an address, if it is remembered.
pub fn find(address: usize) ?Entry {
    for (&vars().slots) |*slot| {
        const turn = slot.turn.load(.acquire);
        if (turn % 2 != 0) continue;
        const entry = @as(*const volatile Entry, &slot.entry).*;
        if (slot.turn.load(.acquire) != turn) continue;
        if (entry.base != 0 and address -% entry.base < entry.span) return entry;
    }
    return null;
}

test "what was retired last is remembered, and nothing longer than there is room" {
    var record: table.Record = .{};
    record.index = std.math.maxInt(u32);
    for (0..slots_max + 10) |index| {
        record.base = 0x6000_0000_0000 + index * 0x2000;
        record.span = 0x1000;
        record.offset = 0x1000 - 32;
        record.length = 32;
        add(&record);
    }
    const first = 0x6000_0000_0000;
    try std.testing.expectEqual(null, find(first + 5));
    try std.testing.expectEqual(null, find(first + 9 * 0x2000));
    const last = find(first + (slots_max + 9) * 0x2000 + 0xfff).?;
    try std.testing.expectEqual(@as(usize, 32), last.length);
    try std.testing.expectEqual(@as(usize, 0), last.text().len);
    try std.testing.expectEqual(null, find(first + (slots_max + 9) * 0x2000 + 0x1000));
    // What other tests do with real pages must not find these.
    for (&vars().slots) |*slot| slot.entry = .{};
}
