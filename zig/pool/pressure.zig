//! Making room in a pool whose pages are all that it may have, or all that the system lets it lock:
//! slots in quarantine are free earlier, kept pages go, and in pools that seal, secrets that sleep
//! are sealed, those that have for longest first.
//!
//! The pool is locked by the caller.

const abi = @import("../abi.zig");
const classes = @import("classes.zig");
const counters = @import("../counters.zig");
const entries = @import("../entries.zig");
const pages = @import("page.zig");
const seal = @import("../seal.zig");
const slots = @import("slots.zig");
const windows = @import("windows.zig");
const wipe = @import("../wipe.zig").wipe;
const wipe_registers = @import("../wipe.zig").wipe_registers;
const Cause = abi.Cause;
const Error = abi.Error;
const Entry = entries.Entry;
const Page = pages.Page;
const Pool = @import("pool.zig").Pool;
const Slot = pages.Slot;

/// How many secrets are sealed while their page is open, and how far behind the first of them:
/// opening it costs more than sealing does.
const batch_max = 16;
const batch_reach = 64;

/// True if there is more room than before for a secret of the class.
pub fn make_room(cause: *Cause, pool: *Pool, class: u8) Error!bool {
    if (pool.classes[class].quarantine.length > 0) {
        slots.free_oldest(pool, class);
        return true;
    }
    if (slots.give_kept(pool)) return true;
    return if (pool.seals) seal_some(cause, pool, class) else false;
}

/// Seals some secrets of a class, or all of a page on which all sleep, which then is nobody's. False
/// if there are none. Of the class `whole`, there are only such pages.
pub fn seal_some(cause: *Cause, pool: *Pool, class: u8) Error!bool {
    var next = pool.idle.head;
    while (next) |slot| {
        next = slot.next;
        const page = slot.page;
        const fits = page.class == class;
        if (!fits and page.idle < page.taken) continue;
        const sealed = if (fits)
            try seal_oldest(cause, slot, batch_max, batch_reach)
        else
            try seal_oldest(cause, slot, page.idle, pool.idle.length);
        if (sealed > 0) return true;
    }
    return false;
}

/// Seals secrets of a page, from the one on that has slept for longest. Returns how many.
pub noinline fn seal_oldest(cause: *Cause, oldest: *Slot, at_most: u32, reach: u32) Error!u32 {
    const page = oldest.page;
    const sealed = try move_out(cause, oldest, at_most, reach);
    // The page goes with the last of them, if it is empty then.
    var left = sealed;
    const all = page.slots();
    var index: usize = 0;
    while (left > 0) : (index += 1) {
        if (all[index].state != .left) continue;
        left -= 1;
        slots.give(&all[index]);
    }
    return sealed;
}

fn move_out(cause: *Cause, oldest: *Slot, at_most: u32, reach: u32) Error!u32 {
    const page = oldest.page;
    const pool = page.pool;
    defer wipe_registers();
    page.record.lock.acquire();
    defer page.record.lock.release();
    try windows.begin(cause, page);
    var sealed: u32 = 0;
    var result: Error!void = {};
    var next: ?*Slot = oldest;
    var seen: u32 = 0;
    while (next) |slot| {
        next = slot.next;
        seen += 1;
        if (seen > reach or sealed == at_most) break;
        if (slot.page != page) continue;
        const entry = entries.at(slot.entry).?;
        // Entries are locked before records; one that is busy stays.
        if (!entry.lock.try_acquire()) continue;
        defer entry.lock.release();
        const moved = leave(cause, page, slot, entry) catch |err| {
            result = err;
            break;
        };
        if (!moved) continue;
        slot.state = .left;
        slot.idle = false;
        page.idle -= 1;
        pool.idle.remove(slot);
        pool.hot -= 1;
        pool.seals_done += 1;
        sealed += 1;
    }
    windows.end(cause, page) catch |err| {
        result = err;
    };
    if (sealed == 0) try result;
    return sealed;
}

/// False for a secret that cannot go: its page was purged, or there is damage beside it, which only
/// its end reports.
fn leave(cause: *Cause, page: *Page, slot: *Slot, entry: *Entry) Error!bool {
    const had_box = entry.box != 0;
    if (entry.state == .live) {
        if (page.record.state != .live) return false;
        if (!page.intact(slot, entry.length, .look)) return false;
        if (entry.flags.dirty) {
            try seal.put(cause, entry, slot.entry, page.area(slot)[0..entry.length]);
        }
    }
    wipe(page.area(slot));
    if (had_box) counters.vars().sealed_hot.sub(1);
    entry.flags.hot = false;
    return true;
}
