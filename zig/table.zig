//! The table of records: what the core knows of each secret, found by its handle.
//!
//! Records never share a page with a secret, and never move: a chunk of them is
//! mapped when the last one is full, and stays. A handle carries the generation of
//! its record, which changes with every use, so that a handle that is stale, forged
//! or closed twice finds nothing. Generations wrap after 1,023 uses of one record;
//! records are reused in the order in which they were freed.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const invariant = @import("invariant.zig");
const os = @import("os.zig").current;
const canary = @import("canary.zig");
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");
/// Pools are for systems with pages.
const Page = if (builtin.target.cpu.arch.isWasm()) opaque {} else @import("pool/page.zig").Page;

/// The life of a record:
///
///     free -> live ---------> resting -> free
///               \             /
///                -> purged --
///
/// live: holds a secret. purged: wiped by `purge`, its owner has not closed it yet.
/// resting: wiped and inaccessible, but a view of it may still be alive.
pub const State = enum(u8) { free, live, purged, resting };

/// A page of an arena, which is used again, or pages of the record's own.
pub const Kind = enum(u8) { page, region };

/// What the page table allows. `keyed`: everything, to threads with the rights to the
/// record's protection key.
pub const Access = enum(u8) { none, read, write, keyed };

/// Of a secret's ciphertext.
pub const Sealing = struct {
    nonce: u64 = 0,
    /// Bytes of it; 0 for memory that holds no secret.
    length: u32 = 0,
};

pub const Record = struct {
    /// Held while the record, its pages or their protection change.
    lock: Lock = .{},
    state: State = .free,
    store: abi.Store = .locked,
    gate: abi.Gate = .mprotect,
    access: Access = .none,
    kind: Kind = .page,
    /// The memory is gone; only the address is still taken.
    dropped: bool = false,
    /// All its pages are there. Only memory of memfd_secret(2) has to know.
    touched: bool = false,
    /// A window for every thread is open, and counted; not a moment of the core's own.
    window: bool = false,
    /// Opened since the last tick of the idle rule.
    used: bool = false,
    /// Where the record's protection key is, if it has one at present.
    slot: ?u8 = null,
    /// Windows under the pkey gate: threads that have one of their own, and those for every thread.
    threads: u16 = 0,
    wide: u16 = 0,
    generation: u16 = 0,
    index: u32 = 0,
    length: u32 = 0,
    /// Address of the unit, a multiple of the page size; 0 if there is none.
    base: usize = 0,
    span: usize = 0,
    offset: usize = 0,
    /// Counts the uses of the record beyond the generation's few bits.
    uses: u64 = 0,
    pattern: canary.Pattern = undefined,
    /// What is known of it as a page of a pool: no handle is of its own then.
    pool: ?*Page = null,
    /// At the edge closed secrets are encrypted.
    sealing: if (builtin.target.cpu.arch.isWasm()) Sealing else void =
        if (builtin.target.cpu.arch.isWasm()) .{} else {},
    next: ?*Record = null,

    pub fn is_open(record: *const Record) bool {
        return record.window or record.threads > 0 or record.wide > 0;
    }

    pub fn unit(record: *const Record) []u8 {
        invariant.check(record.base != 0);
        return @as([*]u8, @ptrFromInt(record.base))[0..record.span];
    }

    pub fn payload(record: *const Record) []u8 {
        return record.unit()[record.offset..][0..record.length];
    }

    pub fn before(record: *const Record) []u8 {
        return record.unit()[0..record.offset];
    }

    pub fn after(record: *const Record) []u8 {
        return record.unit()[record.offset + record.length ..];
    }

    pub fn handle(record: *const Record) u32 {
        return layout.handle(record.index, record.generation);
    }
};

const chunk_records = 512;
const chunks_max = layout.records_max / chunk_records;
const Chunk = [chunk_records]Record;

comptime {
    std.debug.assert(layout.records_max % chunk_records == 0);
}

pub const Variables = struct {
    chunks: [chunks_max]std.atomic.Value(?*Chunk) = @splat(.init(null)),
    count: std.atomic.Value(u32) = .init(0),
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.table, &own);
}

/// A record that was never used before. The caller holds the store's lock.
pub fn add(cause: *abi.Cause) abi.Error!*Record {
    const index = vars().count.load(.monotonic);
    if (index == layout.records_max) return error.TooManySecrets;
    const slot = &vars().chunks[index / chunk_records];
    const chunk = slot.load(.acquire) orelse blk: {
        const address = os.metadata(cause, @sizeOf(Chunk)) catch return error.AllocationFailed;
        const fresh: *Chunk = @ptrFromInt(address);
        for (fresh) |*record| record.* = .{};
        slot.store(fresh, .release);
        break :blk fresh;
    };
    const record = &chunk[index % chunk_records];
    record.index = index;
    vars().count.store(index + 1, .release);
    return record;
}

/// Finds and locks the record of a handle; the caller releases it. Not inline: there are many
/// callers, and it would be a thirtieth of the library.
pub noinline fn acquire(handle: u32) abi.Error!*Record {
    const record = at(layout.index_of(handle)) orelse return error.Closed;
    record.lock.acquire();
    const found = record.generation == layout.generation_of(handle) and record.state != .free;
    if (!found or record.pool != null) {
        record.lock.release();
        return error.Closed;
    }
    return record;
}

/// Every record there is, for `purge` and for statistics.
pub fn at(index: u32) ?*Record {
    if (index >= vars().count.load(.acquire)) return null;
    const chunk = vars().chunks[index / chunk_records].load(.acquire) orelse return null;
    return &chunk[index % chunk_records];
}

pub fn length() u32 {
    return vars().count.load(.acquire);
}

/// A new generation, so that no handle of an earlier use fits any longer.
pub fn renew(record: *Record) void {
    record.generation = if (record.generation == layout.generation_max) 1 else record.generation + 1;
    record.uses += 1;
}
