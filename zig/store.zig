//! Where pages come from: the store ladder, arenas, and the queue of free pages.
//!
//! An arena is reserved and marked in one piece, then its units are locked one by
//! one until there are enough or the lock budget ends. Pages are locked when the
//! arena is made and never singly unlocked, so taking one costs no system call.
//! Free pages are a queue, not a stack: a page rests for as long as possible
//! before it is used again.

const std = @import("std");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const table = @import("table.zig");
const invariant = @import("invariant.zig");
const os = @import("os.zig").current;
const os_layer = @import("os.zig");
const counters = @import("counters.zig");
const ranges = @import("ranges.zig");
const Lock = @import("lock.zig").Lock;
const Record = table.Record;

/// Data pages of the first arena, and of the largest.
const arena_units_first: u32 = 128;
const arena_units_max: u32 = 512;

const Queue = struct {
    head: ?*Record = null,
    tail: ?*Record = null,
    length: u64 = 0,

    fn push(queue: *Queue, record: *Record) void {
        record.next = null;
        if (queue.tail) |tail| tail.next = record else queue.head = record;
        queue.tail = record;
        queue.length += 1;
    }

    fn pop(queue: *Queue) ?*Record {
        const record = queue.head orelse return null;
        queue.head = record.next;
        if (queue.head == null) queue.tail = null;
        record.next = null;
        queue.length -= 1;
        return record;
    }
};

var lock: Lock = .{};
var free_pages: std.EnumArray(abi.Store, Queue) = .initFill(.{});
/// Records that have no pages of their own at present.
var free_records: Queue = .{};
var arena_units_next: u32 = arena_units_first;
/// The system let us lock beyond the limit: it does not apply to this process.
var limit_bypassed: bool = false;

/// A record with inaccessible pages for `length` bytes: one page of an arena if
/// that is enough, else pages of its own. Takes the best rung that is allowed.
pub fn take(cause: *abi.Cause, page_size: usize, length: u32, allow_unlocked: bool) abi.Error!*Record {
    const pooled = length <= page_size;
    return take_from(cause, page_size, length, pooled, .locked) catch |err| {
        if (err != error.LockLimit or !allow_unlocked) return err;
        cause.* = .{};
        return take_from(cause, page_size, length, pooled, .unlocked);
    };
}

fn take_from(cause: *abi.Cause, page_size: usize, length: u32, pooled: bool, store: abi.Store) abi.Error!*Record {
    lock.acquire();
    defer lock.release();
    if (!pooled) return add_region(cause, page_size, length, store);
    if (free_pages.getPtr(store).pop()) |record| return record;
    try add_arena(cause, page_size, store);
    return free_pages.getPtr(store).pop().?;
}

/// Gives back a unit that holds nothing any more and that no view can reach: a page
/// to the queue, a region to the system. The record is locked by the caller.
pub fn give(cause: *abi.Cause, page_size: usize, record: *Record) abi.Error!void {
    invariant.check(record.state == .free);
    if (record.kind == .page and !record.dropped) {
        invariant.check(record.protection == .none);
        lock.acquire();
        defer lock.release();
        free_pages.getPtr(record.store).push(record);
        return;
    }
    var result: abi.Error!void = {};
    if (record.kind == .region) {
        const locked = record.store == .locked and !record.dropped;
        const reserved = layout.arena_bytes(1, record.span, page_size);
        // Before it can be anyone else's.
        ranges.remove(record.base - page_size);
        if (os.unreserve(cause, record.base - page_size, reserved)) {
            counters.arenas.sub(1);
            if (locked) counters.locked_bytes.sub(record.span);
        } else |_| {
            result = error.AllocationFailed;
        }
    }
    forget(record);
    return result;
}

/// Drops the memory and its lock for good and keeps the address taken, so that a
/// view that nobody can detach keeps faulting. The record is locked by the caller.
pub fn drop_memory(cause: *abi.Cause, record: *Record) abi.Error!void {
    invariant.check(!record.dropped);
    os.replace(cause, record.base, record.span) catch return error.ProtectionFailed;
    // Alike again, the kernel makes one mapping of it and its guards; if not, nothing is lost but that.
    var ignored: abi.Cause = .{};
    os.mark(&ignored, record.base, record.span) catch {};
    if (record.store == .locked) counters.locked_bytes.sub(record.span);
    if (record.kind == .page) {
        counters.pages.sub(1);
        counters.pages_retired.add(1);
    }
    record.protection = .none;
    record.dropped = true;
}

/// Parts a record from its pages, whose address is never used again.
pub fn forget(record: *Record) void {
    record.base = 0;
    record.span = 0;
    lock.acquire();
    defer lock.release();
    free_records.push(record);
}

/// Free pages of every store, for statistics.
pub fn free_count() u64 {
    lock.acquire();
    defer lock.release();
    var total: u64 = 0;
    for (&free_pages.values) |*queue| total += queue.length;
    return total;
}

fn add_arena(cause: *abi.Cause, page_size: usize, store: abi.Store) abi.Error!void {
    const wanted = if (store == .locked) units_within_limit(page_size) else arena_units_next;
    const made = try build(cause, page_size, wanted, page_size, store);
    var unit: u32 = 0;
    while (unit < made.units) : (unit += 1) {
        // A record that cannot be had ends the arena early; its units stay unused.
        const record = new_record(cause) catch |err| {
            if (unit == 0) return err;
            break;
        };
        adopt(record, made.base + layout.unit_offset(unit, page_size, page_size), page_size, store, .page);
        free_pages.getPtr(store).push(record);
        counters.pages.add(1);
    }
    arena_units_next = @min(arena_units_next * 2, arena_units_max);
}

fn add_region(cause: *abi.Cause, page_size: usize, length: u32, store: abi.Store) abi.Error!*Record {
    const record = try new_record(cause);
    errdefer free_records.push(record);
    const unit_bytes = layout.span(length, page_size);
    const made = try build(cause, page_size, 1, unit_bytes, store);
    adopt(record, made.base + page_size, unit_bytes, store, .region);
    return record;
}

fn new_record(cause: *abi.Cause) abi.Error!*Record {
    return free_records.pop() orelse table.add(cause);
}

fn adopt(record: *Record, base: usize, span: usize, store: abi.Store, kind: table.Kind) void {
    invariant.check(record.state == .free);
    record.base = base;
    record.span = span;
    record.store = store;
    record.kind = kind;
    record.dropped = false;
    record.protection = .none;
}

const Built = struct { base: usize, units: u32 };

/// Reserves, marks and settles up to `units_wanted` units; fewer if the lock budget
/// ends before, none is an error. Nothing is left behind on failure.
fn build(cause: *abi.Cause, page_size: usize, units_wanted: u32, unit_bytes: usize, store: abi.Store) abi.Error!Built {
    invariant.check(units_wanted > 0);
    const reserved = layout.arena_bytes(units_wanted, unit_bytes, page_size);
    const base = os.reserve(cause, reserved) catch return error.AllocationFailed;
    const units = settle(cause, page_size, base, units_wanted, unit_bytes, store) catch |err| {
        var ignored: abi.Cause = .{};
        os.unreserve(&ignored, base, reserved) catch {};
        return err;
    };
    if (units < units_wanted) {
        // The rest of the reservation would never be used; give its address space back.
        const kept = layout.arena_bytes(units, unit_bytes, page_size);
        var ignored: abi.Cause = .{};
        if (os_layer.partial_unreserve) os.unreserve(&ignored, base + kept, reserved - kept) catch {};
    }
    ranges.add(base, layout.arena_bytes(units, unit_bytes, page_size));
    counters.arenas.add(1);
    if (store == .locked) counters.locked_bytes.add(units * unit_bytes);
    return .{ .base = base, .units = units };
}

fn settle(cause: *abi.Cause, page_size: usize, base: usize, units_wanted: u32, unit_bytes: usize, store: abi.Store) abi.Error!u32 {
    os.mark(cause, base, layout.arena_bytes(units_wanted, unit_bytes, page_size)) catch
        return error.AllocationFailed;
    var unit: u32 = 0;
    while (unit < units_wanted) : (unit += 1) {
        const address = base + layout.unit_offset(unit, unit_bytes, page_size);
        os.settle(cause, address, unit_bytes, store == .locked) catch {
            if (store == .unlocked) return error.AllocationFailed;
            if (!os.lock_errno_is_limit(cause.errno)) return error.AllocationFailed;
            if (unit == 0) return error.LockLimit;
            cause.* = .{};
            break;
        };
    }
    if (store == .locked) note_limit(units_wanted, unit, unit_bytes);
    return unit;
}

/// The first arena takes at most half of the lock budget and later ones half of
/// what is left: other code in the process locks memory too.
fn units_within_limit(page_size: usize) u32 {
    var cause: abi.Cause = .{};
    const limit = os.lock_limit(&cause) catch return 1;
    if (limit_bypassed or limit == std.math.maxInt(u64)) return arena_units_next;
    const left = limit -| counters.locked_bytes.get();
    const half: u32 = @intCast(@min(left / 2 / page_size, arena_units_max));
    return std.math.clamp(half, 1, arena_units_next);
}

/// Learns whether the limit binds us (root on Linux is exempt): if a lock beyond it
/// was granted, later arenas need not shrink to one page.
fn note_limit(wanted: u32, got: u32, unit_bytes: usize) void {
    if (got < wanted) return;
    var cause: abi.Cause = .{};
    const limit = os.lock_limit(&cause) catch return;
    if (counters.locked_bytes.get() + got * unit_bytes > limit) limit_bypassed = true;
}
