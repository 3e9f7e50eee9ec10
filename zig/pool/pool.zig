//! Pools: how many there are, and what each knows of its pages and secrets.
//!
//! A pool is found by its number, the domain, which its secrets' entries carry. It is used again
//! once the pool is closed and none of its secrets is left. Handles carry a generation beside it.
//!
//! Locks are taken in this order: of the pool, of an entry, of a page's record.

const std = @import("std");
const abi = @import("../abi.zig");
const classes = @import("classes.zig");
const counters = @import("../counters.zig");
const labels = @import("../labels.zig");
const os = @import("../os.zig").current;
const pages = @import("page.zig");
const process = @import("../process.zig");
const rungs = @import("../rungs.zig");
const seal = @import("../seal.zig");
const List = @import("list.zig").List;
const Lock = @import("../lock.zig").Lock;
const shared = @import("../shared.zig");
const Cause = abi.Cause;
const Error = abi.Error;
const Page = pages.Page;
const Slot = pages.Slot;

pub const State = enum(u8) { free, live, closed };

pub const Class = struct {
    /// Pages with a free slot, and without.
    open: List(Page) = .{},
    full: List(Page) = .{},
    /// Wiped slots that wait before they are free.
    quarantine: List(Slot) = .{},
    /// Pages without a secret.
    empty: u32 = 0,
};

pub const Pool = struct {
    lock: Lock = .{},
    state: State = .free,
    /// Secrets are sealed to make room.
    seals: bool = false,
    gate: abi.Gate = .mprotect,
    domain: u16 = 0,
    generation: u16 = 0,
    /// Of its pages: see `abi.zig`.
    flags: u32 = 0,
    /// Bytes of pages: at most, and now.
    limit: u64 = 0,
    bytes: u64 = 0,
    /// Changes when all secrets end at once. The runtimes read it.
    word: u32 = 0,
    /// Entries that are not free yet; of these, live ones; of these, ones with a slot.
    entries: u32 = 0,
    secrets: u32 = 0,
    hot: u32 = 0,
    /// The lowest and the highest index that an entry of the pool had.
    lowest: u32 = std.math.maxInt(u32),
    highest: u32 = 0,
    pages: u32 = 0,
    free: u32 = 0,
    retired: u32 = 0,
    /// Changed under locks of pages.
    suspects: u32 = 0,
    hits: u64 = 0,
    misses: u64 = 0,
    seals_done: u64 = 0,
    random: u64 = 0,
    /// Slots of secrets that sleep, the one that has for longest first.
    idle: List(Slot) = .{},
    classes: *[classes.count]Class = undefined,
    label: labels.Text = @splat(0),
    label_length: u8 = 0,

    pub fn handle(pool: *const Pool) u32 {
        return @as(u32, pool.generation) << domain_bits | pool.domain;
    }

    /// SplitMix64 (Steele, Lea and Flood 2014): which slot is next must not be known from outside.
    pub fn random_below(pool: *Pool, bound: u32) u32 {
        pool.random +%= 0x9E3779B97F4A7C15;
        return @intCast(@import("../canary.zig").mix(pool.random) % bound);
    }
};

/// Of a pool that may have as many pages as the system allows.
pub const no_limit: u64 = std.math.maxInt(i64);

const domain_bits = 16;
const generation_max: u16 = (1 << 15) - 1;
const pools_max = (1 << domain_bits) - 1;
const chunk_pools = 32;
const Chunk = struct {
    pools: [chunk_pools]Pool,
    classes: [chunk_pools][classes.count]Class,
};

pub const Variables = struct {
    lock: Lock = .{},
    chunks: [pools_max / chunk_pools + 1]std.atomic.Value(?*Chunk) = @splat(.init(null)),
    /// The highest number that a pool ever had.
    count: std.atomic.Value(u32) = .init(0),
    /// Pools that are free again.
    unused: u32 = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.pools, &own);
}

pub fn at(domain: u32) ?*Pool {
    // Of no pool: see `entries.enclaves`.
    if (domain == 0) return null;
    const chunk = vars().chunks[domain / chunk_pools].load(.acquire) orelse return null;
    return &chunk.pools[domain % chunk_pools];
}

pub fn length() u32 {
    return vars().count.load(.acquire);
}

/// Finds and locks the pool of a handle; the caller releases it.
pub noinline fn acquire(handle: u32) Error!*Pool {
    const pool = at(handle & pools_max) orelse return error.Closed;
    pool.lock.acquire();
    if (pool.state == .live and pool.handle() == handle) return pool;
    pool.lock.release();
    return error.Closed;
}

pub const Wanted = struct {
    label: []const u8,
    flags: u32,
    limit: u32,
    seals: bool,
};

pub fn create(cause: *Cause, wanted: Wanted) Error!u32 {
    const known = try process.get(cause);
    const wish: rungs.Wish = try .from(wanted.flags);
    // So that a pool that has to give memory back has what it takes.
    if (wanted.seals) try seal.prepare(cause);
    if (wish.store == .secretmem) try rungs.probe(cause, known.page_size, .secretmem);
    const gate = try rungs.gate(cause, known.page_size, wish.gate);
    var seed: [8]u8 = undefined;
    os.random(cause, &seed) catch return error.RandomFailed;
    const pool = try take(cause);
    defer pool.lock.release();
    // All of its lists are empty, and its numbers zeros but these.
    pool.state = .live;
    pool.seals = wanted.seals;
    pool.gate = gate;
    pool.generation = if (pool.generation == generation_max) 1 else pool.generation + 1;
    // All of its pages have the gate that was found for it.
    pool.flags = wanted.flags | if (gate == .pkey) abi.flag_pkey else abi.flag_mprotect;
    pool.limit = limit_of(wanted, known.page_size);
    pool.lowest = std.math.maxInt(u32);
    pool.highest = 0;
    pool.random = std.mem.readInt(u64, &seed, .little);
    pool.hits = 0;
    pool.misses = 0;
    pool.seals_done = 0;
    pool.suspects = 0;
    pool.label_length = @intCast(labels.clean(wanted.label, &pool.label).len);
    return pool.handle();
}

/// The word of a pool, or null if there is no such pool.
pub fn word_of(handle: u32) ?*u32 {
    const pool = acquire(handle) catch return null;
    defer pool.lock.release();
    return &pool.word;
}

/// One that seals leaves half of what can still be locked to others.
fn limit_of(wanted: Wanted, page_size: usize) u64 {
    if (wanted.limit > 0) return @max(wanted.limit, page_size);
    if (!wanted.seals) return no_limit;
    var ignored: Cause = .{};
    const all = os.lock_limit(&ignored) catch std.math.maxInt(u64);
    const left = all -| counters.vars().locked_bytes.get() + @import("../store.zig").free_count() * page_size;
    return std.math.clamp(left / 2, page_size, 1 << 20);
}

/// A pool that is free, locked.
fn take(cause: *Cause) Error!*Pool {
    vars().lock.acquire();
    defer vars().lock.release();
    if (vars().unused > 0) {
        for (1..vars().count.load(.monotonic) + 1) |domain| {
            const pool = at(@intCast(domain)).?;
            pool.lock.acquire();
            if (pool.state == .free) {
                vars().unused -= 1;
                return pool;
            }
            pool.lock.release();
        }
    }
    const domain = vars().count.load(.monotonic) + 1;
    if (domain > pools_max) return error.TooManySecrets;
    const place = &vars().chunks[domain / chunk_pools];
    const chunk = place.load(.acquire) orelse blk: {
        const address = os.metadata(cause, @sizeOf(Chunk)) catch return error.AllocationFailed;
        const fresh: *Chunk = @ptrFromInt(address);
        place.store(fresh, .release);
        break :blk fresh;
    };
    // What the system gives is zeros, which is what a pool without anything is.
    const pool = &chunk.pools[domain % chunk_pools];
    pool.classes = &chunk.classes[domain % chunk_pools];
    pool.domain = @intCast(domain);
    pool.lock.acquire();
    vars().count.store(domain, .release);
    return pool;
}

/// A closed pool without secrets has no pages either, and can be another one. It is locked by the caller.
pub fn finish(pool: *Pool) void {
    if (pool.state != .closed or pool.entries > 0) return;
    pool.state = .free;
    _ = @atomicRmw(u32, &vars().unused, .Add, 1, .monotonic);
}

/// All secrets of all pools end.
pub fn move_words() void {
    for (1..length() + 1) |domain| {
        const pool = at(@intCast(domain)) orelse return;
        _ = @atomicRmw(u32, &pool.word, .Add, 1, .seq_cst);
    }
}
