//! The life of a pool's secret: made, woken, put to sleep, destroyed.
//!
//! In a pool that seals, a secret is born sealed: in the box that it is moved to when there is no
//! room, so that making and closing one changes no page. It has a slot from its first use on. In
//! other pools it has one from birth to end.
//!
//! What holds after every call, also a failed one: as in `secret.zig`.

const std = @import("std");
const abi = @import("../abi.zig");
const classes = @import("classes.zig");
const counters = @import("../counters.zig");
const entries = @import("../entries.zig");
const gate = @import("../gate.zig");
const os = @import("../os.zig").current;
const pages = @import("page.zig");
const pools = @import("pool.zig");
const store = @import("../store.zig");
const pressure = @import("pressure.zig");
const seal = @import("../seal.zig");
const secret = @import("../secret.zig");
const slots = @import("slots.zig");
const table = @import("../table.zig");
const windows = @import("windows.zig");
const wipe = @import("../wipe.zig").wipe;
const wipe_registers = @import("../wipe.zig").wipe_registers;
const Cause = abi.Cause;
const Error = abi.Error;
const Entry = entries.Entry;
const Page = pages.Page;
const Pool = pools.Pool;
const Slot = pages.Slot;

pub const Content = union(enum) {
    zeros,
    random,
    /// Copied, then wiped.
    bytes: []u8,
    /// What is in the entry's own box.
    box,
};

/// Returns the secret's handle. One of zeros is awake.
pub noinline fn create(cause: *Cause, handle: u32, length: u32, epoch: u32, content: *const Content) Error!u32 {
    defer wipe_registers();
    if (length == 0) return error.InvalidArgument;
    const pool = try pools.acquire(handle);
    defer pool.lock.release();
    if (secret.vars().ended.load(.seq_cst)) return error.Closed;
    const index = try entries.take(cause, pool.domain, length, @truncate(epoch));
    const entry = entries.at(index).?;
    defer entry.lock.release();
    const grip: Grip = .{ .pool = pool, .entry = entry, .index = index };
    begin(cause, grip, content) catch |err| {
        entries.give(index);
        return err;
    };
    if (content.* == .bytes) wipe(content.bytes);
    entry.state = .live;
    pool.entries += 1;
    pool.lowest = @min(pool.lowest, index);
    pool.highest = @max(pool.highest, index);
    _ = @atomicRmw(u32, &pool.secrets, .Add, 1, .monotonic);
    counters.vars().allocated.add(1);
    counters.vars().in_use.add(1);
    return entry.handle(index);
}

fn begin(cause: *Cause, grip: Grip, content: *const Content) Error!void {
    const entry = grip.entry;
    if (grip.pool.seals) switch (content.*) {
        .bytes => |bytes| return seal.put(cause, entry, grip.index, bytes),
        .random => if (entry.length <= classes.longest) return put_random(cause, entry, grip.index),
        .zeros, .box => {},
    };
    const slot = try admit(cause, grip, content);
    if (content.* == .zeros) entry.flags.pinned = true else rest(slot);
}

fn put_random(cause: *Cause, entry: *Entry, index: u32) Error!void {
    var buffer: [classes.longest]u8 = undefined;
    const bytes = buffer[0..entry.length];
    defer wipe(bytes);
    os.random(cause, bytes) catch return error.RandomFailed;
    return seal.put(cause, entry, index, bytes);
}

/// Gives a secret a slot. Making room for it only tries the locks of other entries.
noinline fn admit(cause: *Cause, grip: Grip, content: *const Content) Error!*Slot {
    while (true) {
        const slot = try slots.take(cause, grip.pool, grip.entry.length);
        const fits = move_in(cause, slot, grip, content) catch |err| {
            slots.give(slot);
            return err;
        };
        if (!fits) {
            slots.retire(slot);
            continue;
        }
        grip.pool.hot += 1;
        return slot;
    }
}

/// Writes a secret to a slot. False if it cannot be there: a canary was damaged, or the page was
/// purged. The entry is locked.
fn move_in(cause: *Cause, slot: *Slot, grip: Grip, content: *const Content) Error!bool {
    const page = slot.page;
    const record = page.record;
    record.lock.acquire();
    defer record.lock.release();
    if (record.state != .live) return false;
    try windows.begin(cause, page);
    const filled = fill(cause, slot, grip, content);
    if (filled) |_| {} else |_| wipe(page.area(slot));
    windows.end(cause, page) catch |err| {
        // What could not be closed is open.
        if (gate.is_writable(record)) wipe(page.area(slot));
        return err;
    };
    if (!try filled) return false;
    const entry = grip.entry;
    slot.entry = grip.index;
    entry.slot = slot.index();
    entry.place = record.index;
    entry.flags.dirty = content.* != .box;
    entry.flags.hot = true;
    if (content.* == .box) counters.vars().sealed_hot.add(1);
    return true;
}

fn fill(cause: *Cause, slot: *Slot, grip: Grip, content: *const Content) Error!bool {
    const page = slot.page;
    if (!page.renew(slot, grip.entry.length)) return false;
    const bytes = page.area(slot)[0..grip.entry.length];
    switch (content.*) {
        .zeros => wipe(bytes),
        .random => os.random(cause, bytes) catch return error.RandomFailed,
        .bytes => |from| @memcpy(bytes, from),
        .box => try seal.get(cause, grip.entry, grip.index, bytes),
    }
    return true;
}

/// A secret of a pool and its pool, both locked.
const Grip = struct {
    pool: *Pool,
    entry: *Entry,
    index: u32,

    fn of(handle: u32) Error!Grip {
        const index = entries.index_of(handle);
        const entry = entries.at(index) orelse return error.Closed;
        const pool = pools.at(@atomicLoad(u16, &entry.domain, .monotonic)) orelse return error.Closed;
        const grip: Grip = .{ .pool = pool, .entry = entry, .index = index };
        pool.lock.acquire();
        entry.lock.acquire();
        const fits = entry.handle(index) == handle and entries.is_entry(handle) and
            entry.state != .free and entry.domain == pool.domain;
        if (fits) return grip;
        grip.release();
        return error.Closed;
    }

    fn release(grip: Grip) void {
        grip.entry.lock.release();
        grip.pool.lock.release();
    }

    fn slot(grip: Grip) *Slot {
        const record = table.at(grip.entry.place).?;
        return &record.pool.?.slots()[grip.entry.slot];
    }
};

/// True if it was sealed.
pub fn wake(cause: *Cause, handle: u32) Error!bool {
    const grip: Grip = try .of(handle);
    defer grip.release();
    const entry = grip.entry;
    const pool = grip.pool;
    if (entry.state != .live) return error.Closed;
    if (entry.flags.hot) {
        const slot = grip.slot();
        stir(slot);
        lock_and_pin(slot, entry, true);
        pool.hits += 1;
        return false;
    }
    pool.misses += 1;
    const slot = try admit(cause, grip, &.box);
    lock_and_pin(slot, entry, true);
    return true;
}

/// Bytes of a secret that sleeps or not; of an enclave none.
pub fn length_of(handle: u32) u32 {
    const grip = Grip.of(handle) catch return 0;
    defer grip.release();
    return if (grip.entry.state == .live) grip.entry.length else 0;
}

pub fn gate_of(handle: u32) Error!abi.Gate {
    const grip: Grip = try .of(handle);
    defer grip.release();
    return grip.pool.gate;
}

pub fn is_suspect(handle: u32) Error!bool {
    const grip: Grip = try .of(handle);
    defer grip.release();
    return grip.entry.flags.suspect;
}

/// Index of the record of its page. Only while it is awake.
pub fn page_of(handle: u32) Error!u32 {
    const found = try @import("../held.zig").find_entry(handle);
    defer found.release();
    return found.record.index;
}

/// Windows on it have to be closed. One that sleeps already is no error.
pub fn sleep(handle: u32) Error!void {
    const grip: Grip = try .of(handle);
    defer grip.release();
    if (grip.entry.state == .resting) return error.Closed;
    if (!grip.entry.flags.pinned) return;
    const slot = grip.slot();
    if (slot.is_open()) return error.InvalidArgument;
    lock_and_pin(slot, grip.entry, false);
    rest(slot);
}

fn lock_and_pin(slot: *Slot, entry: *Entry, pinned: bool) void {
    slot.page.record.lock.acquire();
    defer slot.page.record.lock.release();
    entry.flags.pinned = pinned;
}

/// It may be sealed from here on.
fn rest(slot: *Slot) void {
    slot.idle = true;
    slot.page.idle += 1;
    slot.page.pool.idle.push(slot);
}

fn stir(slot: *Slot) void {
    if (!slot.idle) return;
    slot.idle = false;
    slot.page.idle -= 1;
    slot.page.pool.idle.remove(slot);
}

/// Wipes it; its slot stays taken until `release` or `retire`.
pub fn destroy(cause: *Cause, handle: u32) Error!void {
    const grip: Grip = try .of(handle);
    defer grip.release();
    if (grip.entry.state == .resting) return error.Closed;
    return end(cause, grip);
}

fn end(cause: *Cause, grip: Grip) Error!void {
    const entry = grip.entry;
    const was_live = entry.state == .live;
    if (was_live) {
        counters.vars().in_use.sub(1);
        _ = @atomicRmw(u32, &grip.pool.secrets, .Sub, 1, .monotonic);
    }
    counters.vars().pages_resting.add(1);
    drop_box(entry);
    if (!entry.flags.hot) {
        entry.state = .resting;
        return;
    }
    const slot = grip.slot();
    stir(slot);
    const record = slot.page.record;
    record.lock.acquire();
    defer record.lock.release();
    entry.state = .resting;
    slot.state = .resting;
    return clear(cause, slot, entry.length);
}

/// Wipes a slot, and looks at the canaries around it. The record is locked.
fn clear(cause: *Cause, slot: *Slot, length: u32) Error!void {
    const page = slot.page;
    windows.end_all(slot);
    if (page.class == classes.whole) {
        // Nothing is left on it for a purge.
        page.record.state = .resting;
        return secret.scrub(cause, page.record);
    }
    if (page.record.dropped) return;
    windows.begin(cause, page) catch |err| {
        // Its neighbours need the page. It is wiped when that can be opened again.
        slot.owed = true;
        page.owed += 1;
        return err;
    };
    const intact = page.record.state != .live or page.intact(slot, length, .repair);
    wipe(page.area(slot));
    const closed = windows.end(cause, page);
    if (!intact) return error.Corrupted;
    return closed;
}

/// No view of a destroyed secret is alive.
pub fn release(cause: *Cause, handle: u32) Error!void {
    const grip: Grip = try .of(handle);
    defer grip.release();
    if (grip.entry.state != .resting) return error.InvalidArgument;
    leave(cause, grip, false);
}

/// A view of it may live on in another thread: its slot is never used again.
pub fn retire(cause: *Cause, handle: u32) Error!void {
    const grip: Grip = try .of(handle);
    defer grip.release();
    if (grip.entry.state != .resting) return error.InvalidArgument;
    leave(cause, grip, true);
}

fn leave(cause: *Cause, grip: Grip, retires: bool) void {
    counters.vars().pages_resting.sub(1);
    if (grip.entry.flags.hot) {
        const slot = grip.slot();
        const record = slot.page.record;
        record.lock.acquire();
        grip.entry.flags.hot = false;
        if (slot.owed) {
            if (windows.begin(cause, slot.page)) windows.end(cause, slot.page) catch {} else |_| {}
        }
        const wiped = !slot.owed;
        record.lock.release();
        grip.pool.hot -= 1;
        if (retires or !wiped) slots.retire(slot) else slots.give(slot);
    }
    entries.give(grip.index);
    grip.pool.entries -= 1;
    pools.finish(grip.pool);
}

/// A secret that was collected, if it is still that of the epoch. True if it was there.
pub fn collected(cause: *Cause, handle: u32, epoch: u32) Error!bool {
    const grip = Grip.of(handle) catch return false;
    defer grip.release();
    if (grip.entry.epoch != @as(u16, @truncate(epoch))) return false;
    const ended = if (grip.entry.state == .resting) {} else end(cause, grip);
    leave(cause, grip, false);
    try ended;
    return true;
}

/// Wipes all secrets of a pool, as a purge does: their owners find them closed.
pub fn close_pool(cause: *Cause, handle: u32) Error!void {
    const pool = try pools.acquire(handle);
    defer pool.lock.release();
    _ = @atomicRmw(u32, &pool.word, .Add, 1, .seq_cst);
    pool.state = .closed;
    var index = pool.lowest;
    while (index <= pool.highest) : (index += 1) {
        const entry = entries.at(index) orelse break;
        entry.lock.acquire();
        defer entry.lock.release();
        if (entry.domain == pool.domain) _ = purge_entry(entry, pool);
    }
    var result: Error!void = {};
    for (pool.classes) |*class| {
        for ([_]?*Page{ class.open.head, class.full.head }) |head| {
            var next = head;
            while (next) |page| {
                next = page.next;
                wipe_page(cause, page) catch |err| {
                    result = err;
                };
            }
        }
    }
    // What sleeps leaves its page, on which nothing is any more. What is awake does when it ends.
    var ignored: Cause = .{};
    while (pressure.seal_some(&ignored, pool, classes.whole) catch false) {}
    while (slots.give_kept(pool)) {}
    drop_rest(pool);
    pools.finish(pool);
    return result;
}

/// Pages that views may show stay until these are gone, which may be never for those that were
/// shared; the memory behind them need not, unless a window is open.
fn drop_rest(pool: *Pool) void {
    for (pool.classes) |*class| {
        for ([_]?*Page{ class.open.head, class.full.head }) |head| {
            var next = head;
            while (next) |page| : (next = page.next) {
                const record = page.record;
                record.lock.acquire();
                defer record.lock.release();
                if (record.dropped or page.readers > 0 or page.writers > 0) continue;
                var ignored: Cause = .{};
                store.drop_memory(&ignored, record) catch {};
            }
        }
    }
}

fn wipe_page(cause: *Cause, page: *Page) Error!void {
    const record = page.record;
    record.lock.acquire();
    defer record.lock.release();
    if (record.state != .live) return;
    record.state = .purged;
    return secret.purge_one(cause, record);
}

/// Marks every secret of every pool, and every enclave, as purged, and wipes their boxes; the pages
/// are wiped as those of others are. Returns how many there were.
pub fn purge_all() u32 {
    pools.move_words();
    var purged: u32 = 0;
    for (0..entries.length()) |index| {
        const entry = entries.at(@intCast(index)) orelse break;
        entry.lock.acquire();
        defer entry.lock.release();
        if (purge_entry(entry, pools.at(entry.domain))) purged += 1;
    }
    return purged;
}

fn drop_box(entry: *Entry) void {
    if (entry.flags.hot and entry.box != 0) counters.vars().sealed_hot.sub(1);
    seal.drop(entry);
}

fn purge_entry(entry: *Entry, pool: ?*Pool) bool {
    if (entry.state != .live) return false;
    drop_box(entry);
    const record = if (entry.flags.hot) table.at(entry.place) else null;
    if (record) |page| page.lock.acquire();
    entry.state = .purged;
    if (record) |page| page.lock.release();
    counters.vars().in_use.sub(1);
    if (pool) |of| _ = @atomicRmw(u32, &of.secrets, .Sub, 1, .monotonic);
    return true;
}
