//! A secret that was found by its handle, wherever it is: on pages of its own or in a pool's slot.

const abi = @import("abi.zig");
const entries = @import("entries.zig");
const counters = @import("counters.zig");
const gate = @import("gate.zig");
const layout = @import("layout.zig");
const secret = @import("secret.zig");
const pages = @import("pool/page.zig");
const table = @import("table.zig");
const windows = @import("pool/windows.zig");
const wipe = @import("wipe.zig").wipe;
const Cause = abi.Cause;
const Error = abi.Error;
const Record = table.Record;

pub const Held = struct {
    /// Of its pages, and locked.
    record: *Record,
    slot: ?*pages.Slot = null,

    pub fn release(held: *const Held) void {
        held.record.lock.release();
    }

    pub noinline fn bytes(held: *const Held) []u8 {
        const slot = held.slot orelse return held.record.payload();
        return slot.page.area(slot)[0..slot.of().length];
    }

    pub noinline fn is_live(held: *const Held) bool {
        if (held.record.state != .live) return false;
        const slot = held.slot orelse return true;
        return slot.of().state == .live;
    }

    /// Its owner has destroyed it.
    pub fn is_resting(held: *const Held) bool {
        const slot = held.slot orelse return held.record.state == .resting;
        return slot.of().state == .resting;
    }

    pub fn is_readable(held: *const Held) bool {
        // A neighbour's window is not one on this.
        if (held.slot) |slot| if (!slot.is_open()) return false;
        return gate.is_readable(held.record);
    }

    pub noinline fn open(held: *const Held, cause: *Cause, protection: abi.Protection) Error!void {
        const slot = held.slot orelse return gate.open(cause, held.record, protection);
        try windows.open(cause, slot, protection);
        if (protection == .write) slot.of().flags.dirty = true;
    }

    pub noinline fn close(held: *const Held, cause: *Cause) Error!void {
        const slot = held.slot orelse return gate.close(cause, held.record);
        return windows.close(cause, slot);
    }

    pub fn open_wide(held: *const Held, cause: *Cause) Error!void {
        const slot = held.slot orelse return gate.open_wide(cause, held.record);
        return windows.open_wide(cause, slot);
    }

    pub fn close_wide(held: *const Held, cause: *Cause) Error!void {
        const slot = held.slot orelse return gate.close_wide(cause, held.record);
        return windows.close_wide(cause, slot);
    }

    /// Its window could not be closed: nothing is left in it.
    pub fn purge(held: *const Held) void {
        var ignored: Cause = .{};
        counters.vars().in_use.sub(1);
        const slot = held.slot orelse {
            held.record.state = .purged;
            return secret.purge_one(&ignored, held.record) catch {};
        };
        slot.of().state = .purged;
        _ = @atomicRmw(u32, &slot.page.pool.secrets, .Sub, 1, .monotonic);
        windows.begin(&ignored, slot.page) catch {
            // The rest of the page needs it; whoever can open it next wipes this.
            slot.owed = true;
            slot.page.owed += 1;
            return;
        };
        wipe(held.bytes());
        windows.end(&ignored, slot.page) catch {};
    }
};

/// Finds a secret and locks its record, which the caller releases. One that sleeps in a pool is
/// nowhere to be found.
pub noinline fn find(handle: u32) Error!Held {
    if (entries.is_entry(handle)) return find_entry(handle);
    return .{ .record = try table.acquire(handle) };
}

/// What is hot changes only while its page's record is locked: so that is the only lock to take.
pub noinline fn find_entry(handle: u32) Error!Held {
    return find_at(handle, place_of(handle));
}

fn find_at(handle: u32, place: u32) Error!Held {
    const record = table.at(place) orelse return refuse(handle);
    record.lock.acquire();
    if (on_page(handle, record)) |found| return found;
    record.lock.release();
    return refuse(handle);
}

/// Why it was not found.
fn refuse(handle: u32) Error {
    const sleeping = entries.acquire(handle) catch |err| return err;
    defer sleeping.lock.release();
    return if (sleeping.state == .live) error.InvalidArgument else error.Closed;
}

fn on_page(handle: u32, record: *Record) ?Held {
    const index = entries.index_of(handle);
    const entry = entries.at(index) orelse return null;
    const awake = entry.handle(index) == handle and entry.flags.hot and entry.flags.pinned;
    if (!awake or entry.place != record.index) return null;
    const page = record.pool orelse return null;
    return .{ .record = record, .slot = &page.slots()[entry.slot] };
}

/// Where it is, for an order of locks; it may be gone by then.
pub fn place_of(handle: u32) u32 {
    if (!entries.is_entry(handle)) return layout.index_of(handle);
    const entry = entries.at(entries.index_of(handle)) orelse return 0;
    return @atomicLoad(u32, &entry.place, .monotonic);
}

/// One that the caller has found, and has locked since.
pub fn again(handle: u32) Held {
    if (!entries.is_entry(handle)) return .{ .record = table.at(layout.index_of(handle)).? };
    const entry = entries.at(entries.index_of(handle)).?;
    const record = table.at(entry.place).?;
    return .{ .record = record, .slot = &record.pool.?.slots()[entry.slot] };
}

/// A second secret, perhaps of the same record, which the caller has locked.
pub fn find_beside(handle: u32, locked: *Record) Error!Held {
    const place = place_of(handle);
    // Who has that one may be waiting for ours.
    if (place < locked.index) return error.Closed;
    if (place == locked.index) return on_page(handle, locked) orelse error.Closed;
    if (entries.is_entry(handle)) return find_at(handle, place);
    return .{ .record = try table.acquire(handle) };
}
