//! Slots of a pool: taken at random, and wiped and kept out of use for a while afterwards.
//!
//! The pool is locked by the caller in all of these.

const std = @import("std");
const abi = @import("../abi.zig");
const classes = @import("classes.zig");
const counters = @import("../counters.zig");
const gate = @import("../gate.zig");
const invariant = @import("../invariant.zig");
const labels = @import("../labels.zig");
const layout = @import("../layout.zig");
const pages = @import("page.zig");
const pressure = @import("pressure.zig");
const process = @import("../process.zig");
const retired_pages = @import("../retired.zig");
const secret = @import("../secret.zig");
const store = @import("../store.zig");
const table = @import("../table.zig");
const windows = @import("windows.zig");
const wipe = @import("../wipe.zig").wipe;
const Cause = abi.Cause;
const Error = abi.Error;
const Page = pages.Page;
const Pool = @import("pool.zig").Pool;
const Slot = pages.Slot;

/// Slots of one class that wait before they are free again.
const quarantine_max = 64;

/// A slot for so many bytes. If there is no room for another page, room is made.
pub noinline fn take(cause: *Cause, pool: *Pool, length: u32) Error!*Slot {
    const class = classes.of(length);
    while (true) {
        if (pool.classes[class].open.head) |page| {
            if (page.record.state == .live) return take_from(page);
            set_aside(page);
            continue;
        }
        add_page(cause, pool, class, length) catch |err| {
            if (err != error.LockLimit) return err;
            var why: Cause = .{};
            const made = pressure.make_room(&why, pool, class) catch |failed| {
                cause.* = why;
                return failed;
            };
            // It is still the lock limit, which `cause` tells of.
            if (!made) return err;
            cause.* = .{};
        };
    }
}

/// A page that was purged gets no secret any more, and goes with the last one that it has.
fn set_aside(page: *Page) void {
    if (page.taken == 0) return give_empty(page);
    const class = &page.pool.classes[page.class];
    page.pool.free -= page.free;
    page.free = 0;
    class.open.remove(page);
    class.full.push(page);
}

/// Any of the free ones, all with the same probability.
fn take_from(page: *Page) *Slot {
    const pool = page.pool;
    var skipped = pool.random_below(page.free);
    const slot = for (page.slots()) |*slot| {
        if (slot.state != .free) continue;
        if (skipped == 0) break slot;
        skipped -= 1;
    } else invariant.stop();
    const class = &pool.classes[page.class];
    if (page.taken == 0) class.empty -= 1;
    slot.state = .used;
    page.taken += 1;
    page.free -= 1;
    pool.free -= 1;
    if (page.free == 0) {
        class.open.remove(page);
        class.full.push(page);
    }
    return slot;
}

/// The secret has left the slot, which is wiped: it waits before it is free. A page without
/// secrets is given back, if there is another one of its class.
pub fn give(slot: *Slot) void {
    const page = slot.page;
    page.taken -= 1;
    if (page.class == classes.whole) return give_page(page);
    slot.state = .quarantined;
    const class = &page.pool.classes[page.class];
    class.quarantine.push(slot);
    if (class.quarantine.length > quarantine_max) free_oldest(page.pool, page.class);
    keep_or_give(page);
}

/// Nobody uses the slot again: a view of it may be alive.
pub fn retire(slot: *Slot) void {
    const page = slot.page;
    page.retired += 1;
    page.pool.retired += 1;
    page.taken -= 1;
    slot.state = .retired;
    if (page.class == classes.whole) return give_page(page);
    keep_or_give(page);
}

fn keep_or_give(page: *Page) void {
    if (page.taken > 0) return;
    const pool = page.pool;
    const class = &pool.classes[page.class];
    class.empty += 1;
    const of_use = pool.state == .live and page.record.state == .live and page.retired < page.count;
    if (class.empty > 1 or !of_use) give_empty(page);
}

/// A page of `Class.empty`.
fn give_empty(page: *Page) void {
    page.pool.classes[page.class].empty -= 1;
    give_page(page);
}

/// Lets the slot that has waited for longest be used. False if none waits.
pub fn free_oldest(pool: *Pool, class: u8) void {
    const slot = pool.classes[class].quarantine.head orelse return;
    pool.classes[class].quarantine.remove(slot);
    const page = slot.page;
    slot.state = .free;
    pool.free += 1;
    page.free += 1;
    if (page.free == 1) {
        pool.classes[class].full.remove(page);
        pool.classes[class].open.push(page);
    }
}

/// Gives a page back that is kept for new secrets. False if there is none.
pub fn give_kept(pool: *Pool) bool {
    for (pool.classes) |*class| {
        if (class.empty == 0) continue;
        for ([_]?*Page{ class.open.head, class.full.head }) |head| {
            var next = head;
            while (next) |page| : (next = page.next) {
                if (page.taken > 0) continue;
                give_empty(page);
                return true;
            }
        }
    }
    return false;
}

/// One page for many secrets, or pages for a long one: made as those of any secret, and its record
/// stays locked until it is closed.
noinline fn add_page(cause: *Cause, pool: *Pool, class: u8, length: u32) Error!void {
    const known = try process.get(cause);
    const bytes: u32 = if (class == classes.whole) length else @intCast(known.page_size);
    if (pool.bytes + layout.span(bytes, known.page_size) > pool.limit) return error.LockLimit;
    const shape: secret.Shape = .{ .length = bytes, .alignment = layout.alignment_min, .flags = pool.flags };
    const record = try secret.begin(cause, shape);
    const page = open_page(cause, pool, record, class, known.page_size) catch |err| {
        secret.abandon(record);
        return err;
    };
    if (pool.label_length > 0) labels.put(cause, record, pool.label[0..pool.label_length]) catch {
        // A label is for lines about faults; the secret does not fail for it.
        cause.* = .{};
    };
    record.pool = page;
    record.state = .live;
    record.lock.release();
    const of = &pool.classes[class];
    of.open.push(page);
    of.empty += 1;
    pool.pages += 1;
    pool.bytes += record.span;
    pool.free += page.count;
    counters.vars().pool_pages.add(record.span / known.page_size);
}

fn open_page(cause: *Cause, pool: *Pool, record: *table.Record, class: u8, page_size: usize) Error!*Page {
    const page = try pages.create(cause, pool, record, class, page_size);
    errdefer pages.destroy(page);
    page.fill();
    try windows.end(cause, page);
    return page;
}

/// Parts the pool from a page, which goes back to the store, or whose address stays taken.
noinline fn give_page(page: *Page) void {
    const pool = page.pool;
    const record = page.record;
    const class = &pool.classes[page.class];
    for (page.slots()) |*slot| {
        if (slot.state == .quarantined) class.quarantine.remove(slot);
    }
    if (page.free > 0) class.open.remove(page) else class.full.remove(page);
    const retired = page.retired > 0;
    pool.free -= page.free;
    pool.retired -= page.retired;
    pool.pages -= 1;
    pool.bytes -= record.span;
    counters.vars().pool_pages.sub(record.span / @import("../os.zig").current.page_size());

    record.lock.acquire();
    if (retired and page.class == classes.whole) retired_pages.add(record);
    record.pool = null;
    record.state = .free;
    gate.end_windows(record);
    pages.destroy(page);
    var ignored: Cause = .{};
    if (!record.dropped) {
        // What cannot be wiped goes, and so does what a view may be alive of.
        const opened = if (gate.begin(&ignored, record)) |_| true else |_| false;
        if (opened) wipe(record.unit());
        if (retired or !opened) store.drop_memory(&ignored, record) catch {};
    }
    if (!retired) return secret.abandon(record);
    // Its address is never used again.
    store.forget(record);
    record.lock.release();
}
