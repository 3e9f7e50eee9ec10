//! The life of a secret: created, opened, closed, destroyed; purged with all others.
//!
//! What holds after every call, also a failed one: a secret is readable only
//! between `open` and `close`; bytes are on locked and marked pages only, or on
//! none; nothing is half made. A caller's source is wiped last, after everything
//! else succeeded.

const std = @import("std");
const abi = @import("abi.zig");
const layout = @import("layout.zig");
const table = @import("table.zig");
const store = @import("store.zig");
const gate = @import("gate.zig");
const canary = @import("canary.zig");
const entries = @import("entries.zig");
const held = @import("held.zig");
const compare = @import("compare.zig");
const decode = @import("sources/decode.zig");
const counters = @import("counters.zig");
const invariant = @import("invariant.zig");
const keys = @import("keys.zig");
const process = @import("process.zig");
const rungs = @import("rungs.zig");
const retired = @import("retired.zig");
const pool_secrets = @import("pool/secrets.zig");
const seal = @import("seal.zig");
const os = @import("os.zig").current;
const os_layer = @import("os.zig");
const pkey = os_layer.pkey;
const wipe = @import("wipe.zig").wipe;
const wipe_registers = @import("wipe.zig").wipe_registers;
const shared = @import("shared.zig");
const Cause = abi.Cause;
const Error = abi.Error;
const Held = held.Held;
const Record = table.Record;

pub const Shape = struct {
    length: u32,
    alignment: u32,
    flags: u32,
};

/// Where the bytes of a new secret come from.
pub const Content = union(enum) {
    zeros,
    random,
    /// Copied, then wiped.
    bytes: []u8,
    /// The payload of another secret, whose window is open; zeros behind it.
    payload: []const u8,
    /// Decoded, then wiped. It was measured before: it is right, and as long as the secret.
    text: decode.Text,

    /// What is wiped once everything has succeeded.
    fn taken(content: Content) ?[]u8 {
        return switch (content) {
            .bytes => |bytes| bytes,
            .text => |text| text.bytes,
            .zeros, .random, .payload => null,
        };
    }
};

pub const Variables = struct {
    /// Moved by every purge. The runtimes look at it before they nest a window.
    purges: u32 = 0,
    /// The process ends: from here on no secret can be made, since nobody would wipe it.
    ended: std.atomic.Value(bool) = .init(false),
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.secret, &own);
}

pub fn create(cause: *Cause, shape: Shape, content: Content) Error!u32 {
    defer wipe_registers();
    const record = try begin(cause, shape);
    fill(cause, record, content) catch |err| {
        abandon(record);
        return err;
    };
    const handle = record.handle();
    try finish(cause, record);
    if (content.taken()) |source| wipe(source);
    return handle;
}

/// What has to be known before there is a secret: how to wipe it if an invariant fails, and what is
/// asked of the system once. In the extra library the core has seen to both.
pub fn prepare(cause: *Cause) Error!*const process.Process {
    if (!shared.is_extra) invariant.vars().wipe_everything = wipe_without_locks;
    return process.get(cause);
}

/// A secret of zeros that is not there yet: its pages can be written to, and its record is
/// locked, both until `finish` or `abandon`.
pub fn begin(cause: *Cause, shape: Shape) Error!*Record {
    const known = try prepare(cause);
    try validate(shape, known.page_size);
    const wish: rungs.Wish = try .from(shape.flags);
    const gate_rung = try rungs.gate(cause, known.page_size, wish.gate);
    const record = try store.take(cause, known.page_size, shape.length, wish);

    record.lock.acquire();
    errdefer abandon(record);
    table.renew(record);
    if (vars().ended.load(.seq_cst)) return error.Closed;
    record.gate = gate_rung;
    record.length = shape.length;
    record.offset = layout.payload_offset(record.span, shape.length, shape.alignment);
    record.pattern = canary.pattern(known.canary_key, record.base, record.uses);
    _ = try gate.begin(cause, record);
    if (record.span > known.page_size and record.store != .secretmem) {
        os.populate(cause, record.base, record.span) catch return error.AllocationFailed;
    }
    canary.fill(record.before(), record.pattern);
    canary.fill(record.after(), record.pattern);
    return record;
}

/// Closes the pages of what `begin` has begun: from here on there is such a secret.
pub fn finish(cause: *Cause, record: *Record) Error!void {
    // What `begin` opened was closed before, to all threads or but for its key.
    const access: table.Access = if (record.access == .keyed) .keyed else .none;
    gate.end(cause, record, .{ .access = access, .rights = .none }) catch |err| {
        abandon(record);
        return err;
    };
    record.state = .live;
    counters.vars().allocated.add(1);
    counters.vars().in_use.add(1);
    record.lock.release();
}

fn validate(shape: Shape, page_size: usize) Error!void {
    if (shape.length == 0) return error.InvalidArgument;
    if (shape.alignment < layout.alignment_min) return error.InvalidArgument;
    if (!std.math.isPowerOfTwo(shape.alignment)) return error.InvalidArgument;
    if (shape.alignment > page_size) return error.InvalidArgument;
}

fn fill(cause: *Cause, record: *Record, content: Content) Error!void {
    switch (content) {
        .zeros => {},
        .random => os.random(cause, record.payload()) catch return error.RandomFailed,
        .bytes => |bytes| @memcpy(record.payload(), bytes),
        .payload => |bytes| @memcpy(record.payload()[0..bytes.len], bytes),
        .text => |text| {
            // That is the core's.
            if (shared.is_extra) unreachable;
            var position: usize = 0;
            const length_now = text.decode(record.payload().ptr, &position) catch 0;
            invariant.check(length_now == record.length);
        },
    }
}

/// Undoes a creation that failed, and lets go of the record. What it undoes may fail again:
/// then the memory is dropped, and if that fails too, the unit is wiped, open and never used again.
pub fn abandon(record: *Record) void {
    defer record.lock.release();
    var ignored: Cause = .{};
    if (gate.is_writable(record)) wipe(record.unit());
    gate.shut(&ignored, record) catch {
        store.drop_memory(&ignored, record) catch return;
    };
    const known = process.get(&ignored) catch return;
    store.give(&ignored, known.page_size, record) catch {};
}

/// Opens a window: from here until `close` the pages are readable (or writable), under the
/// pkey gate to this thread alone.
pub fn open(cause: *Cause, handle: u32, protection: abi.Protection) Error!void {
    if (protection == .none) return error.InvalidArgument;
    if (entries.is_entry(handle)) return open_held(cause, handle, protection);
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state != .live) return error.Closed;
    return gate.open(cause, record, protection);
}

noinline fn open_held(cause: *Cause, handle: u32, protection: abi.Protection) Error!void {
    const found = try held.find_entry(handle);
    defer found.release();
    if (!found.is_live()) return error.Closed;
    return found.open(cause, protection);
}

/// Closes it. A secret that was purged meanwhile is closed all the same.
pub fn close(cause: *Cause, handle: u32) Error!void {
    if (entries.is_entry(handle)) return close_held(cause, handle);
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state == .resting) return error.Closed;
    // What a writer wrote after the purge is wiped with its window.
    if (record.state == .purged and gate.is_writable(record)) wipe(record.payload());
    try gate.close(cause, record);
}

noinline fn close_held(cause: *Cause, handle: u32) Error!void {
    const found = try held.find_entry(handle);
    defer found.release();
    if (found.is_resting()) return error.Closed;
    if (!found.is_live() and gate.is_writable(found.record)) wipe(found.bytes());
    return found.close(cause);
}

/// Opens a window for this call alone if `opens`, else there must be one, and keeps the record
/// locked until `give_back`.
pub noinline fn borrow(cause: *Cause, handle: u32, opens: bool) Error!Held {
    const found = try held.find(handle);
    lend(cause, &found, opens) catch |err| {
        found.release();
        return err;
    };
    return found;
}

/// Two different ones. Records are locked in the order of their numbers, so that no two threads
/// wait for each other, and one that both are on is locked once.
pub noinline fn borrow_pair(cause: *Cause, handles: *const [2]u32, opens: [2]bool, pair: *[2]Held) Error!void {
    const first = @intFromBool(held.place_of(handles[0]) > held.place_of(handles[1]));
    const second = 1 - first;
    pair[first] = try held.find(handles[first]);
    const beside = held.find_beside(handles[second], pair[first].record);
    pair[second] = beside catch |err| {
        pair[first].release();
        return err;
    };
    lend_pair(cause, pair, opens) catch |err| {
        release_pair(pair);
        return err;
    };
}

fn lend_pair(cause: *Cause, pair: *const [2]Held, opens: [2]bool) Error!void {
    try lend(cause, &pair[0], opens[0]);
    lend(cause, &pair[1], opens[1]) catch |err| {
        var ignored: Cause = .{};
        if (opens[0]) take_back(&ignored, &pair[0]) catch {};
        return err;
    };
}

fn release_pair(pair: *const [2]Held) void {
    pair[0].release();
    if (pair[1].record != pair[0].record) pair[1].release();
}

noinline fn lend(cause: *Cause, found: *const Held, opens: bool) Error!void {
    if (!found.is_live()) return error.Closed;
    if (opens) return found.open(cause, .read);
    if (!found.is_readable()) return error.NotOpen;
}

/// If the window cannot be closed, nothing of the secret is left in it: it is as after a purge,
/// and its owner has to destroy it.
pub fn give_back(cause: *Cause, found: *const Held, closes: bool) Error!void {
    defer found.release();
    if (closes) return take_back(cause, found);
}

pub fn give_back_pair(cause: *Cause, pair: *const [2]Held, closes: [2]bool) Error!void {
    defer release_pair(pair);
    var result: Error!void = {};
    for (pair, closes) |*found, close_it| {
        if (close_it) take_back(cause, found) catch |err| {
            result = err;
        };
    }
    return result;
}

noinline fn take_back(cause: *Cause, found: *const Held) Error!void {
    found.close(cause) catch {
        found.purge();
        return error.NotClosed;
    };
}

/// Opens a window for every thread, for reading.
pub fn open_wide(cause: *Cause, handle: u32) Error!void {
    const found = try held.find(handle);
    defer found.release();
    if (!found.is_live()) return error.Closed;
    try found.open_wide(cause);
}

pub fn close_wide(cause: *Cause, handle: u32) Error!void {
    const found = try held.find(handle);
    defer found.release();
    if (found.is_resting()) return error.Closed;
    try found.close_wide(cause);
}

/// Wipes the secret and makes its pages inaccessible. The address stays taken until
/// `release` or `retire`. Always ends in that state; an error says what went wrong
/// on the way (a canary was damaged, or the system refused a change).
pub fn destroy(cause: *Cause, handle: u32) Error!void {
    if (entries.is_entry(handle)) return pool_secrets.destroy(cause, handle);
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state == .resting) return error.Closed;
    if (record.state == .live) counters.vars().in_use.sub(1);
    record.state = .resting;
    gate.end_windows(record);
    counters.vars().pages_resting.add(1);
    return scrub(cause, record);
}

pub fn scrub(cause: *Cause, record: *Record) Error!void {
    if (record.dropped) return;
    _ = gate.begin(cause, record) catch |err| {
        // It cannot be overwritten, so the page itself goes.
        var ignored: Cause = .{};
        store.drop_memory(&ignored, record) catch {};
        return err;
    };
    const intact = canary.intact(record.before(), record.pattern) and
        canary.intact(record.after(), record.pattern);
    wipe(record.unit());
    var result: Error!void = {};
    switch (record.kind) {
        .page => gate.shut(cause, record) catch |err| {
            var ignored: Cause = .{};
            store.drop_memory(&ignored, record) catch {};
            result = err;
        },
        // Large memory is not kept for the sake of a stale view: the address is enough.
        .region => store.drop_memory(cause, record) catch |err| {
            var ignored: Cause = .{};
            gate.shut(&ignored, record) catch {};
            result = err;
        },
    }
    if (!intact) return error.Corrupted;
    return result;
}

/// Lets the address of a destroyed secret be used again: no view of it is alive.
pub fn release(cause: *Cause, handle: u32) Error!void {
    if (entries.is_entry(handle)) return pool_secrets.release(cause, handle);
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state != .resting) return error.InvalidArgument;
    const known = try process.get(cause);
    end_rest(record);
    // A page that could be neither closed nor dropped was wiped, and is never used again.
    if (record.access != .none) return;
    return store.give(cause, known.page_size, record);
}

/// The opposite: a view of a destroyed secret may live on in another thread, so its
/// address is never used again. The memory and its lock are given back.
pub fn retire(cause: *Cause, handle: u32) Error!void {
    if (entries.is_entry(handle)) return pool_secrets.retire(cause, handle);
    const record = try table.acquire(handle);
    defer record.lock.release();
    if (record.state != .resting) return error.InvalidArgument;
    const dropped = if (record.dropped) {} else store.drop_memory(cause, record);
    retired.add(record);
    end_rest(record);
    // If the memory could not be dropped, it is wiped and inaccessible, and lost.
    store.forget(record);
    return dropped;
}

fn end_rest(record: *Record) void {
    record.state = .free;
    table.renew(record);
    counters.vars().pages_resting.sub(1);
}

/// Wipes every secret there is, open windows included: their owners read zeros until
/// they leave, and no window opens on any of them again. Returns how many.
pub fn purge(cause: *Cause) Error!u32 {
    _ = @atomicRmw(u32, &vars().purges, .Add, 1, .seq_cst);
    // Before the entries: what is sealed from here on has another key, and whatever was sealed
    // before is met below.
    seal.forget_key();
    var wiped = pool_secrets.purge_all();
    var result: Error!void = {};
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)).?;
        record.lock.acquire();
        defer record.lock.release();
        if (record.state != .live) continue;
        record.state = .purged;
        // What is on a pool's page was counted by itself.
        if (record.pool == null) {
            counters.vars().in_use.sub(1);
            wiped += 1;
        }
        purge_one(cause, record) catch |err| {
            result = err;
        };
    }
    try result;
    return wiped;
}

pub fn purge_one(cause: *Cause, record: *Record) Error!void {
    errdefer if (!record.dropped) {
        var ignored: Cause = .{};
        store.drop_memory(&ignored, record) catch {};
    };
    const opening = try gate.begin(cause, record);
    wipe(record.payload());
    try gate.end(cause, record, opening);
}

/// For a process that is about to stop because an invariant failed: no lock can be
/// trusted to be free.
pub fn wipe_without_locks() void {
    var ignored: Cause = .{};
    keys.allow_all();
    seal.end();
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)) orelse return;
        if (record.state != .live or record.dropped or record.base == 0) continue;
        os.open(&ignored, record.base, record.span, .write) catch continue;
        wipe(@as([*]u8, @ptrFromInt(record.base))[0..record.span]);
    }
}

/// Copies a secret whose window is open into a new one: of the same length, or as much as fits.
pub fn copy(cause: *Cause, handle: u32, wanted: ?u32, alignment: u32, flags: u32) Error!u32 {
    const found = try acquire_open(handle);
    defer found.release();
    const bytes = found.bytes();
    const shape: Shape = .{ .length = wanted orelse @intCast(bytes.len), .alignment = alignment, .flags = flags };
    return create(cause, shape, .{ .payload = bytes[0..@min(shape.length, bytes.len)] });
}

/// Compares two secrets whose windows are open. Different lengths are unequal.
pub fn equal(first: u32, second: u32) Error!bool {
    defer wipe_registers();
    var cause: Cause = .{};
    if (first == second) {
        const found = try borrow(&cause, first, false);
        found.release();
        return true;
    }
    var pair: [2]Held = undefined;
    try borrow_pair(&cause, &.{ first, second }, .{ false, false }, &pair);
    defer release_pair(&pair);
    const one = pair[0].bytes();
    const other = pair[1].bytes();
    if (one.len != other.len) return false;
    return compare.equal(one, other);
}

pub fn equal_bytes(handle: u32, bytes: []const u8) Error!bool {
    defer wipe_registers();
    const found = try acquire_open(handle);
    defer found.release();
    if (found.bytes().len != bytes.len) return false;
    return compare.equal(found.bytes(), bytes);
}

fn acquire_open(handle: u32) Error!Held {
    var cause: Cause = .{};
    return borrow(&cause, handle, false);
}

/// Address of the payload, for the runtime to make its view of; 0 if there is none.
pub noinline fn address(handle: u32) usize {
    const found = held.find(handle) catch return 0;
    defer found.release();
    if (!found.is_live()) return 0;
    return @intFromPtr(found.bytes().ptr);
}

pub fn length(handle: u32) u32 {
    if (entries.is_entry(handle)) return pool_secrets.length_of(handle);
    const record = table.acquire(handle) catch return 0;
    defer record.lock.release();
    return if (record.state == .live) record.length else 0;
}

/// What the system says of the secret's pages.
pub fn status(cause: *Cause, handle: u32) Error!abi.Status {
    const found = try held.find(handle);
    defer found.release();
    if (!found.is_live()) return error.Closed;
    const record = found.record;
    const region: os_layer.Region = os.region(cause, record.base, record.span) catch return error.NotSupported;
    return .{
        .protection = allowed(region),
        .locked = region.locked,
        .no_dump = region.no_dump,
        .wipe_on_fork = region.wipe_on_fork,
        .absent_on_fork = region.absent_on_fork,
        .no_merge = region.no_merge,
        .no_huge_pages = region.no_huge_pages,
        .guarded = region.guarded,
        .guards_sealed = region.guards_sealed,
        .store = if (region.secretmem) .secretmem else if (region.locked) .locked else .unlocked,
        .gate = record.gate,
        .pkey = region.pkey,
    };
}

/// What this thread may do: what the page table says, less what its rights to the key forbid.
fn allowed(region: os_layer.Region) abi.Protection {
    if (region.pkey == 0 or region.protection == .none) return region.protection;
    return switch (pkey.rights(region.pkey)) {
        .none, .access_disabled => .none,
        .read => .read,
        .write => region.protection,
    };
}

/// The gate of a secret: whether each thread has to open it for itself.
pub fn gate_of(handle: u32) Error!abi.Gate {
    if (entries.is_entry(handle)) return pool_secrets.gate_of(handle);
    const record = try table.acquire(handle);
    defer record.lock.release();
    return record.gate;
}
