//! What `statistics` reports: process-wide, exact, and changed without a lock.

const std = @import("std");
const builtin = @import("builtin");
const shared = @import("shared.zig");

/// WebAssembly without threads has no atomic numbers of 64 bits, and needs none.
const Number = if (builtin.single_threaded) Plain else std.atomic.Value(u64);

const Plain = struct {
    raw: u64,

    fn init(value: u64) Plain {
        return .{ .raw = value };
    }

    fn fetchAdd(number: *Plain, amount: u64, comptime _: std.lang.AtomicOrder) u64 {
        defer number.raw += amount;
        return number.raw;
    }

    fn fetchSub(number: *Plain, amount: u64, comptime _: std.lang.AtomicOrder) u64 {
        defer number.raw -= amount;
        return number.raw;
    }

    fn load(number: *const Plain, comptime _: std.lang.AtomicOrder) u64 {
        return number.raw;
    }
};

pub const Counter = struct {
    value: Number = .init(0),

    pub fn add(counter: *Counter, amount: u64) void {
        _ = counter.value.fetchAdd(amount, .monotonic);
    }

    pub fn sub(counter: *Counter, amount: u64) void {
        _ = counter.value.fetchSub(amount, .monotonic);
    }

    pub fn get(counter: *const Counter) u64 {
        return counter.value.load(.monotonic);
    }
};

pub const Variables = struct {
    /// Secrets made since the start; never falls.
    allocated: Counter = .{},
    /// Secrets that hold bytes now.
    in_use: Counter = .{},
    /// Secrets whose pages are open to every thread now.
    open_windows: Counter = .{},
    arenas: Counter = .{},
    /// Data pages of arenas, in use or not.
    pages: Counter = .{},
    /// Pages that were wiped and closed, and wait until no view of them is alive.
    pages_resting: Counter = .{},
    /// Pages given up for good because a view in another thread may still be alive.
    pages_retired: Counter = .{},
    /// Bytes locked by the core, guards excluded.
    locked_bytes: Counter = .{},
    /// Of these, bytes of memfd_secret areas.
    secretmem_bytes: Counter = .{},
    /// Units whose pages carry a protection key at present.
    keyed_pages: Counter = .{},
    /// Secrets that are encrypted in ordinary memory: enclaves, and cold ones of pools.
    sealed: Counter = .{},
    /// Of the secrets that have a box, those whose place is a slot at present.
    sealed_hot: Counter = .{},
    /// Bytes of ordinary memory that their boxes take.
    sealed_bytes: Counter = .{},
    /// Pages that pools have now.
    pool_pages: Counter = .{},
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.counters, &own);
}
