//! Where secrets are: a block of memory belongs to a record for good, and both are used again
//! for another secret of about the same size, those first that were closed first.
//!
//!     block    canary | payload | canary | sealed
//!
//! Nothing about blocks is in or beside them: a stray write there destroys no bookkeeping.

const std = @import("std");
const abi = @import("../abi.zig");
const layout = @import("../layout.zig");
const memory = @import("memory.zig");
const table = @import("../table.zig");
const wipe = @import("../wipe.zig").wipe;
const Record = table.Record;

/// What sizes are counted in, as pages are in the core.
const unit = memory.alignment;

/// The least there is of a canary.
const canary_bytes = 16;

/// Free records by the size of their block: a queue each.
const Queue = struct { first: ?*Record = null, last: ?*Record = null };
var queues: [layout.classes_max]Queue = @splat(.{});

pub const Shape = struct { length: u32, alignment: u32 };

/// What a block is for: only what is kept beyond a call is sealed.
pub const Use = enum { secret, scratch };

/// A record with a block that fits, zeroed.
pub fn take(cause: *abi.Cause, shape: Shape, use: Use) abi.Error!*Record {
    const front = try front_bytes(shape);
    const sealed_bytes = if (use == .secret) shape.length else 0;
    const total = front + sealed_bytes;
    if (total > memory.bytes_max) {
        cause.errno = memory.errno(error.Exhausted);
        return error.AllocationFailed;
    }
    const span = layout.span(@intCast(total), unit);
    const queue = &queues[layout.class_of(span, unit)];
    const record = pop(queue) orelse try fresh(cause, span);
    record.length = shape.length;
    record.sealing = .{ .length = sealed_bytes };
    // Of what is behind the front only as much is used as there are bytes to seal.
    record.span = front;
    record.offset = offset_of(record.base, shape.alignment);
    return record;
}

/// The secret is gone: wipes all of its block, and keeps it for another one.
pub fn give(record: *Record) void {
    wipe(record.unit());
    wipe(sealed(record));
    const span = layout.span(@intCast(record.span + record.sealing.length), unit);
    const queue = &queues[layout.class_of(span, unit)];
    record.next = null;
    if (queue.last) |last| last.next = record else queue.first = record;
    queue.last = record;
}

/// The bytes behind the front, where the ciphertext is.
pub fn sealed(record: *const Record) []u8 {
    return @as([*]u8, @ptrFromInt(record.base + record.span))[0..record.sealing.length];
}

/// Bytes of the payload with its canaries, wherever a block begins.
fn front_bytes(shape: Shape) abi.Error!usize {
    const least = canary_bytes + @as(u64, shape.length) + canary_bytes + (shape.alignment - layout.alignment_min);
    const whole = std.mem.alignForward(u64, least, layout.alignment_min);
    return std.math.cast(u31, whole) orelse error.AllocationFailed;
}

fn offset_of(base: usize, alignment: u32) usize {
    return std.mem.alignForward(usize, base + canary_bytes, alignment) - base;
}

fn pop(queue: *Queue) ?*Record {
    const record = queue.first orelse return null;
    queue.first = record.next;
    if (queue.first == null) queue.last = null;
    record.next = null;
    return record;
}

fn fresh(cause: *abi.Cause, span: usize) abi.Error!*Record {
    const base = memory.take(span) catch |reason| {
        cause.errno = memory.errno(reason);
        return error.AllocationFailed;
    };
    const record = try table.add(cause);
    record.base = base;
    return record;
}
