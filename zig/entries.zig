//! The directory of secrets that have no page of their own: those of pools, and enclaves.
//!
//! There may be millions of them, so an entry is small, and says where its secret is: in a slot of
//! a pool's page (hot), in a box of ordinary memory (cold, encrypted), or in both. Entries never
//! move and never share a page with a secret.
//!
//! The handle of an entry is `entry_bit | generation << index_bits | index`. Generations are few,
//! so an entry is used again only when many others were freed since; and for those who must not
//! mistake one use for another however long they wait (a collector's callbacks), there is an epoch.

const std = @import("std");
const abi = @import("abi.zig");
const invariant = @import("invariant.zig");
const layout = @import("layout.zig");
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

pub const index_bits = 22;
pub const generation_bits = 8;
pub const generation_max: u8 = (1 << generation_bits) - 1;
pub const entries_max: u32 = 1 << index_bits;

comptime {
    std.debug.assert(index_bits + generation_bits == 30);
    std.debug.assert(@sizeOf(Entry) == 48);
}

/// free -> live -> (purged ->) resting -> free, as those of records (see `table.zig`).
pub const State = enum(u8) { free, live, purged, resting };

pub const Flags = packed struct(u8) {
    /// It has a slot on a page.
    hot: bool = false,
    /// A view of its slot may be alive in a thread: it stays where it is.
    pinned: bool = false,
    /// The slot was written to since the box was made.
    dirty: bool = false,
    /// A neighbour's canary was found damaged.
    suspect: bool = false,
    _: u4 = 0,
};

/// The random part of a box's nonce; the rest is the entry's own (see `seal.zig`).
pub const Nonce = [16]u8;

/// The domain of entries that belong to no pool: enclaves.
pub const enclaves: u16 = 0;

pub const Entry = struct {
    /// Held while the entry changes, and while an enclave's box is opened. Taken before a page's
    /// lock, after a pool's.
    lock: Lock = .{},
    state: State = .free,
    generation: u8 = 0,
    /// Of the number of the key that the box was made with: see `seal/key.zig`. Not among the flags,
    /// which change under another lock while the secret is hot.
    key: u4 = 0,
    flags: Flags = .{},
    /// Of the pool: see `pool.zig`; 0 for enclaves.
    domain: u16 = 0,
    /// See `epoch`.
    epoch: u16 = 0,
    /// Slot on the page, if hot.
    slot: u16 = 0,
    /// How often it was sealed; goes on from one use of the entry to the next.
    serial: u16 = 0,
    /// Index of the page's record, if hot; of the next free entry, if free.
    place: u32 = 0,
    length: u32 = 0,
    /// Address of ciphertext and tag; 0 if there is no box.
    box: usize = 0,
    nonce: Nonce = @splat(0),

    pub fn handle(entry: *const Entry, index: u32) u32 {
        return layout.entry_bit | @as(u32, entry.generation) << index_bits | index;
    }
};

/// How many entries have to be free before the one that was freed first is used again.
const free_min: u32 = 1024;
/// Entries that are made in one epoch: too few for the generations of any entry to wrap in it.
const epoch_births = free_min * @as(u32, generation_max) / 2;

const chunk_entries = 4096;
const Chunk = [chunk_entries]Entry;
pub const Variables = struct {
    chunks: [entries_max / chunk_entries]std.atomic.Value(?*Chunk) = @splat(.init(null)),
    count: std.atomic.Value(u32) = .init(0),
    /// Held while entries are taken and given back.
    lock: Lock = .{},
    free_head: u32 = 0,
    free_tail: u32 = 0,
    free_count: u32 = 0,
    births: u32 = 0,
    /// Moves on before any entry can have the same generation a second time. The runtimes read it.
    epoch: u32 = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.entries, &own);
}

pub fn is_entry(handle: u32) bool {
    return handle & layout.entry_bit != 0;
}

/// An entry of a domain, not live yet: its lock is held until the caller has made it so.
pub fn take(cause: *abi.Cause, domain: u16, bytes: u32, in_epoch: u16) abi.Error!u32 {
    vars().lock.acquire();
    defer vars().lock.release();
    const index = if (vars().free_count > free_min) pop() else try add(cause);
    const entry = at(index).?;
    entry.lock.acquire();
    entry.generation = if (entry.generation == generation_max) 1 else entry.generation + 1;
    entry.flags = .{};
    entry.domain = domain;
    entry.epoch = in_epoch;
    entry.length = bytes;
    vars().births += 1;
    if (vars().births == epoch_births) {
        vars().births = 0;
        _ = @atomicRmw(u32, &vars().epoch, .Add, 1, .monotonic);
    }
    return index;
}

/// Gives an entry back that has neither slot nor box any more. Its lock is held by the caller.
pub fn give(index: u32) void {
    const entry = at(index).?;
    invariant.check(!entry.flags.hot and entry.box == 0);
    entry.state = .free;
    entry.length = 0;
    vars().lock.acquire();
    defer vars().lock.release();
    if (vars().free_count == 0) vars().free_head = index else at(vars().free_tail).?.place = index;
    vars().free_tail = index;
    vars().free_count += 1;
}

/// Finds and locks the entry of a handle; the caller releases it.
pub fn acquire(handle: u32) abi.Error!*Entry {
    const index = index_of(handle);
    const entry = at(index) orelse return error.Closed;
    entry.lock.acquire();
    if (entry.handle(index) != handle or entry.state == .free) {
        entry.lock.release();
        return error.Closed;
    }
    return entry;
}

pub fn at(index: u32) ?*Entry {
    if (index >= vars().count.load(.acquire)) return null;
    const chunk = vars().chunks[index / chunk_entries].load(.acquire) orelse return null;
    return &chunk[index % chunk_entries];
}

pub fn length() u32 {
    return vars().count.load(.acquire);
}

pub fn index_of(handle: u32) u32 {
    return handle & (entries_max - 1);
}

fn pop() u32 {
    const index = vars().free_head;
    vars().free_head = at(index).?.place;
    vars().free_count -= 1;
    return index;
}

fn add(cause: *abi.Cause) abi.Error!u32 {
    const index = vars().count.load(.monotonic);
    if (index == entries_max) {
        if (vars().free_count > 0) return pop();
        return error.TooManySecrets;
    }
    const slot = &vars().chunks[index / chunk_entries];
    if (slot.load(.acquire) == null) {
        const address = os.metadata(cause, @sizeOf(Chunk)) catch return error.AllocationFailed;
        // Zeros are what a free entry is, and are not touched: most of a chunk may never be used.
        slot.store(@ptrFromInt(address), .release);
    }
    vars().count.store(index + 1, .release);
    return index;
}

test "an entry's handle is a positive i32 and no record's" {
    var cause: abi.Cause = .{};
    const index = try take(&cause, 3, 32, 0);
    const entry = at(index).?;
    entry.state = .live;
    const handle = entry.handle(index);
    entry.lock.release();
    try std.testing.expect(handle <= std.math.maxInt(i32));
    try std.testing.expect(is_entry(handle));
    const found = try acquire(handle);
    try std.testing.expectEqual(entry, found);
    give(index);
    found.lock.release();
    try std.testing.expectError(error.Closed, acquire(handle));
}

test "an entry is used again only after many others" {
    var cause: abi.Cause = .{};
    const first = try take(&cause, 3, 32, 0);
    give(first);
    at(first).?.lock.release();
    for (0..free_min) |_| {
        const next = try take(&cause, 3, 32, 0);
        try std.testing.expect(next != first);
        give(next);
        at(next).?.lock.release();
    }
    // Since the generation is another, handles of the first use find nothing.
    const again = try take(&cause, 3, 32, 0);
    at(again).?.lock.release();
}
