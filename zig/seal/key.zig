//! The key that secrets are sealed with: never in one place but for the moment of a call.
//!
//! It is the exclusive or of two halves of random bytes, each on a protected page of its own with
//! the same store and gate as a secret's. They are joined on the stack of a native call, which
//! wipes it. One half tells nothing about the key, and neither do two that were read at different
//! times: each time the pages close, both halves get a fresh mask.
//!
//! Under `mprotect` the first use opens the two pages for reading, and they stay open until two
//! ticks of the idle rule in a row find the key unused (see `src/idle.ts`; there are two ticks in
//! the time that it may be idle): opening and closing them for each box would cost four calls of
//! the system. Under `pkey` each use changes the rights of its own thread, and takes them back.
//!
//! There may be two keys, while `rekey` moves secrets from one to the other. A key has a number,
//! whose last bit says which of the two places it has; an entry has the number's last four bits.

const std = @import("std");
const abi = @import("../abi.zig");
const canary = @import("../canary.zig");
const entries = @import("../entries.zig");
const gate = @import("../gate.zig");
const nonces = @import("nonces.zig");
const sealer = @import("../sealer.zig");
const secret = @import("../secret.zig");
const store = @import("../store.zig");
const table = @import("../table.zig");
const os_layer = @import("../os.zig");
const os = os_layer.current;
const Lock = @import("../lock.zig").Lock;
const wipe = @import("../wipe.zig").wipe;
const shared = @import("../shared.zig");
const Cause = abi.Cause;
const Error = abi.Error;
const Record = table.Record;

/// What an entry keeps of a number.
pub const Bits = u4;

const Pair = struct {
    /// Their records are free ones, of which no handle knows; the pages stay when the key ends.
    halves: [2]?*Record = @splat(null),
    /// Of the key; 0: there is none.
    number: u32 = 0,
    /// Joined since its halves got their masks.
    open: bool = false,
    /// Joined since the last tick.
    used: bool = false,
};

pub const Variables = struct {
    /// Held while the halves change, open, close, or are joined. Taken after every other lock but those
    /// of the halves' own records and of what makes them.
    lock: Lock = .{},
    pairs: [2]Pair = @splat(.{}),
    /// Of the newest key.
    newest: u32 = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.sealing_key, &own);
}

const Words = [@sizeOf(sealer.Key) / @sizeOf(u64)]u64;

fn words_of(half: *const Record) *Words {
    return @ptrCast(@alignCast(half.payload()));
}

/// Joins a key into `out`, which the caller wipes: that of an entry's bits, or if there are none,
/// that for new boxes with a nonce for the next. Returns its number.
pub noinline fn join(cause: *Cause, bits: ?Bits, nonce: *entries.Nonce, out: *sealer.Key) Error!u32 {
    // A child has neither the halves nor its parent's nonces.
    if (!nonces.is_same_process()) return error.Closed;
    vars().lock.acquire();
    defer vars().lock.release();
    if (bits == null) {
        try nonces.take(cause, nonce);
        try make_first(cause);
    }
    const number = bits orelse vars().newest;
    const pair = &vars().pairs[number & 1];
    if (pair.number == 0 or (pair.number ^ number) & std.math.maxInt(Bits) != 0) return error.Closed;
    pair.open = true;
    pair.used = true;
    const joined: *align(1) Words = @ptrCast(out);
    joined.* = @splat(0);
    for (pair.halves) |half| try add(cause, half.?, joined);
    return pair.number;
}

fn add(cause: *Cause, half: *Record, sum: *align(1) Words) Error!void {
    half.lock.acquire();
    defer half.lock.release();
    const keyed = half.gate == .pkey;
    var opening: gate.Opening = undefined;
    if (keyed) opening = try gate.begin(cause, half) else try gate.set(cause, half, .read);
    half.used = true;
    // A page that lost its content must not make a key of zeros.
    const before = half.before();
    const intact = canary.intact(before[before.len - half.pattern.len ..], half.pattern);
    for (sum, words_of(half)) |*word, other| word.* ^= other;
    if (keyed) try gate.end(cause, half, opening);
    if (!intact) return error.Corrupted;
}

/// Makes the key, so that a later need does not fail for want of locked memory.
pub fn prepare(cause: *Cause) Error!void {
    if (!nonces.is_same_process()) return error.Closed;
    vars().lock.acquire();
    defer vars().lock.release();
    return make_first(cause);
}

fn make_first(cause: *Cause) Error!void {
    // The next number of this place.
    if (vars().pairs[vars().newest & 1].number == 0) try make(cause, vars().newest + 2);
}

fn make(cause: *Cause, number: u32) Error!void {
    // By which a child is told from this process.
    _ = try nonces.prepare(cause);
    const pair = &vars().pairs[number & 1];
    // Each by itself: the key is never in one place.
    for (&pair.halves) |*half| try renew(cause, half, true);
    pair.number = number;
    vars().newest = number;
}

/// Fills a half with random bytes, or with zeros, and closes its page; it gets one if it has none.
noinline fn renew(cause: *Cause, half: *?*Record, random: bool) Error!void {
    if (half.*) |record| {
        record.lock.acquire();
        errdefer record.lock.release();
        _ = try gate.begin(cause, record);
    } else {
        half.* = try secret.begin(cause, .{ .length = @sizeOf(sealer.Key), .alignment = 16, .flags = 0 });
    }
    const record = half.*.?;
    defer record.lock.release();
    wipe(record.payload());
    // The key before may have ended for want of it.
    canary.fill(record.before(), record.pattern);
    const filled: os_layer.Failed!void = if (random) os.random(cause, record.payload()) else {};
    var ignored: Cause = .{};
    // Whatever the closing says: the first failure is the one that is told.
    const closed = shut(if (filled) |_| cause else |_| &ignored, record);
    filled catch return error.RandomFailed;
    return closed;
}

/// Closes a page that `gate.begin` has opened, or that was open for reading before.
fn shut(cause: *Cause, record: *Record) Error!void {
    const access: table.Access = if (record.access == .keyed) .keyed else .none;
    return gate.end(cause, record, .{ .access = access, .rights = .none });
}

/// The idle rule: masks and closes the halves of keys that two ticks in a row found unused. Returns
/// how many keys are open.
pub fn tick() u32 {
    vars().lock.acquire();
    defer vars().lock.release();
    var open: u32 = 0;
    for (&vars().pairs) |*pair| {
        if (pair.open and !pair.used) pair.open = !rest(pair.halves[0].?, pair.halves[1].?);
        pair.used = false;
        open += @intFromBool(pair.open);
    }
    return open;
}

/// False if the system refuses to open or close a page.
fn rest(first: *Record, second: *Record) bool {
    var ignored: Cause = .{};
    first.lock.acquire();
    defer first.lock.release();
    second.lock.acquire();
    defer second.lock.release();
    var mask: Words = undefined;
    defer wipe(std.mem.asBytes(&mask));
    // Without random bytes they keep the masks that they have.
    os.random(&ignored, std.mem.asBytes(&mask)) catch @memset(&mask, 0);
    // Both or none.
    _ = gate.begin(&ignored, first) catch return false;
    const both = if (gate.begin(&ignored, second)) |_| true else |_| false;
    if (both) {
        for (words_of(first), words_of(second), mask) |*one, *other, bits| {
            one.* ^= bits;
            other.* ^= bits;
        }
    }
    var closed = both;
    for ([_]*Record{ first, second }) |half| shut(&ignored, half) catch {
        closed = false;
    };
    return closed;
}

/// Another key for new boxes. Returns the number of the one before, or 0 if there was none.
pub fn turn(cause: *Cause) Error!u32 {
    if (!nonces.is_same_process()) return error.Closed;
    vars().lock.acquire();
    defer vars().lock.release();
    const before = vars().pairs[vars().newest & 1].number;
    if (before != 0) try make(cause, vars().newest + 1);
    return before;
}

/// The number of the key that `turn` has replaced, if it is still there; else 0.
pub fn older() u32 {
    vars().lock.acquire();
    defer vars().lock.release();
    return vars().pairs[vars().newest & 1 ^ 1].number;
}

/// Wipes the key of that number, or if it is 0, every key: what was sealed with it, nobody opens any
/// more.
pub noinline fn forget(number: u32) void {
    // A child finds nothing on its pages.
    if (!nonces.is_same_process()) return;
    vars().lock.acquire();
    defer vars().lock.release();
    for (&vars().pairs) |*pair| {
        if (pair.number == 0 or (number != 0 and pair.number != number)) continue;
        pair.number = 0;
        pair.open = false;
        var ignored: Cause = .{};
        for (&pair.halves) |*half| renew(&ignored, half, false) catch drop(half);
    }
}

/// A page that cannot be wiped is dropped.
fn drop(half: *?*Record) void {
    const record = half.* orelse return;
    half.* = null;
    var ignored: Cause = .{};
    record.lock.acquire();
    store.drop_memory(&ignored, record) catch {};
    secret.abandon(record);
}

/// At the end of the process, and where it stops: overwrites the halves whatever another thread does
/// with them. What it joins meanwhile seals and opens nothing that outlives the process.
pub fn overwrite() void {
    for (vars().pairs) |pair| {
        for (pair.halves) |half| {
            const record = half orelse continue;
            os_layer.ending.overwrite(record.base, record.span);
        }
    }
}

/// For tests: a half's record.
pub fn half_of(index: u1) ?*Record {
    return vars().pairs[vars().newest & 1].halves[index];
}

/// For tests, of which some look at the pages of all free records.
pub fn has(record: *const Record) bool {
    for (vars().pairs) |pair| for (pair.halves) |half| if (half == record) return true;
    return false;
}
