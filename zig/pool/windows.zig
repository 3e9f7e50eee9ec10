//! Windows on the secrets of a pool's page. They open the page, with all of its secrets; so they
//! are counted here, and the page is as open as the widest of them needs.
//!
//! Under keys a thread's rights are those of its own windows: they are counted by thread. A window
//! that finds no key, or no room to be counted, opens the page to every thread.
//!
//! The page's record is locked by the caller in all of these.

const abi = @import("../abi.zig");
const counters = @import("../counters.zig");
const gate = @import("../gate.zig");
const keys = @import("../keys.zig");
const pages = @import("page.zig");
const pkey = @import("../os.zig").pkey;
const table = @import("../table.zig");
const wipe = @import("../wipe.zig").wipe;
const Cause = abi.Cause;
const Error = abi.Error;
const Page = pages.Page;
const Row = pages.Row;
const Slot = pages.Slot;

/// How a window is open: by the key of this thread, or to all of them.
const Way = enum { own, shared };

pub fn open(cause: *Cause, slot: *Slot, protection: abi.Protection) Error!void {
    const page = slot.page;
    const record = page.record;
    const writes = protection == .write;
    const was_bound = record.slot != null;
    var row: ?*Row = null;
    if (record.gate == .pkey and (was_bound or keys.bind(record))) row = row_for(page);
    const way: Way = if (record.gate == .mprotect or row != null) .own else .shared;
    count(slot, writes, .add);
    if (row) |own| change(if (writes) &own.writers else &own.readers, .add);
    if (way == .shared) page.shared += 1;
    settle(cause, page) catch |err| {
        uncount(slot, row, writes, way);
        if (!was_bound) {
            var ignored: Cause = .{};
            keys.unbind(&ignored, record) catch {};
        }
        return err;
    };
    if (way == .own) set_rights(page);
    record.used = true;
}

/// Closes a window that `open` opened, on the same thread; none is no error.
pub fn close(cause: *Cause, slot: *Slot) Error!void {
    if (slot.readers == 0 and slot.writers == 0) return;
    const page = slot.page;
    const writes = slot.writers > 0;
    const row = row_of(page, pkey.thread());
    const owns = if (row) |own| (if (writes) own.writers else own.readers) > 0 else page.record.gate == .mprotect;
    uncount(slot, row, writes, if (owns) .own else .shared);
    set_rights(page);
    return settle(cause, page);
}

pub fn open_wide(cause: *Cause, slot: *Slot) Error!void {
    const page = slot.page;
    if (!slot.is_open()) counters.vars().open_windows.add(1);
    slot.wide += 1;
    page.readers += 1;
    page.shared += 1;
    settle(cause, page) catch |err| {
        uncount_wide(slot);
        return err;
    };
    page.record.used = true;
}

pub fn close_wide(cause: *Cause, slot: *Slot) Error!void {
    if (slot.wide == 0) return;
    uncount_wide(slot);
    return settle(cause, slot.page);
}

/// The secret ends, and so do its windows; the page is not changed yet.
pub fn end_all(slot: *Slot) void {
    const page = slot.page;
    while (slot.wide > 0) uncount_wide(slot);
    while (slot.readers > 0 or slot.writers > 0) {
        const writes = slot.writers > 0;
        const row = row_of(page, pkey.thread());
        const owns = if (row) |own| (if (writes) own.writers else own.readers) > 0 else page.record.gate == .mprotect;
        uncount(slot, row, writes, if (owns) .own else .shared);
    }
}

/// Makes the page writable to this thread, for a moment and for the core itself. Slots that could
/// not be wiped before are.
pub fn begin(cause: *Cause, page: *Page) Error!void {
    if (page.record.dropped) return error.Closed;
    _ = try gate.begin(cause, page.record);
    if (page.owed == 0) return;
    for (page.slots()) |*slot| {
        if (!slot.owed) continue;
        wipe(page.area(slot));
        slot.owed = false;
    }
    page.owed = 0;
}

/// Takes back what `begin` changed: the page is as its windows need it.
pub fn end(cause: *Cause, page: *Page) Error!void {
    set_rights(page);
    return settle(cause, page);
}

/// Another thread with this one's number has ended, perhaps inside windows.
pub fn forget_thread() void {
    if (pages.rows_max == 0) return;
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)) orelse return;
        record.lock.acquire();
        defer record.lock.release();
        const page = record.pool orelse continue;
        const row = row_of(page, pkey.thread()) orelse continue;
        page.readers -= row.readers;
        page.writers -= row.writers;
        row.* = .{};
        note(page);
    }
}

fn settle(cause: *Cause, page: *Page) Error!void {
    const record = page.record;
    note(page);
    if (record.dropped) return;
    const open_to_all: table.Access = if (page.writers > 0) .write else if (page.readers > 0) .read else .none;
    if (record.gate == .mprotect or page.shared > 0) return gate.set(cause, record, open_to_all);
    if (record.access == .keyed) return;
    if (record.slot != null) return gate.arm(cause, record);
    return gate.set(cause, record, .none);
}

/// What others look at: `keys.zig` must not take the key away meanwhile, and lines about faults
/// say whether there is a window.
fn note(page: *Page) void {
    const all = page.readers + page.writers;
    page.record.threads = @truncate(@min(all -| page.shared, 0xFFFF));
    page.record.wide = @truncate(@min(page.shared, 0xFFFF));
}

fn set_rights(page: *Page) void {
    const record = page.record;
    if (record.slot == null) return;
    const row = row_of(page, pkey.thread());
    const rights: pkey.Rights = if (row) |own| (if (own.writers > 0) .write else .read) else .none;
    pkey.set_rights(keys.key_of(record), rights);
}

const Change = enum { add, sub };

fn change(number: *u32, by: Change) void {
    if (by == .add) number.* += 1 else number.* -|= 1;
}

fn count(slot: *Slot, writes: bool, by: Change) void {
    const was_open = slot.is_open();
    const number = if (writes) &slot.writers else &slot.readers;
    if (by == .add) number.* += 1 else number.* -= 1;
    change(if (writes) &slot.page.writers else &slot.page.readers, by);
    note_window(was_open, slot.is_open());
}

fn uncount(slot: *Slot, row: ?*Row, writes: bool, way: Way) void {
    count(slot, writes, .sub);
    if (way == .shared) {
        slot.page.shared -|= 1;
        return;
    }
    const own = row orelse return;
    change(if (writes) &own.writers else &own.readers, .sub);
    if (own.readers == 0 and own.writers == 0) own.thread = 0;
}

fn uncount_wide(slot: *Slot) void {
    slot.wide -= 1;
    slot.page.readers -|= 1;
    slot.page.shared -|= 1;
    note_window(true, slot.is_open());
}

fn note_window(was_open: bool, is_open: bool) void {
    if (was_open == is_open) return;
    if (is_open) counters.vars().open_windows.add(1) else counters.vars().open_windows.sub(1);
}

noinline fn row_of(page: *Page, thread: usize) ?*Row {
    if (pages.rows_max == 0) return null;
    // From the last one down: the compiler does not know how many there are, and makes a loop of it.
    var left = page.row_count;
    while (left > 0) {
        left -= 1;
        const row = &page.rows()[left];
        if (row.thread == thread) return row;
    }
    return null;
}

/// The row of this thread, or one that is free.
fn row_for(page: *Page) ?*Row {
    const thread = pkey.thread();
    const row = row_of(page, thread) orelse row_of(page, 0) orelse return null;
    row.thread = thread;
    return row;
}
