//! A page of a pool: slots of one size, with a canary behind each and before the first.
//!
//!     slack (canary) | slot | canary | slot | canary | ... | slot | canary      guard
//!
//! What is known of the slots is here, off the page. A canary is keyed by its address and the use
//! of the slot before it; what a secret leaves free of its slot is filled with the same. Secrets
//! longer than the largest slot have pages of their own, as those without a pool: one slot.
//!
//! The lists are guarded by the pool's lock, windows and content by the lock of the page's record,
//! and the state of a slot by both.

const std = @import("std");
const abi = @import("../abi.zig");
const canary = @import("../canary.zig");
const classes = @import("classes.zig");
const entries = @import("../entries.zig");
const invariant = @import("../invariant.zig");
const os = @import("../os.zig").current;
const pkey = @import("../os.zig").pkey;
const process = @import("../process.zig");
const table = @import("../table.zig");
const Lock = @import("../lock.zig").Lock;
const Pool = @import("pool.zig").Pool;
const shared = @import("../shared.zig");
const Record = table.Record;

/// free -> used -> resting -> quarantined -> free, or resting -> retired. `left`: its secret is sealed,
/// which is on its way to quarantined.
pub const State = enum(u8) { free, used, resting, left, quarantined, retired };

pub const Slot = struct {
    /// In the list of those that may be sealed, or in the quarantine.
    previous: ?*Slot = null,
    next: ?*Slot = null,
    page: *Page,
    /// Index of the entry.
    entry: u32 = 0,
    /// Keys the canary.
    uses: u32 = 0,
    /// Windows that are open: threads', and those for every thread.
    readers: u16 = 0,
    writers: u16 = 0,
    wide: u16 = 0,
    state: State = .free,
    /// In the list of those that may be sealed.
    idle: bool = false,
    /// Its secret has ended, but the system did not let it be wiped.
    owed: bool = false,

    pub fn index(slot: *const Slot) u16 {
        const first = @intFromPtr(slot.page.slots().ptr);
        return @intCast((@intFromPtr(slot) - first) / @sizeOf(Slot));
    }

    /// What is in it; only of a slot that is used or resting.
    pub fn of(slot: *const Slot) *entries.Entry {
        return entries.at(slot.entry).?;
    }

    pub fn is_open(slot: *const Slot) bool {
        return slot.readers > 0 or slot.writers > 0 or slot.wide > 0;
    }
};

/// Windows of one thread, under keys.
pub const Row = struct {
    thread: usize = 0,
    readers: u32 = 0,
    writers: u32 = 0,
};

/// Threads that have windows on one page by its key; those beyond open it for all threads.
pub const rows_max = if (pkey.exists) 16 else 0;

const header_bytes = @sizeOf(Page) + rows_max * @sizeOf(Row);

pub const Page = struct {
    /// Among the pages of its class.
    previous: ?*Page = null,
    next: ?*Page = null,
    record: *Record,
    pool: *Pool,
    class: u8,
    count: u32,
    /// Slots by their state; `taken` are used and resting ones.
    free: u32 = 0,
    taken: u32 = 0,
    idle: u32 = 0,
    retired: u32 = 0,
    owed: u32 = 0,
    /// Windows of all slots; of these, those that are open to every thread although there are keys.
    readers: u32 = 0,
    writers: u32 = 0,
    shared: u32 = 0,
    row_count: u32 = rows_max,

    /// Behind the page's own fields, then its slots.
    pub fn rows(page: *Page) []Row {
        return @as([*]Row, @ptrFromInt(@intFromPtr(page) + @sizeOf(Page)))[0..rows_max];
    }

    pub fn slots(page: *Page) []Slot {
        return @as([*]Slot, @ptrFromInt(@intFromPtr(page) + header_bytes))[0..page.count];
    }

    /// Distance of a slot from the start of the page.
    fn offset_of(page: *const Page, index: usize) usize {
        const step = classes.step_of(page.class);
        return page.record.span - (page.count - index) * step;
    }

    pub const Near = struct { index: usize, offset: usize, size: usize };

    /// The slot that a distance from the start of the page is in, or in the canary behind it; for
    /// lines about faults: whatever is read here may be changing.
    pub fn nearest(page: *const Page, distance: usize, span: usize) Near {
        if (page.class >= classes.whole) {
            const offset = @min(page.record.offset, span);
            return .{ .index = 0, .offset = offset, .size = @min(page.record.length, span - offset) };
        }
        const step = classes.step_of(page.class);
        const first = span -| @as(usize, page.count) * step;
        const index = @min((distance -| first) / step, page.count -| 1);
        return .{ .index = index, .offset = first + index * step, .size = step - classes.canary_length };
    }

    /// A slot's bytes, of which its secret has the first.
    pub fn area(page: *const Page, slot: *const Slot) []u8 {
        if (page.class == classes.whole) return page.record.payload();
        return page.record.unit()[page.offset_of(slot.index())..][0..classes.size_of(page.class)];
    }

    /// The canary behind a slot.
    fn canary_of(page: *const Page, index: usize) *[classes.canary_length]u8 {
        const at = page.offset_of(index) + classes.size_of(page.class);
        return page.record.unit()[at..][0..classes.canary_length];
    }

    fn pattern_of(page: *Page, index: usize) canary.Pattern {
        const at = @intFromPtr(page.canary_of(index));
        return canary.pattern(key(), at, page.slots()[index].uses);
    }

    /// Everything before the first slot.
    fn front(page: *const Page) []u8 {
        return page.record.unit()[0..page.offset_of(0)];
    }

    /// The page is writable and was not used before.
    pub fn fill(page: *Page) void {
        const record = page.record;
        // Around a long secret they are already.
        if (page.class == classes.whole) return;
        canary.fill(page.front(), record.pattern);
        for (0..page.count) |index| page.canary_of(index).* = page.pattern_of(index);
    }

    /// A secret of so many bytes is moving in: its slot's canary is a new one. False if the one
    /// that was there has been damaged, which would be hidden by that.
    pub fn renew(page: *Page, slot: *Slot, length: u32) bool {
        if (page.class == classes.whole) return true;
        const index = slot.index();
        const behind = page.canary_of(index);
        if (!canary.intact(behind, page.pattern_of(index))) {
            if (index + 1 < page.count) page.suspect(index + 1);
            return false;
        }
        slot.uses += 1;
        const pattern = page.pattern_of(index);
        canary.fill(page.area(slot)[length..], pattern);
        behind.* = pattern;
        return true;
    }

    pub const Manner = enum { look, repair };

    /// Whether everything around a secret is as it was. For `.repair`, what is found is put right, so
    /// that it is reported once, and neighbours that share a damaged canary are marked.
    pub fn intact(page: *Page, slot: *Slot, length: u32, manner: Manner) bool {
        const record = page.record;
        if (page.class == classes.whole) {
            return canary.intact(record.before(), record.pattern) and
                canary.intact(record.after(), record.pattern);
        }
        const index = slot.index();
        const pattern = page.pattern_of(index);
        var damaged = !canary.intact(page.area(slot)[length..], pattern);
        if (!canary.intact(page.canary_of(index), pattern)) {
            damaged = true;
            if (manner == .repair) {
                page.canary_of(index).* = pattern;
                if (index + 1 < page.count) page.suspect(index + 1);
            }
        }
        const before: []u8 = if (index == 0) page.front() else page.canary_of(index - 1);
        const expected = if (index == 0) record.pattern else page.pattern_of(index - 1);
        if (!canary.intact(before, expected)) {
            damaged = true;
            if (manner == .repair) {
                canary.fill(before, expected);
                if (index > 0) page.suspect(index - 1);
            }
        }
        return !damaged;
    }

    pub fn suspect(page: *Page, index: usize) void {
        const slot = &page.slots()[index];
        if (slot.state != .used) return;
        const entry = entries.at(slot.entry).?;
        if (!entry.flags.suspect) page.pool.suspects += 1;
        entry.flags.suspect = true;
    }
};

fn key() canary.Key {
    var ignored: abi.Cause = .{};
    // A page is there, so it was asked for before.
    const known = process.get(&ignored) catch invariant.stop();
    return known.canary_key;
}

/// Where pages are described: memory that is never given back, but used again for pages of the
/// same class.
const chunk_bytes: usize = 128 * 1024;

pub const Variables = struct {
    lock: Lock = .{},
    unused: [classes.count]?*Page = @splat(null),
    chunk: usize = 0,
    chunk_left: usize = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.pages, &own);
}

pub fn create(cause: *abi.Cause, pool: *Pool, record: *Record, class: u8, page_size: usize) abi.Error!*Page {
    const count = classes.slots_of(class, page_size);
    const page = try allocate(cause, class, count);
    page.* = .{ .record = record, .pool = pool, .class = class, .count = count, .free = count };
    for (page.rows()) |*row| row.* = .{};
    for (page.slots()) |*slot| slot.* = .{ .page = page };
    return page;
}

fn allocate(cause: *abi.Cause, class: u8, count: u32) abi.Error!*Page {
    vars().lock.acquire();
    defer vars().lock.release();
    if (vars().unused[class]) |page| {
        vars().unused[class] = page.next;
        return page;
    }
    const bytes = header_bytes + @as(usize, count) * @sizeOf(Slot);
    if (vars().chunk_left < bytes) {
        vars().chunk = os.metadata(cause, chunk_bytes) catch return error.AllocationFailed;
        vars().chunk_left = chunk_bytes;
    }
    defer {
        vars().chunk += bytes;
        vars().chunk_left -= bytes;
    }
    return @ptrFromInt(vars().chunk);
}

pub fn destroy(page: *Page) void {
    vars().lock.acquire();
    defer vars().lock.release();
    page.next = vars().unused[page.class];
    vars().unused[page.class] = page;
}

comptime {
    std.debug.assert(@alignOf(Page) == @alignOf(Slot) and @alignOf(Page) == @alignOf(Row));
    std.debug.assert(header_bytes + @as(usize, classes.slots_of(0, 65536)) * @sizeOf(Slot) <= chunk_bytes);
}
