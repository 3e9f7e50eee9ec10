//! Where pages come from: the store ladder, arenas, and the queues of free pages.
//!
//! An arena is reserved and marked in one piece, then its units are settled one by one
//! until there are enough or the lock budget ends: locked, or parts of one memfd_secret
//! area. That happens once, so taking a page costs no system call. Free pages are a
//! queue, not a stack: a page rests for as long as possible before it is used again.
//!
//! A secret of several pages has a region, an arena of one unit, whose memory is given
//! back when the secret ends; its address space is kept for the next one of its size.
//!
//! Address space is never given back: the guards are sealed where the kernel can do that,
//! and a pointer that was kept by mistake faults for as long as the process runs.

const std = @import("std");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const table = @import("table.zig");
const invariant = @import("invariant.zig");
const os = @import("os.zig").current;
const os_layer = @import("os.zig");
const counters = @import("counters.zig");
const gate = @import("gate.zig");
const rungs = @import("rungs.zig");
const secretmem = os_layer.secretmem;
const ranges = @import("ranges.zig");
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");
const Record = table.Record;

/// Data pages of the first arena, and of the largest.
const arena_units_first: u32 = 128;
const arena_units_max: u32 = 512;
const arena_doublings_max = std.math.log2(arena_units_max / arena_units_first);

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

pub const Variables = struct {
    lock: Lock = .{},
    free_pages: std.EnumArray(abi.Store, Queue) = .initFill(.{}),
    /// Regions without memory, by the class of their size: of each store its own, since pages
    /// keep the marks that they have.
    free_regions: std.EnumArray(abi.Store, [layout.classes_max]Queue) = .initFill(@splat(.{})),
    /// Records that have no pages of their own at present.
    free_records: Queue = .{},
    /// Each arena is twice as large as the one before, until the largest.
    arena_doublings: u5 = 0,
    /// The system let us lock beyond the limit: it does not apply to this process.
    limit_bypassed: bool = false,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.store, &own);
}

/// A record with inaccessible pages for `length` bytes: one page of an arena if that is
/// enough, else pages of its own. Takes the best rung that the wish allows.
pub fn take(cause: *abi.Cause, page_size: usize, length: u32, wish: rungs.Wish) abi.Error!*Record {
    if (wish.store == .secretmem) {
        try rungs.probe(cause, page_size, .secretmem);
        return take_secretmem(cause, page_size, length);
    }
    if (wish.store == null and rungs.prefers_secretmem(page_size)) {
        if (take_secretmem(cause, page_size, length)) |record| return record else |err| {
            // Pages of another store would be opened and closed by the same calls.
            if (err == error.ProtectionFailed) return err;
            cause.* = .{};
        }
    }
    return take_from(cause, page_size, length, .locked) catch |err| {
        // Over the limit, or refused by a sandbox.
        const not_lockable = err == error.LockLimit or cause.step == .mlock;
        if (!not_lockable or !wish.allow_unlocked) return err;
        cause.* = .{};
        return take_from(cause, page_size, length, .unlocked);
    };
}

/// A unit of a memfd_secret area, all of whose pages are there.
fn take_secretmem(cause: *abi.Cause, page_size: usize, length: u32) abi.Error!*Record {
    const record = try take_from(cause, page_size, length, .secretmem);
    record.lock.acquire();
    defer record.lock.release();
    if (record.touched) return record;
    touch(cause, page_size, record) catch |err| {
        var ignored: abi.Cause = .{};
        give(&ignored, page_size, record) catch {};
        return err;
    };
    return record;
}

/// Some kernels charge a page of memfd_secret(2) when it is first touched, to root as well, and
/// answer with SIGBUS above the lock budget (6.12.117 does, 6.18 does not). MADV_POPULATE_WRITE is not for
/// such pages. So the kernel itself is the first to write to each: it says EFAULT.
fn touch(cause: *abi.Cause, page_size: usize, record: *Record) abi.Error!void {
    os.open(cause, record.base, record.span, .write) catch return error.ProtectionFailed;
    const touched = touch_pages(cause, page_size, record);
    var closing: abi.Cause = .{};
    os.close(&closing, record.base, record.span) catch {
        if (touched) |_| cause.* = closing else |_| {}
        // Open, and nothing in it. If it stays, whoever takes it next closes it.
        var ignored: abi.Cause = .{};
        drop_memory(&ignored, record) catch {};
        return error.ProtectionFailed;
    };
    try touched;
    record.touched = true;
}

fn touch_pages(cause: *abi.Cause, page_size: usize, record: *const Record) abi.Error!void {
    var address = record.base;
    while (address < record.base + record.span) : (address += page_size) {
        const byte = @as([*]u8, @ptrFromInt(address))[0..1];
        os.random(cause, byte) catch {
            const limited = secretmem.touch_errno_is_limit(cause.errno) and is_limited();
            return if (limited) error.LockLimit else error.AllocationFailed;
        };
        byte[0] = 0;
    }
}

fn is_limited() bool {
    var ignored: abi.Cause = .{};
    const limit = os.lock_limit(&ignored) catch return false;
    return limit != std.math.maxInt(u64);
}

fn take_from(cause: *abi.Cause, page_size: usize, length: u32, store: abi.Store) abi.Error!*Record {
    vars().lock.acquire();
    defer vars().lock.release();
    if (length > page_size) return take_region(cause, page_size, length, store);
    if (vars().free_pages.getPtr(store).pop()) |record| return record;
    try add_arena(cause, page_size, store);
    return vars().free_pages.getPtr(store).pop().?;
}

/// Gives back a unit that holds nothing any more and that no view can reach. The record
/// is locked by the caller.
pub fn give(cause: *abi.Cause, page_size: usize, record: *Record) abi.Error!void {
    invariant.check(record.state == .free);
    if (record.kind == .page) {
        if (record.dropped) return forget(record);
        invariant.check(record.access == .none);
        vars().lock.acquire();
        defer vars().lock.release();
        vars().free_pages.getPtr(record.store).push(record);
        return;
    }
    if (!record.dropped) {
        drop_memory(cause, record) catch |err| {
            // Inaccessible and wiped, but neither to be used again nor given back.
            forget(record);
            return err;
        };
    }
    vars().lock.acquire();
    defer vars().lock.release();
    vars().free_regions.getPtr(record.store)[layout.class_of(record.span, page_size)].push(record);
}

/// Drops the memory and its lock for good and keeps the address taken, so that a
/// view that nobody can detach keeps faulting. The record is locked by the caller.
pub fn drop_memory(cause: *abi.Cause, record: *Record) abi.Error!void {
    invariant.check(!record.dropped);
    os.replace(cause, record.base, record.span) catch return error.ProtectionFailed;
    gate.forget(record);
    // Alike again, the kernel makes one mapping of it and its guards; if not, nothing is lost but that.
    var ignored: abi.Cause = .{};
    mark(&ignored, record.base, record.span, record.store) catch {};
    count_memory(record.store, record.span, .sub);
    if (record.kind == .page) {
        // Nobody uses this address again; where that can be sealed, it is.
        os.seal(&ignored, record.base, record.span) catch {};
        counters.vars().pages.sub(1);
        counters.vars().pages_retired.add(1);
    }
    record.dropped = true;
}

/// Parts a record from its pages, whose address is never used again.
pub fn forget(record: *Record) void {
    record.base = 0;
    record.span = 0;
    vars().lock.acquire();
    defer vars().lock.release();
    vars().free_records.push(record);
}

/// Free pages of every store, for statistics.
pub fn free_count() u64 {
    var total: u64 = 0;
    for (std.enums.values(abi.Store)) |store| total += free_count_of(store);
    return total;
}

pub fn free_count_of(store: abi.Store) u64 {
    vars().lock.acquire();
    defer vars().lock.release();
    return vars().free_pages.getPtr(store).length;
}

fn add_arena(cause: *abi.Cause, page_size: usize, store: abi.Store) abi.Error!void {
    const wanted = if (store == .unlocked) arena_units_next() else units_within_limit(page_size);
    // Before there is an arena that nobody could use.
    const first = try new_record(cause);
    errdefer vars().free_records.push(first);
    const base = try reserve(cause, layout.arena_bytes(wanted, page_size, page_size));
    const units = settle(cause, page_size, base, wanted, page_size, store) catch |err| {
        unreserve(base, layout.arena_bytes(wanted, page_size, page_size));
        return err;
    };
    const kept = layout.arena_bytes(units, page_size, page_size);
    // The rest of the reservation would never be used; give its address space back.
    if (units < wanted and os_layer.partial_unreserve) {
        unreserve(base + kept, layout.arena_bytes(wanted, page_size, page_size) - kept);
    }
    seal_guards(page_size, base, units, page_size, store);
    ranges.add(base, kept);
    counters.vars().arenas.add(1);
    var unit: u32 = 0;
    while (unit < units) : (unit += 1) {
        // A record that cannot be had ends the arena early; its units stay unused.
        var ignored: abi.Cause = .{};
        const record = if (unit == 0) first else new_record(&ignored) catch break;
        adopt(record, base + layout.unit_offset(unit, page_size, page_size), page_size, store, .page);
        vars().free_pages.getPtr(store).push(record);
        counters.vars().pages.add(1);
    }
    vars().arena_doublings = @min(vars().arena_doublings + 1, arena_doublings_max);
}

fn take_region(cause: *abi.Cause, page_size: usize, length: u32, store: abi.Store) abi.Error!*Record {
    const span = layout.span(length, page_size);
    const queue = &vars().free_regions.getPtr(store)[layout.class_of(span, page_size)];
    const record = queue.pop() orelse return add_region(cause, page_size, span, store);
    errdefer queue.push(record);
    _ = try settle(cause, page_size, record.base - page_size, 1, span, store);
    adopt(record, record.base, span, store, .region);
    return record;
}

fn add_region(cause: *abi.Cause, page_size: usize, span: usize, store: abi.Store) abi.Error!*Record {
    const record = try new_record(cause);
    errdefer vars().free_records.push(record);
    const length = layout.arena_bytes(1, span, page_size);
    const base = try reserve(cause, length);
    _ = settle(cause, page_size, base, 1, span, store) catch |err| {
        unreserve(base, length);
        return err;
    };
    seal_guards(page_size, base, 1, span, store);
    ranges.add(base, length);
    counters.vars().arenas.add(1);
    adopt(record, base + page_size, span, store, .region);
    return record;
}

fn new_record(cause: *abi.Cause) abi.Error!*Record {
    return vars().free_records.pop() orelse table.add(cause);
}

fn adopt(record: *Record, base: usize, span: usize, store: abi.Store, kind: table.Kind) void {
    invariant.check(record.state == .free);
    record.base = base;
    record.span = span;
    record.store = store;
    record.kind = kind;
    record.dropped = false;
    record.touched = false;
    record.access = .none;
}

fn reserve(cause: *abi.Cause, length: usize) abi.Error!usize {
    const base = os.reserve(cause, length) catch return error.AllocationFailed;
    errdefer unreserve(base, length);
    os.mark(cause, base, length) catch return error.AllocationFailed;
    return base;
}

fn unreserve(base: usize, length: usize) void {
    var ignored: abi.Cause = .{};
    os.unreserve(&ignored, base, length) catch {};
}

/// Marks pages or guards of a store. What a memfd_secret area needs beyond the rest, other pages
/// of its arena have as well, so that the kernel sees them as alike.
fn mark(cause: *abi.Cause, base: usize, length: usize, store: abi.Store) os_layer.Failed!void {
    try os.mark(cause, base, length);
    if (store == .secretmem) try secretmem.mark(cause, base, length);
}

/// A guard that is sealed cannot be opened, moved or unmapped by anyone. Not every kernel
/// has that; `status` reports it. After it a guard takes no marks any more.
fn seal_guards(page_size: usize, base: usize, units: u32, unit_bytes: usize, store: abi.Store) void {
    var ignored: abi.Cause = .{};
    const whole = layout.arena_bytes(units, unit_bytes, page_size);
    if (store == .secretmem) secretmem.mark(&ignored, base, whole) catch {};
    var unit: u32 = 0;
    while (unit <= units) : (unit += 1) {
        os.seal(&ignored, base + unit * (unit_bytes + page_size), page_size) catch return;
    }
}

/// Gives memory to up to `units_wanted` units of a reservation; to fewer if the lock
/// budget ends before, and none is an error. Nothing is left behind on failure but the
/// reservation.
fn settle(cause: *abi.Cause, page_size: usize, base: usize, units_wanted: u32, unit_bytes: usize, store: abi.Store) abi.Error!u32 {
    invariant.check(units_wanted > 0);
    const units = switch (store) {
        .secretmem => try settle_secretmem(cause, page_size, base, units_wanted, unit_bytes),
        .locked, .unlocked => try settle_anonymous(cause, page_size, base, units_wanted, unit_bytes, store),
    };
    count_memory(store, units * unit_bytes, .add);
    if (store != .unlocked) note_limit(units_wanted, units);
    return units;
}

fn settle_anonymous(cause: *abi.Cause, page_size: usize, base: usize, units_wanted: u32, unit_bytes: usize, store: abi.Store) abi.Error!u32 {
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
    return unit;
}

/// One area for all units, a page of it for each. Its descriptor is closed at once.
fn settle_secretmem(cause: *abi.Cause, page_size: usize, base: usize, units_wanted: u32, unit_bytes: usize) abi.Error!u32 {
    const fd = secretmem.create(cause, units_wanted * unit_bytes) catch return error.AllocationFailed;
    defer secretmem.finish(fd);
    rungs.note_secretmem();
    var unit: u32 = 0;
    errdefer unsettle(page_size, base, unit, unit_bytes);
    while (unit < units_wanted) : (unit += 1) {
        const address = base + layout.unit_offset(unit, unit_bytes, page_size);
        secretmem.map(cause, fd, address, unit_bytes, unit * unit_bytes) catch {
            if (unit == 0) return if (secretmem.errno_is_limit(cause.errno)) error.LockLimit else error.AllocationFailed;
            cause.* = .{};
            break;
        };
    }
    // The guards between them as well, but not the outer two: those of a region are sealed.
    const inner = layout.arena_bytes(unit, unit_bytes, page_size) - 2 * page_size;
    secretmem.mark(cause, base + page_size, inner) catch return error.AllocationFailed;
    return unit;
}

/// Takes the memory of units away again, of which nobody has heard yet.
fn unsettle(page_size: usize, base: usize, units: u32, unit_bytes: usize) void {
    var ignored: abi.Cause = .{};
    for (0..units) |unit| {
        const address = base + layout.unit_offset(@intCast(unit), unit_bytes, page_size);
        os.replace(&ignored, address, unit_bytes) catch {};
        os.mark(&ignored, address, unit_bytes) catch {};
    }
}

fn count_memory(store: abi.Store, bytes: usize, comptime change: enum { add, sub }) void {
    const count = @field(counters.Counter, @tagName(change));
    if (store != .unlocked) count(&counters.vars().locked_bytes, bytes);
    if (store == .secretmem) count(&counters.vars().secretmem_bytes, bytes);
}

fn arena_units_next() u32 {
    return arena_units_first << vars().arena_doublings;
}

/// The first arena takes at most half of the lock budget and later ones half of
/// what is left: other code in the process locks memory too.
fn units_within_limit(page_size: usize) u32 {
    var cause: abi.Cause = .{};
    const limit = os.lock_limit(&cause) catch return 1;
    if (vars().limit_bypassed or limit == std.math.maxInt(u64)) return arena_units_next();
    const left = limit -| counters.vars().locked_bytes.get();
    const half: u32 = @intCast(@min(left / 2 / page_size, arena_units_max));
    return std.math.clamp(half, 1, arena_units_next());
}

/// Learns whether the limit binds us (root on Linux is exempt): if a lock beyond it
/// was granted, later arenas need not shrink to one page.
fn note_limit(wanted: u32, got: u32) void {
    if (got < wanted) return;
    var cause: abi.Cause = .{};
    const limit = os.lock_limit(&cause) catch return;
    if (counters.vars().locked_bytes.get() > limit) vars().limit_bypassed = true;
}
