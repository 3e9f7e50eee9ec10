//! Pools on real pages.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const classes = @import("pool/classes.zig");
const counters = @import("counters.zig");
const entries = @import("entries.zig");
const fault = @import("fault.zig");
const keys = @import("keys.zig");
const lend = @import("lend.zig");
const lending = @import("lender.zig");
const os = @import("os.zig").current;
const pkey = @import("os.zig").pkey;
const pages = @import("pool/page.zig");
const pools = @import("pool/pool.zig");
const process = @import("process.zig");
const rungs = @import("rungs.zig");
const enclave = @import("enclave.zig");
const ending = @import("ending.zig");
const seal = @import("seal.zig");
const secret = @import("secret.zig");
const secrets = @import("pool/secrets.zig");
const seam = @import("seam.zig");
const slots = @import("pool/slots.zig");
const statistics = @import("pool/statistics.zig");
const table = @import("table.zig");
const windows = @import("pool/windows.zig");
const Cause = abi.Cause;
const all_rungs = @import("secret_test.zig").all_rungs;
const has = @import("secret_test.zig").has;
const lowest = @import("secret_test.zig").lowest;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

fn pool_of(flags: u32, seals: bool, limit: u32) !u32 {
    var cause: Cause = .{};
    return pools.create(&cause, .{ .label = "pool", .flags = flags, .limit = limit, .seals = seals });
}

fn make(pool: u32, length: u32, byte: u8) !u32 {
    var cause: Cause = .{};
    var source: [8192]u8 = undefined;
    @memset(source[0..length], byte);
    const handle = try secrets.create(&cause, pool, length, entries.vars().epoch, &.{ .bytes = source[0..length] });
    for (source[0..length]) |left| try expectEqual(@as(u8, 0), left);
    return handle;
}

fn end(handle: u32) !void {
    var cause: Cause = .{};
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

fn close(pool: u32) !void {
    var cause: Cause = .{};
    try secrets.close_pool(&cause, pool);
}

fn number(pool: u32, which: abi.PoolStatistic) !u64 {
    var out: [16]f64 = undefined;
    const written = try statistics.write(pool, &out);
    try expectEqual(@typeInfo(abi.PoolStatistic).@"enum".field_names.len, written);
    return @trunc(out[@backingInt(which)]);
}

/// Opens a window and looks.
fn expect_bytes(handle: u32, length: usize, byte: u8) !void {
    var cause: Cause = .{};
    try secret.open(&cause, handle, .read);
    defer secret.close(&cause, handle) catch {};
    var expected: [8192]u8 = undefined;
    @memset(expected[0..length], byte);
    try expect(try secret.equal_bytes(handle, expected[0..length]));
}

test "a secret of a pool holds its bytes, for as long as it lives, on every rung" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const in_use = counters.vars().in_use.get();
        const pool = try pool_of(flags, false, 0);
        for ([_]u32{ 1, 16, 17, 32, 100, 1024, 1025, 4096 }) |length| {
            const handle = try make(pool, length, 0x5A);
            try expect(entries.is_entry(handle));
            try expectEqual(length, secret.length(handle));
            try expectError(error.InvalidArgument, secret.open(&cause, handle, .read));
            try expect(!try secrets.wake(&cause, handle));
            try expect(secret.address(handle) % 16 == 0);
            try expectError(error.NotOpen, secret.equal_bytes(handle, &.{}));
            try expect_bytes(handle, length, 0x5A);
            try expectError(error.NotOpen, secret.equal_bytes(handle, &.{}));
            try expectEqual(in_use + 1, counters.vars().in_use.get());
            try secrets.sleep(handle);
            try end(handle);
            try expectError(error.Closed, secret.open(&cause, handle, .read));
            try expectEqual(@as(u32, 0), secret.length(handle));
        }
        try expectEqual(in_use, counters.vars().in_use.get());
        try close(pool);
        try expectError(error.Closed, make(pool, 32, 1));
    }
}

extern fn securememory_crypto_sealer(out: ?[*]f64, count: f64) i32;

fn start_sealing() !void {
    var address: f64 = 0;
    try expectEqual(@as(i32, 1), securememory_crypto_sealer(@ptrCast(&address), 1));
    try seal.use(@trunc(address));
}

/// Wakes a secret, which may be used then.
fn wake(handle: u32) !bool {
    var cause: Cause = .{};
    return secrets.wake(&cause, handle);
}

fn slot_of(handle: u32) *pages.Slot {
    const entry = entries.at(entries.index_of(handle)).?;
    return &table.at(entry.place).?.pool.?.slots()[entry.slot];
}

/// Neighbours: three secrets that are side by side, made in a pool of their own.
const Trio = struct {
    pool: u32,
    handles: [3]u32,
    rest: [200]u32,
    count: usize,

    fn make_in(flags: u32, length: u32) !Trio {
        const pool = try pool_of(flags, false, 0);
        var trio: Trio = .{ .pool = pool, .handles = @splat(0), .rest = undefined, .count = 0 };
        // A full page has them all.
        while (true) {
            const handle = try make(pool, length, 0x40 + @as(u8, @intCast(trio.count % 64)));
            _ = try wake(handle);
            trio.rest[trio.count] = handle;
            trio.count += 1;
            if (slot_of(handle).page.free == 0) break;
        }
        for (trio.rest[0..trio.count]) |handle| {
            const index = slot_of(handle).index();
            if (index >= 1 and index <= 3) trio.handles[index - 1] = handle;
        }
        return trio;
    }

    fn finish(trio: *const Trio) !void {
        for (trio.rest[0..trio.count]) |handle| {
            if (secret.length(handle) > 0) try end(handle);
        }
        try close(trio.pool);
    }
};

fn protection_of(handle: u32) !abi.Protection {
    var cause: Cause = .{};
    return (try secret.status(&cause, handle)).protection;
}

test "a page is as open as the widest window on it, and closed after the last one" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const trio: Trio = try .make_in(flags, 32);
        const first, const second, const third = trio.handles;
        const windows_before = counters.vars().open_windows.get();
        try secret.open(&cause, first, .read);
        try secret.open(&cause, second, .read);
        try expectEqual(windows_before + 2, counters.vars().open_windows.get());
        // A second one on the same secret is no second secret with a window.
        try secret.open(&cause, first, .read);
        try expectEqual(windows_before + 2, counters.vars().open_windows.get());
        try secret.close(&cause, first);
        try expectEqual(windows_before + 2, counters.vars().open_windows.get());
        try expectEqual(abi.Protection.read, try protection_of(first));
        // A neighbour's window is none on this one.
        try expectError(error.NotOpen, secret.equal_bytes(third, &.{}));
        try secret.open(&cause, third, .write);
        try expectEqual(abi.Protection.write, try protection_of(first));
        @memset(slot_of(third).page.area(slot_of(third)), 0x11);
        try secret.close(&cause, first);
        try expectEqual(abi.Protection.write, try protection_of(first));
        try secret.close(&cause, third);
        try expectEqual(abi.Protection.read, try protection_of(first));
        try secret.open_wide(&cause, first);
        try secret.close(&cause, second);
        try expectEqual(abi.Protection.read, try protection_of(second));
        try secret.close_wide(&cause, first);
        try expectEqual(abi.Protection.none, try protection_of(second));
        try expectEqual(windows_before, counters.vars().open_windows.get());
        // More than were opened is nothing.
        try secret.close(&cause, first);
        try secret.close_wide(&cause, first);
        try expectEqual(abi.Protection.none, try protection_of(second));
        try expect_bytes(third, 32, 0x11);
        // A secret that ends takes its windows along, and leaves the others'.
        try secret.open(&cause, first, .write);
        try secret.open_wide(&cause, second);
        try end(first);
        try expectEqual(abi.Protection.read, try protection_of(second));
        try end(second);
        try expectEqual(abi.Protection.none, try protection_of(third));
        try expectEqual(windows_before, counters.vars().open_windows.get());
        try trio.finish();
    }
}

test "two secrets of one page are compared, copied and lent" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const first, const second, const third = trio.handles;
    const same = try make(trio.pool, 32, 0x77);
    const alike = try make(trio.pool, 32, 0x77);
    const alone = try secret.create(&cause, .{ .length = 32, .alignment = 16, .flags = lowest }, .random);
    for ([_]u32{ same, alike }) |handle| _ = try wake(handle);
    for ([_]u32{ first, second, third, same, alike, alone }) |handle| try secret.open(&cause, handle, .read);
    try expect(slot_of(same).page == slot_of(alike).page);
    try expect(try secret.equal(same, alike));
    try expect(try secret.equal(alike, same));
    try expect(try secret.equal(same, same));
    try expect(!try secret.equal(first, same));
    try expect(!try secret.equal(first, second));
    try expect(!try secret.equal(alone, second));
    try expect(!try secret.equal(second, alone));
    const copied = try secret.copy(&cause, same, null, 16, lowest);
    try secret.open(&cause, copied, .read);
    try expect(try secret.equal(copied, alike));
    try secret.close(&cause, alike);
    try expectError(error.NotOpen, secret.equal(same, alike));
    try expectError(error.NotOpen, secret.equal(alike, same));
    const lender: *const lending.Lender = @ptrFromInt(lend.address());
    var lent: [2]lending.Bytes = undefined;
    try expectEqual(@as(i32, 0), lender.borrow_pair(&.{ same, alike }, &.{ 0, 1 }, &lent));
    try expect(std.mem.eql(u8, lent[0].start[0..32], lent[1].start[0..lent[1].length]));
    try expectEqual(@as(i32, 0), lender.give_back_pair(&.{ same, alike }, &.{ 0, 1 }));
    try expectError(error.NotOpen, secret.equal_bytes(alike, &.{}));
    try expectEqual(@as(i32, 0), lender.borrow(alike, 1, &lent[0]));
    try expectEqual(@as(u8, 0x77), lent[0].start[31]);
    try expectEqual(@as(i32, 0), lender.give_back(alike, 1));
    for ([_]u32{ same, alike, copied, alone }) |handle| try end(handle);
    try trio.finish();
}

test "slots are wiped at once, and used again only after others, in another order" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const slot = slot_of(trio.handles[1]);
    const area = slot.page.area(slot);
    const others = trio.handles[0];
    const resting = counters.vars().pages_resting.get();
    try secret.destroy(&cause, trio.handles[1]);
    try expectEqual(resting + 1, counters.vars().pages_resting.get());
    try secret.open(&cause, others, .read);
    for (area) |byte| try expectEqual(@as(u8, 0), byte);
    try secret.close(&cause, others);
    try expectEqual(pages.State.resting, slot.state);
    try expectError(error.InvalidArgument, secret.release(&cause, others));
    try secret.release(&cause, trio.handles[1]);
    try expectEqual(resting, counters.vars().pages_resting.get());
    try expectError(error.Closed, secret.release(&cause, trio.handles[1]));
    try expectEqual(pages.State.quarantined, slot.state);
    try expectEqual(@as(u64, 1), try number(trio.pool, .quarantined));
    // Its turn comes after 64 others.
    var freed: u32 = 0;
    for (trio.rest[0..trio.count]) |handle| {
        if (handle == trio.handles[1] or handle == others) continue;
        try end(handle);
        freed += 1;
        if (freed == 64) break;
        try expectEqual(pages.State.quarantined, slot.state);
    }
    try expectEqual(pages.State.free, slot.state);
    try expectEqual(@as(u64, 64), try number(trio.pool, .quarantined));
    try trio.finish();
    // Two pages are filled in different orders.
    var orders: [2][85]u16 = undefined;
    const pool = try pool_of(lowest, false, 0);
    var handles: [170]u32 = undefined;
    const count = classes.slots_of(classes.of(32), slot_page_size());
    if (count > 85) return;
    for (handles[0 .. 2 * count], 0..) |*handle, index| {
        handle.* = try make(pool, 32, 1);
        _ = try wake(handle.*);
        orders[index / count][index % count] = slot_of(handle.*).index();
    }
    try expect(!std.mem.eql(u16, orders[0][0..count], orders[1][0..count]));
    for (handles[0 .. 2 * count]) |handle| try end(handle);
    try close(pool);
}

fn slot_page_size() usize {
    var cause: Cause = .{};
    return (process.get(&cause) catch unreachable).page_size;
}

test "a slot that was retired is never used again" {
    var cause: Cause = .{};
    const pool = try pool_of(lowest, false, 0);
    const kept = try make(pool, 1000, 1);
    _ = try wake(kept);
    const page = slot_of(kept).page;
    const address = secret.address(kept);
    const count = page.count;
    try expectError(error.InvalidArgument, secret.retire(&cause, kept));
    try secret.destroy(&cause, kept);
    try secret.retire(&cause, kept);
    try expectError(error.Closed, secret.retire(&cause, kept));
    try expectEqual(@as(u64, 1), try number(pool, .retired));
    for (0..300) |_| {
        const handle = try make(pool, 1000, 2);
        _ = try wake(handle);
        try expect(secret.address(handle) != address);
        try end(handle);
    }
    // A page on which all are goes, and its address with it.
    var handles: [20]u32 = undefined;
    for (handles[0 .. count * 2]) |*handle| {
        handle.* = try make(pool, 1000, 3);
        _ = try wake(handle.*);
        try expect(secret.address(handle.*) != address);
    }
    const retired = counters.vars().pages_retired.get();
    for (handles[0 .. count * 2]) |handle| {
        try secret.destroy(&cause, handle);
        try secret.retire(&cause, handle);
    }
    try expect(counters.vars().pages_retired.get() > retired);
    try close(pool);
}

test "damage is found when the secret is closed, named there once, and its neighbours are suspect" {
    var cause: Cause = .{};
    for ([_]u32{ 32, 29 }) |length| for ([_]enum { behind, before, slack }{ .behind, .before, .slack }) |where| {
        if (where == .slack and length == 32) continue;
        const trio: Trio = try .make_in(lowest, length);
        const first, const second, const third = trio.handles;
        try secret.open(&cause, second, .write);
        const start: [*]u8 = @ptrFromInt(secret.address(second));
        switch (where) {
            .behind => start[32] +%= 1,
            .before => (start - 1)[0] +%= 1,
            .slack => start[length] +%= 1,
        }
        try secret.close(&cause, second);
        try expect(!try secrets.is_suspect(first));
        const suspects = try number(trio.pool, .suspect);
        try expectError(error.Corrupted, secret.destroy(&cause, second));
        // Wiped all the same.
        try secret.open(&cause, first, .read);
        for (start[0..32]) |byte| try expectEqual(@as(u8, 0), byte);
        try secret.close(&cause, first);
        try secret.release(&cause, second);
        try expectEqual(where == .before, try secrets.is_suspect(first));
        try expectEqual(where == .behind, try secrets.is_suspect(third));
        try expectEqual(suspects + @intFromBool(where != .slack), try number(trio.pool, .suspect));
        // They are as they were, and end in good order.
        try end(first);
        try end(third);
        try trio.finish();
    };
}

test "damage at the ends of a page, and on pages of one secret" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    for (trio.rest[0..trio.count]) |handle| {
        const slot = slot_of(handle);
        const is_first = slot.index() == 0;
        if (!is_first and slot.index() + 1 < slot.page.count) continue;
        try secret.open(&cause, handle, .write);
        const start: [*]u8 = @ptrFromInt(secret.address(handle));
        if (is_first) slot.page.record.unit()[0] +%= 1 else start[47] +%= 1;
        try secret.close(&cause, handle);
        try expectError(error.Corrupted, secret.destroy(&cause, handle));
        try secret.release(&cause, handle);
    }
    try trio.finish();
    const pool = try pool_of(lowest, false, 0);
    for ([_]bool{ true, false }) |front| {
        const handle = try make(pool, 1500, 1);
        _ = try wake(handle);
        try secret.open(&cause, handle, .write);
        const start: [*]u8 = @ptrFromInt(secret.address(handle));
        if (front) (start - 1)[0] +%= 1 else start[1500] +%= 1;
        try expectError(error.Corrupted, secret.destroy(&cause, handle));
        try secret.release(&cause, handle);
    }
    try close(pool);
}

test "damage beside a free slot is not hidden by the next secret there" {
    var cause: Cause = .{};
    const pool = try pool_of(lowest, false, 0);
    const first = try make(pool, 1000, 1);
    _ = try wake(first);
    const page = slot_of(first).page;
    // Every canary but that of its own slot, and the one before that.
    try secret.open(&cause, first, .write);
    for (page.slots()) |*slot| {
        if (slot.state != .free) continue;
        page.area(slot).ptr[1024] +%= 1;
    }
    try secret.close(&cause, first);
    // None of these slots is used.
    for (0..3) |_| {
        const handle = try make(pool, 1000, 2);
        _ = try wake(handle);
        try expect(slot_of(handle).page != page);
        try end(handle);
    }
    try expectEqual(page.count - 1, page.retired);
    try expectEqual(slot_of(first).index() > 0, try secrets.is_suspect(first));
    _ = secret.destroy(&cause, first) catch {};
    try secret.release(&cause, first);
    try close(pool);
}

test "handles that are stale, forged, or of what sleeps are errors" {
    var cause: Cause = .{};
    const pool = try pool_of(lowest, false, 0);
    const handle = try make(pool, 32, 1);
    for ([_]u32{ handle | 1 << 31, handle ^ (1 << 22), handle + 1000 }) |forged| {
        try expectError(error.Closed, secret.open(&cause, forged, .read));
        try expectError(error.Closed, secret.destroy(&cause, forged));
        try expectError(error.Closed, secrets.wake(&cause, forged));
        try expectError(error.Closed, secrets.sleep(forged));
        try expectEqual(@as(u32, 0), secret.length(forged));
        try expectEqual(@as(usize, 0), secret.address(forged));
    }
    // The record of its page is nobody's secret.
    _ = try wake(handle);
    const record = slot_of(handle).page.record;
    try expectError(error.Closed, secret.open(&cause, record.handle(), .read));
    try expectError(error.Closed, secret.destroy(&cause, record.handle()));
    try expectEqual(@as(usize, 0), secret.address(record.handle()));
    try expectEqual(@as(u32, record.index), try secrets.page_of(handle));
    try secret.open(&cause, handle, .read);
    try expectError(error.InvalidArgument, secrets.sleep(handle));
    try secret.close(&cause, handle);
    try secrets.sleep(handle);
    try secrets.sleep(handle);
    try expectError(error.InvalidArgument, secret.open(&cause, handle, .read));
    try expectError(error.InvalidArgument, secrets.page_of(handle));
    try expectEqual(@as(usize, 0), secret.address(handle));
    _ = try wake(handle);
    try secret.destroy(&cause, handle);
    try expectError(error.Closed, secret.destroy(&cause, handle));
    try expectError(error.Closed, secrets.wake(&cause, handle));
    try expectError(error.Closed, secrets.sleep(handle));
    try secret.release(&cause, handle);
    // Pools as well.
    for ([_]u32{ 0, pool + 1, pool ^ (1 << 16), 0xFFFF_FFFF }) |forged| {
        try expectError(error.Closed, make(forged, 32, 1));
        try expectError(error.Closed, secrets.close_pool(&cause, forged));
    }
    try expectError(error.InvalidArgument, secrets.create(&cause, pool, 0, 0, &.random));
    try close(pool);
    try expectError(error.Closed, secrets.close_pool(&cause, pool));
    const next = try pool_of(lowest, false, 0);
    try expect(next != pool);
    try expectError(error.Closed, make(pool, 32, 1));
    try close(next);
}

test "what was collected ends once, and only in its own epoch" {
    var cause: Cause = .{};
    const pool = try pool_of(lowest, false, 0);
    const handle = try make(pool, 32, 1);
    try expect(!try secrets.collected(&cause, handle, entries.vars().epoch +% 1));
    try expectEqual(@as(u32, 32), secret.length(handle));
    try expect(try secrets.collected(&cause, handle, entries.vars().epoch));
    try expect(!try secrets.collected(&cause, handle, entries.vars().epoch));
    const resting = try make(pool, 32, 1);
    try secret.destroy(&cause, resting);
    try expect(try secrets.collected(&cause, resting, entries.vars().epoch));
    try close(pool);
}

test "an empty page goes back to the store, wiped; one of a class is kept" {
    var cause: Cause = .{};
    const pages_before = counters.vars().pool_pages.get();
    const pool = try pool_of(lowest, false, 0);
    const count = classes.slots_of(classes.of(1024), slot_page_size());
    var handles: [200]u32 = undefined;
    const all = handles[0..@min(3 * count, handles.len)];
    for (all) |*handle| handle.* = try make(pool, 1024, 7);
    _ = try wake(all[0]);
    const record = slot_of(all[0]).page.record;
    const wanted = (all.len + count - 1) / count;
    try expectEqual(wanted, try number(pool, .pages));
    try expectEqual(pages_before + wanted, counters.vars().pool_pages.get());
    try expectEqual(wanted * slot_page_size(), try number(pool, .locked_bytes));
    for (all) |handle| try end(handle);
    try expectEqual(@as(u64, 1), try number(pool, .pages));
    try close(pool);
    try expectEqual(pages_before, counters.vars().pool_pages.get());
    try expect(record.pool == null);
    try os.open(&cause, record.base, record.span, .read);
    for (record.unit()) |byte| try expectEqual(@as(u8, 0), byte);
    try os.close(&cause, record.base, record.span);
}

test "a pool's end wipes its secrets, and those of no other" {
    var cause: Cause = .{};
    try start_sealing();
    for ([_]bool{ false, true }) |seals| {
        const pool = try pool_of(lowest, seals, 0);
        const other = try pool_of(lowest, seals, 0);
        const in_use = counters.vars().in_use.get();
        const asleep = try make(pool, 32, 1);
        const awake = try make(pool, 32, 2);
        const neighbour = try make(other, 32, 3);
        _ = try wake(awake);
        _ = try wake(neighbour);
        try secret.open(&cause, awake, .write);
        const bytes: *[32]u8 = @ptrFromInt(secret.address(awake));
        const word = (try pools.acquire(pool));
        word.lock.release();
        const before = word.word;
        try close(pool);
        try expect(word.word != before);
        try expectEqual(in_use + 1, counters.vars().in_use.get());
        // Its window is still open, on zeros; what is written now is wiped with it.
        for (bytes) |byte| try expectEqual(@as(u8, 0), byte);
        @memset(bytes, 9);
        const record = slot_of(awake).page.record;
        try secret.close(&cause, awake);
        try os.open(&cause, record.base, record.span, .read);
        for (bytes) |byte| try expectEqual(@as(u8, 0), byte);
        try os.close(&cause, record.base, record.span);
        try expectEqual(@as(u32, 0), secret.length(asleep));
        try expectError(error.Closed, secrets.wake(&cause, asleep));
        try expectError(error.Closed, secret.open(&cause, awake, .read));
        try expectError(error.Closed, make(pool, 32, 1));
        try expectEqual(@as(u32, 1), word.pages);
        for ([_]u32{ asleep, awake }) |handle| try end(handle);
        try expectEqual(@as(u32, 0), word.pages);
        try expectEqual(pools.State.free, word.state);
        try expect_bytes(neighbour, 32, 3);
        try end(neighbour);
        try close(other);
        try expectEqual(in_use, counters.vars().in_use.get());
    }
}

test "purge wipes pages and boxes of pools, and moves their words, on every rung" {
    var cause: Cause = .{};
    try start_sealing();
    for (all_rungs) |flags| for ([_]bool{ false, true }) |seals| {
        if (!try has(flags)) continue;
        const pool = try pool_of(flags, seals, 0);
        const asleep = try make(pool, 32, 1);
        const awake = try make(pool, 32, 2);
        const whole = try make(pool, 2000, 3);
        _ = try wake(awake);
        _ = try wake(whole);
        try secret.open(&cause, awake, .read);
        const bytes: *[32]u8 = @ptrFromInt(secret.address(awake));
        try expectEqual(@as(u8, 2), bytes[0]);
        const found = try pools.acquire(pool);
        found.lock.release();
        const before = found.word;
        const in_use = counters.vars().in_use.get();
        const sealed = counters.vars().sealed.get();
        try expectEqual(@as(u32, 3), try secret.purge(&cause));
        try expectEqual(in_use - 3, counters.vars().in_use.get());
        try expect(found.word != before);
        for (bytes) |byte| try expectEqual(@as(u8, 0), byte);
        if (seals) try expect(counters.vars().sealed.get() < sealed);
        for ([_]u32{ asleep, awake, whole }) |handle| {
            try expectError(error.Closed, secrets.wake(&cause, handle));
            try expectError(error.Closed, secret.open(&cause, handle, .read));
        }
        try secret.close(&cause, awake);
        // The pool goes on, on other pages.
        const next = try make(pool, 32, 4);
        _ = try wake(next);
        try expect(slot_of(next).page != slot_of(awake).page);
        try expect_bytes(next, 32, 4);
        for ([_]u32{ asleep, awake, whole, next }) |handle| try end(handle);
        try close(pool);
    };
}

test "in a pool that seals, secrets are born sealed: no page is made for them, and none is changed" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, 0);
    const warm = try make(pool, 32, 1);
    const sealed = counters.vars().sealed.get();
    seam.arm(0, 0, 0);
    const made = try make(pool, 32, 0x5A);
    const random = try secrets.create(&cause, pool, 32, entries.vars().epoch, &.random);
    try expectEqual(@as(u32, 0), seam.count(.mprotect));
    try expectEqual(sealed + 2, counters.vars().sealed.get());
    try expectEqual(@as(u64, 0), try number(pool, .pages));
    const entry = entries.at(entries.index_of(made)).?;
    const box = @as([*]u8, @ptrFromInt(entry.box))[0..48];
    try expect(std.mem.find(u8, box, &@as([8]u8, @splat(0x5A))) == null);
    try end(random);
    try expect(try wake(made));
    try expect(!try wake(made));
    try expect_bytes(made, 32, 0x5A);
    try expectEqual(@as(u64, 1), try number(pool, .hot));
    try expectEqual(@as(u64, 1), try number(pool, .hits));
    try expectEqual(@as(u64, 1), try number(pool, .misses));
    // It has a box as well, but is not sealed.
    try expectEqual(sealed + 1, counters.vars().sealed.get());
    try expectEqual(@as(u64, 1), counters.vars().sealed_hot.get());
    try end(made);
    try expectEqual(@as(u64, 0), counters.vars().sealed_hot.get());
    try expectEqual(sealed, counters.vars().sealed.get());
    try end(warm);
    // Too long for a slot: of bytes born sealed too, of random bytes on its pages.
    const long = try make(pool, 4000, 3);
    try expectEqual(@as(u64, 0), try number(pool, .hot));
    try expect(try wake(long));
    try expect_bytes(long, 4000, 3);
    try end(long);
    const zeros = try secrets.create(&cause, pool, 40, entries.vars().epoch, &.zeros);
    try expect_bytes(zeros, 40, 0);
    const near = slot_of(zeros);
    try end(zeros);
    // Also where somebody has written meanwhile, to every slot.
    try os.open(&cause, near.page.record.base, near.page.record.span, .write);
    for (near.page.slots()) |*slot| @memset(near.page.area(slot), 0x66);
    try os.close(&cause, near.page.record.base, near.page.record.span);
    const next = try secrets.create(&cause, pool, 48, entries.vars().epoch, &.zeros);
    try expect(slot_of(next).page == near.page);
    try expect_bytes(next, 48, 0);
    try end(next);
    try close(pool);
    // What never had a box gets one when it has to go.
    const tight = try pool_of(lowest, true, @intCast(slot_page_size()));
    const first = try secrets.create(&cause, tight, 1024, entries.vars().epoch, &.zeros);
    try secrets.sleep(first);
    const second = try make(tight, 16, 1);
    try expect(try wake(second));
    try secrets.sleep(second);
    try expect(try wake(first));
    try expect_bytes(first, 1024, 0);
    try end(first);
    try end(second);
    try close(tight);
}

test "random secrets are random, in a box and in a slot" {
    var cause: Cause = .{};
    try start_sealing();
    for ([_]bool{ false, true }) |seals| {
        const pool = try pool_of(lowest, seals, 0);
        var handles: [3]u32 = undefined;
        for (&handles, [_]u32{ 32, 32, 2000 }) |*handle, length| {
            handle.* = try secrets.create(&cause, pool, length, entries.vars().epoch, &.random);
            _ = try wake(handle.*);
            try secret.open(&cause, handle.*, .read);
            const bytes = @as([*]const u8, @ptrFromInt(secret.address(handle.*)))[0..length];
            try expect(!std.mem.allEqual(u8, bytes[length - 16 ..], bytes[length - 1]));
        }
        try expect(!try secret.equal(handles[0], handles[1]));
        for (handles) |handle| try end(handle);
        try close(pool);
    }
}

fn is_hot(handle: u32) bool {
    return entries.at(entries.index_of(handle)).?.flags.hot;
}

test "when the limit is reached, what has slept for longest is sealed, and keeps what was written" {
    var cause: Cause = .{};
    try start_sealing();
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const page_size = slot_page_size();
        const pool = try pool_of(flags, true, @intCast(page_size));
        const count = classes.slots_of(classes.of(1024), page_size);
        var handles: [400]u32 = undefined;
        const all = handles[0 .. 2 * count];
        for (all, 0..) |*handle, index| handle.* = try make(pool, 1024, @intCast(index % 250 + 1));
        // The first half is on the page; each is changed.
        for (all[0..count], 0..) |handle, index| {
            _ = try wake(handle);
            try secret.open(&cause, handle, .write);
            @as(*u8, @ptrFromInt(secret.address(handle) + 1023)).* = @intCast(index % 250 + 101);
            try secret.close(&cause, handle);
            if (index > 0) try secrets.sleep(handle);
        }
        try expectEqual(@as(u64, count), try number(pool, .hot));
        // One that was used again is the last to go.
        _ = try wake(all[1]);
        try secrets.sleep(all[1]);
        for (all[count .. 2 * count - 2], 0..) |handle, index| {
            _ = try wake(handle);
            try secrets.sleep(handle);
            try expect(is_hot(all[0]));
            if (index == 0) try expect(is_hot(all[1]) or count <= 16);
            if (index == 0) try expect(!is_hot(all[2]));
        }
        try expectEqual(@as(u64, 1), try number(pool, .pages));
        try expect(try number(pool, .seals) >= count - 2);
        for (all[0..count], 0..) |handle, index| {
            const before = is_hot(handle);
            try expectEqual(!before, try wake(handle));
            try secret.open(&cause, handle, .read);
            const bytes: *const [1024]u8 = @ptrFromInt(secret.address(handle));
            for (bytes[0..1023]) |byte| try expectEqual(@as(u8, @intCast(index % 250 + 1)), byte);
            try expectEqual(@as(u8, @intCast(index % 250 + 101)), bytes[1023]);
            try secret.close(&cause, handle);
            if (index > 0) try secrets.sleep(handle);
        }
        for (all) |handle| try end(handle);
        try close(pool);
    }
}

test "one that was not written to is not encrypted again; one that was written to is" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, @intCast(slot_page_size()));
    const first = try make(pool, 3000, 1);
    const other = try make(pool, 3000, 2);
    const entry = entries.at(entries.index_of(first)).?;
    const serial = entry.serial;
    for ([_]bool{ false, true }) |writes| {
        _ = try wake(first);
        try secret.open(&cause, first, if (writes) .write else .read);
        if (writes) @as(*u8, @ptrFromInt(secret.address(first))).* = 1;
        try secret.close(&cause, first);
        try secrets.sleep(first);
        _ = try wake(other);
        try secrets.sleep(other);
        try expect(!is_hot(first));
        try expectEqual(serial + @intFromBool(writes), entry.serial);
    }
    _ = try wake(first);
    try expect_bytes(first, 3000, 1);
    try end(first);
    try end(other);
    try close(pool);
}

test "where all are awake, the limit is an error, and none is harmed" {
    var cause: Cause = .{};
    try start_sealing();
    for ([_]bool{ false, true }) |seals| {
        const page_size = slot_page_size();
        const pool = try pool_of(lowest, seals, @intCast(page_size));
        const count = classes.slots_of(classes.of(1024), page_size);
        var handles: [80]u32 = undefined;
        const all = handles[0..count];
        for (all) |*handle| {
            handle.* = try make(pool, 1024, 5);
            _ = try wake(handle.*);
        }
        var source: [1024]u8 = @splat(6);
        if (!seals) {
            try expectError(error.LockLimit, secrets.create(&cause, pool, 1024, 0, &.{ .bytes = &source }));
            try expectEqual(@as(u8, 6), source[0]);
        } else {
            const cold = try make(pool, 1024, 6);
            try expectError(error.LockLimit, secrets.wake(&cause, cold));
            try expectError(error.LockLimit, secrets.create(&cause, pool, 1024, 0, &.zeros));
            // Another class finds no page either.
            const short = try make(pool, 32, 7);
            try expectError(error.LockLimit, secrets.wake(&cause, short));
            try secrets.sleep(all[0]);
            try expect(try wake(cold));
            try expect(!is_hot(all[0]));
            try expect_bytes(cold, 1024, 6);
            try secrets.sleep(cold);
            for (all[1..]) |handle| try secrets.sleep(handle);
            // All of a page go, so that it can become one of another class.
            try expect(try wake(short));
            try expect_bytes(short, 32, 7);
            try expectEqual(@as(u64, 1), try number(pool, .hot));
            try end(short);
            try end(cold);
        }
        // A slot that waits is used before that.
        _ = try wake(all[1]);
        try end(all[1]);
        all[1] = try make(pool, 1024, 8);
        _ = try wake(all[1]);
        for (all) |handle| try end(handle);
        // So is a page that is kept for another class.
        const short = try make(pool, 32, 9);
        _ = try wake(short);
        try expect_bytes(short, 32, 9);
        try end(short);
        try close(pool);
    }
}

test "a box that was changed opens nothing; the next one does" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, 0);
    const handle = try make(pool, 32, 1);
    const entry = entries.at(entries.index_of(handle)).?;
    const box = @as([*]u8, @ptrFromInt(entry.box))[0..48];
    box[40] ^= 1;
    try expectError(error.Corrupted, secrets.wake(&cause, handle));
    try expect(!is_hot(handle));
    box[40] ^= 1;
    try expect(try wake(handle));
    try expect_bytes(handle, 32, 1);
    try end(handle);
    try close(pool);
}

test "what is damaged stays where it is, so that its end can say so" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, @intCast(slot_page_size()));
    const damaged = try make(pool, 1024, 1);
    _ = try wake(damaged);
    try secret.open(&cause, damaged, .write);
    @as([*]u8, @ptrFromInt(secret.address(damaged)))[1024] +%= 1;
    try secret.close(&cause, damaged);
    try secrets.sleep(damaged);
    const other = try make(pool, 3000, 2);
    try expectError(error.LockLimit, secrets.wake(&cause, other));
    try expect(is_hot(damaged));
    try expectError(error.Corrupted, secret.destroy(&cause, damaged));
    try secret.release(&cause, damaged);
    try expect(try wake(other));
    try end(other);
    try close(pool);
}

test "the lock limit of the system is as that of the pool" {
    var cause: Cause = .{};
    if (builtin.target.os.tag == .windows) return error.SkipZigTest;
    try start_sealing();
    const pool = try pool_of(lowest, true, 0);
    const first = try make(pool, 5000, 1);
    // Which of the calls locks the pages of the second one is the system's matter.
    var k: u32 = 1;
    const second = while (k < 40) : (k += 1) {
        _ = try wake(first);
        try secrets.sleep(first);
        const second = try make(pool, 5000, 2);
        seam.arm(k, 12, 1);
        const woken = wake(second);
        seam.arm(0, 0, 0);
        if (woken) |_| {
            // Its failure was no matter, or what slept has made room.
            if (!is_hot(first)) break second;
        } else |_| {}
        try end(second);
    } else return error.NothingMadeRoom;
    try expect_bytes(second, 5000, 2);
    // Where nothing sleeps, it is the error that it was.
    k = 1;
    while (k < 40) : (k += 1) {
        seam.arm(k, 12, 1);
        const result = secrets.wake(&cause, first);
        seam.arm(0, 0, 0);
        if (result) |_| return error.NothingFailed else |err| if (err == error.LockLimit) break;
    }
    try expect(cause.step != .none);
    try expect(try wake(first));
    try expect_bytes(first, 5000, 1);
    try end(first);
    try end(second);
    try close(pool);
}

/// Work of one thread on secrets of its own, in a pool that others use as well.
const Worker = struct {
    pool: u32,
    seed: u64,
    /// One secret that all read.
    common: u32 = 0,
    errors: u32 = 0,

    fn run(worker: *Worker) void {
        worker.work() catch {
            worker.errors += 1;
        };
    }

    fn work(worker: *Worker) !void {
        var cause: Cause = .{};
        var random = std.Random.DefaultPrng.init(worker.seed);
        const lengths = [_]u32{ 16, 32, 32, 32, 100, 1000 };
        var handles: [24]u32 = @splat(0);
        var bytes: [24]u8 = @splat(0);
        for (0..1500) |_| {
            const at = random.random().uintLessThan(usize, handles.len);
            const length = lengths[at % lengths.len];
            if (handles[at] == 0) {
                bytes[at] = random.random().int(u8);
                handles[at] = make(worker.pool, length, bytes[at]) catch |err| switch (err) {
                    error.LockLimit => continue,
                    else => return err,
                };
                continue;
            }
            const handle = handles[at];
            switch (random.random().uintLessThan(u8, 8)) {
                0 => {
                    try end(handle);
                    handles[at] = 0;
                },
                1 => {
                    try expect(try secrets.collected(&cause, handle, entries.vars().epoch));
                    handles[at] = 0;
                },
                else => |what| {
                    _ = secrets.wake(&cause, handle) catch |err| switch (err) {
                        error.LockLimit => continue,
                        else => return err,
                    };
                    try secret.open(&cause, handle, if (what == 2) .write else .read);
                    const view = @as([*]u8, @ptrFromInt(secret.address(handle)))[0..length];
                    for (view) |byte| try expectEqual(bytes[at], byte);
                    if (what == 2) {
                        bytes[at] +%= 1;
                        @memset(view, bytes[at]);
                    }
                    try secret.close(&cause, handle);
                    try secrets.sleep(handle);
                },
            }
        }
        for (handles) |handle| if (handle != 0) try end(handle);
    }

    /// Windows on the same secrets, whose page is open as long as anybody has one.
    fn read(worker: *Worker) void {
        worker.look() catch {
            worker.errors += 1;
        };
    }

    fn look(worker: *Worker) !void {
        var cause: Cause = .{};
        for (0..20_000) |round| {
            const wide = round % 7 == 0;
            if (wide) try secret.open_wide(&cause, worker.common) else try secret.open(&cause, worker.common, .read);
            const view: *const volatile [32]u8 = @ptrFromInt(secret.address(worker.common));
            try expectEqual(@as(u8, 0x42), view[round % 32]);
            if (wide) try secret.close_wide(&cause, worker.common) else try secret.close(&cause, worker.common);
        }
    }
};

fn run_workers(workers: []Worker, comptime run: fn (*Worker) void) !void {
    var threads: [4]std.Thread = undefined;
    for (threads[0..workers.len], workers) |*thread, *worker| thread.* = try std.Thread.spawn(.{}, run, .{worker});
    for (threads[0..workers.len]) |thread| thread.join();
    for (workers) |worker| try expectEqual(@as(u32, 0), worker.errors);
}

test "threads make, use, seal and end secrets of one pool at random, and each finds its bytes" {
    try start_sealing();
    for (all_rungs) |flags| for ([_]bool{ false, true }) |seals| {
        if (!try has(flags)) continue;
        const in_use = counters.vars().in_use.get();
        const windows_before = counters.vars().open_windows.get();
        const pool = try pool_of(flags, seals, if (seals) @intCast(4 * slot_page_size()) else 0);
        var workers: [4]Worker = undefined;
        for (&workers, 0..) |*worker, index| worker.* = .{ .pool = pool, .seed = index + 17 };
        try run_workers(&workers, Worker.run);
        try expectEqual(@as(u64, 0), try number(pool, .secrets));
        try expectEqual(@as(u64, 0), try number(pool, .hot));
        if (seals) try expect(try number(pool, .seals) > 0);
        try expectEqual(in_use, counters.vars().in_use.get());
        try expectEqual(windows_before, counters.vars().open_windows.get());
        try expectEqual(@as(u64, 0), counters.vars().sealed_hot.get());
        try close(pool);
    };
}

test "threads open windows on one secret and on its neighbours at once" {
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const trio: Trio = try .make_in(flags, 32);
        var workers: [4]Worker = undefined;
        for (&workers, 0..) |*worker, index| {
            // Two on one secret, two on its neighbours.
            const common = trio.handles[index / 2 + index % 2 * (index / 2)];
            worker.* = .{ .pool = trio.pool, .seed = 0, .common = common };
            var cause: Cause = .{};
            try secret.open(&cause, common, .write);
            @memset(@as([*]u8, @ptrFromInt(secret.address(common)))[0..32], 0x42);
            try secret.close(&cause, common);
        }
        try run_workers(&workers, Worker.read);
        try expectEqual(abi.Protection.none, try protection_of(trio.handles[0]));
        try trio.finish();
    }
}

test "a purge meanwhile leaves nothing, and nobody waits for ever" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, @intCast(4 * slot_page_size()));
    const Storm = struct {
        var pool_handle: u32 = 0;
        var done: std.atomic.Value(bool) = .init(false);

        fn run(seed: u64) void {
            var why: Cause = .{};
            var random = std.Random.DefaultPrng.init(seed);
            while (!done.load(.acquire)) {
                const handle = make(pool_handle, 32, 3) catch continue;
                const awake = if (secrets.wake(&why, handle)) |_| true else |_| false;
                if (awake and random.random().boolean()) {
                    secret.open(&why, handle, .write) catch {};
                    secret.close(&why, handle) catch {};
                    secrets.sleep(handle) catch {};
                }
                secret.destroy(&why, handle) catch {};
                secret.release(&why, handle) catch {};
            }
        }
    };
    Storm.pool_handle = pool;
    Storm.done.store(false, .release);
    const in_use = counters.vars().in_use.get();
    const first = try std.Thread.spawn(.{}, Storm.run, .{1});
    const second = try std.Thread.spawn(.{}, Storm.run, .{2});
    for (0..100) |_| _ = try secret.purge(&cause);
    Storm.done.store(true, .release);
    first.join();
    second.join();
    try expectEqual(@as(u64, 0), try number(pool, .secrets));
    try expectEqual(in_use, counters.vars().in_use.get());
    try expectEqual(@as(u64, 0), counters.vars().sealed_hot.get());
    try close(pool);
}

/// What one secret's life is, for calls that fail on the way.
const Step = enum { create, wake, write, finish, destroy };

fn live(pool: u32, at: *Step) !void {
    var cause: Cause = .{};
    at.* = .create;
    const handle = try make(pool, 900, 0x33);
    errdefer {
        var ignored: Cause = .{};
        secret.destroy(&ignored, handle) catch {};
        secret.release(&ignored, handle) catch {};
    }
    at.* = .wake;
    _ = try secrets.wake(&cause, handle);
    at.* = .write;
    try secret.open(&cause, handle, .write);
    at.* = .finish;
    try secret.close(&cause, handle);
    try secrets.sleep(handle);
    at.* = .destroy;
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

test "for every k, a life whose k-th system call fails harms no neighbour, and leaves no byte" {
    var cause: Cause = .{};
    try start_sealing();
    // Windows decrypts a page again that could not be closed; if that fails as well, it drops the page,
    // neighbours and all (`os/windows.zig`): a second failure is not harmless there.
    const most: u32 = if (builtin.target.os.tag == .windows) 1 else 2;
    for ([_]bool{ false, true }) |seals| for (1..most + 1) |times| {
        const pool = try pool_of(lowest, seals, 0);
        const neighbour = try make(pool, 900, 0x21);
        _ = try wake(neighbour);
        const page = slot_of(neighbour).page;
        var k: u32 = 1;
        while (true) : (k += 1) {
            const in_use = counters.vars().in_use.get();
            const windows_before = counters.vars().open_windows.get();
            var at: Step = .create;
            seam.arm(k, 12, @intCast(times));
            const result = live(pool, &at);
            const calls = seam.count(.none);
            seam.arm(0, 0, 0);
            try expectEqual(in_use, counters.vars().in_use.get());
            try expectEqual(windows_before, counters.vars().open_windows.get());
            try expectEqual(@as(u64, 1), try number(pool, .secrets));
            // The neighbour is as it was, and its page has nothing of the other one.
            try expect_bytes(neighbour, 900, 0x21);
            try expectEqual(abi.Protection.none, try protection_of(neighbour));
            try secret.open(&cause, neighbour, .read);
            const unit = page.record.unit();
            try expect(std.mem.find(u8, unit, &@as([16]u8, @splat(0x33))) == null);
            try secret.close(&cause, neighbour);
            // Nor has anybody kept its slot.
            try expectEqual(@as(u32, 1), page.taken);
            if (result) |_| {
                if (k > calls) break;
            } else |_| {}
            try expect(k < 100);
        }
        try expect(k > 4);
        try end(neighbour);
        try close(pool);
    };
}

test "a slot that cannot be wiped is not used before it is" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const slot = slot_of(trio.handles[1]);
    const area = slot.page.area(slot);
    seam.arm(1, 12, 100);
    try expectError(error.ProtectionFailed, secret.destroy(&cause, trio.handles[1]));
    try secret.release(&cause, trio.handles[1]);
    seam.arm(0, 0, 0);
    try expectEqual(pages.State.retired, slot.state);
    try expect(slot.owed);
    try secret.open(&cause, trio.handles[0], .read);
    try expect(std.mem.findNone(u8, area, &.{0}) != null);
    try secret.close(&cause, trio.handles[0]);
    // The next time that the core itself opens the page, it is.
    try end(trio.handles[2]);
    try expect(!slot.owed);
    try expect_bytes(trio.handles[0], 32, secret_byte(&trio, 0));
    try secret.open(&cause, trio.handles[0], .read);
    for (area) |byte| try expectEqual(@as(u8, 0), byte);
    try secret.close(&cause, trio.handles[0]);
    // Opened again before its end, it is wiped and waits like any.
    const other = slot_of(trio.handles[0]);
    seam.arm(1, 12, 1);
    try expectError(error.ProtectionFailed, secret.destroy(&cause, trio.handles[0]));
    try secret.release(&cause, trio.handles[0]);
    seam.arm(0, 0, 0);
    try expectEqual(pages.State.quarantined, other.state);
    try expect(!other.owed);
    try trio.finish();
}

test "a lent secret whose page cannot be closed has nothing left in it" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const lender: *const lending.Lender = @ptrFromInt(lend.address());
    const page = slot_of(trio.handles[0]).page;
    var lent: lending.Bytes = undefined;
    const in_use = counters.vars().in_use.get();
    try expectEqual(@as(i32, 0), lender.borrow(trio.handles[0], 1, &lent));
    seam.arm(1, 12, 1);
    const result = lender.give_back(trio.handles[0], 1);
    seam.arm(0, 0, 0);
    try expectEqual(abi.code(error.NotClosed), @as(u7, @truncate(@as(u32, @intCast(-result)))));
    try expectEqual(@as(u32, 0), secret.length(trio.handles[0]));
    try expectEqual(in_use - 1, counters.vars().in_use.get());
    try expectEqual(trio.count - 1, try number(trio.pool, .secrets));
    try secret.open(&cause, trio.handles[1], .read);
    for (lent.start[0..32]) |byte| try expectEqual(@as(u8, 0), byte);
    try secret.close(&cause, trio.handles[1]);
    try end(trio.handles[0]);
    try expectEqual(abi.Protection.none, try protection_of(trio.handles[1]));
    // Where the page cannot be opened either, it is wiped as soon as it can be.
    try expectEqual(@as(i32, 0), lender.borrow(trio.handles[1], 1, &lent));
    seam.arm(1, 12, 2);
    const again = lender.give_back(trio.handles[1], 1);
    seam.arm(0, 0, 0);
    try expectEqual(abi.code(error.NotClosed), @as(u7, @truncate(@as(u32, @intCast(-again)))));
    try expect(slot_of(trio.handles[1]).owed);
    try expect(lent.start[0] != 0);
    try end(trio.handles[2]);
    try os.open(&cause, page.record.base, page.record.span, .read);
    page.record.access = .read;
    for (lent.start[0..32]) |byte| try expectEqual(@as(u8, 0), byte);
    try trio.finish();
}

fn expect_line(wanted: []const u8, address: usize) !void {
    var buffer: fault.Buffer = undefined;
    const line = fault.explain(.{ .address = address, .access = .read, .refusal = .protection }, slot_page_size(), &buffer).?;
    var whole: [512]u8 = undefined;
    const expected = try std.fmt.bufPrint(&whole, "securememory: read of {s}; the process has to stop\n", .{wanted});
    try std.testing.expectEqualStrings(expected, line);
}

test "a fault on a pool's page is of the secret in the slot, or between two" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 30);
    const first, const second, const third = trio.handles;
    const start = secret.address(second);
    try expect_line("the secret \"pool\" (30 bytes) at offset 7 outside its window: a view of it or a pointer to it was kept", start + 7);
    try expect_line("the secret \"pool\" (30 bytes) 1 byte past its end outside its window", start + 30);
    try expect_line("the space between two secrets of a pool \"pool\" outside its window", start + 32);
    try expect_line("the space between two secrets of a pool \"pool\" outside its window", start + 47);
    try secret.open(&cause, first, .read);
    // Open is only its neighbour.
    try expect_line("the secret \"pool\" (30 bytes) at offset 0 outside its window: a view of it or a pointer to it was kept", start);
    try secret.close(&cause, first);
    try secret.destroy(&cause, third);
    const gone = start + 48;
    try expect_line("the secret \"pool\" (30 bytes) at offset 3 after it was closed: a view of it or a pointer to it was kept", gone + 3);
    try secret.release(&cause, third);
    try expect_line("a page of a closed secret: a view of it or a pointer to it was kept", gone + 3);
    _ = try secret.purge(&cause);
    try expect_line("the secret \"pool\" (30 bytes) at offset 7 after a purge: a view of it or a pointer to it was kept", start + 7);
    for (trio.rest[0..trio.count]) |handle| {
        if (handle != third) try end(handle);
    }
    try close(trio.pool);
    // A secret with pages of its own, and guards.
    const pool = try pool_of(lowest, false, 0);
    const long = try make(pool, 5000, 1);
    _ = try wake(long);
    const last = secret.address(long) + 4999;
    try expect_line("the secret \"pool\" (5000 bytes) at offset 4999 outside its window: a view of it or a pointer to it was kept", last);
    const guard = slot_of(long).page.record.base + slot_of(long).page.record.span;
    var text: [100]u8 = undefined;
    const distance = guard - last;
    const s = if (distance == 1) "" else "s";
    try expect_line(try std.fmt.bufPrint(&text, "the secret \"pool\" (5000 bytes) {d} byte{s} past its end (the guard page)", .{ distance, s }), guard);
    // Nothing of it is opened by a purge once it was destroyed.
    try secret.destroy(&cause, long);
    seam.arm(0, 0, 0);
    _ = try secret.purge(&cause);
    try expectEqual(@as(u32, 0), seam.count(.mprotect));
    try expect_line("the secret \"pool\" (5000 bytes) at offset 4999 after it was closed: a view of it or a pointer to it was kept", last);
    try secret.retire(&cause, long);
    try expect_line("the secret \"pool\" (5000 bytes) at offset 4999 after it was closed: a view of it or a pointer to it was kept", last);
    try close(pool);
}

test "where no key can be had, a window opens the page to all threads, and it closes" {
    if (!pkey.exists) return error.SkipZigTest;
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const first, const second, _ = trio.handles;
    const page = slot_of(first).page;
    if (keys.held() > 0) return error.SkipZigTest;
    page.record.gate = .pkey;
    try secret.open(&cause, first, .read);
    try expectEqual(abi.Protection.read, try protection_of(first));
    try expectEqual(@as(u32, 1), page.shared);
    try secret.open(&cause, second, .write);
    try expectEqual(abi.Protection.write, try protection_of(first));
    try secret.close(&cause, second);
    try expectEqual(abi.Protection.read, try protection_of(first));
    try secret.close(&cause, first);
    try expectEqual(abi.Protection.none, try protection_of(first));
    try expectEqual(@as(u32, 0), page.shared);
    for (page.rows()) |*row| try expectEqual(@as(usize, 0), row.thread);
    page.record.gate = .mprotect;
    try trio.finish();
}

/// What threads do with windows under keys, one after the other.
const Keyed = struct {
    var handles: [2]u32 = @splat(0);
    var stage: std.atomic.Value(u32) = .init(0);
    var failed: bool = false;

    fn at(wanted: u32) void {
        while (stage.load(.acquire) < wanted) std.Thread.yield() catch {};
    }

    fn run() void {
        other() catch {
            failed = true;
        };
        stage.store(100, .release);
    }

    /// A window on one secret opens nothing to another thread, and closes nothing of it.
    fn other() !void {
        var cause: Cause = .{};
        at(1);
        try expectError(error.NotOpen, secret.equal_bytes(handles[0], &.{}));
        try secret.open(&cause, handles[1], .write);
        try expectEqual(abi.Protection.write, try protection_of(handles[1]));
        stage.store(2, .release);
        at(3);
        try secret.close(&cause, handles[1]);
        try expectEqual(abi.Protection.none, try protection_of(handles[1]));
    }
};

test "under keys, a thread's rights are those of its own windows" {
    const flags = abi.flag_locked | abi.flag_pkey;
    if (!try has(flags)) return error.SkipZigTest;
    var cause: Cause = .{};
    const trio: Trio = try .make_in(flags, 32);
    const first, const second, const third = trio.handles;
    const page = slot_of(first).page;
    Keyed.handles = .{ first, second };
    Keyed.stage.store(0, .release);
    Keyed.failed = false;
    const thread = try std.Thread.spawn(.{}, Keyed.run, .{});
    try secret.open(&cause, first, .read);
    try expectEqual(abi.Protection.read, try protection_of(first));
    Keyed.stage.store(1, .release);
    Keyed.at(2);
    // Its writing is its own, and this thread still only reads.
    try expectEqual(abi.Protection.read, try protection_of(first));
    try expectEqual(@as(u32, 0), page.shared);
    try secret.close(&cause, first);
    try expectEqual(abi.Protection.none, try protection_of(first));
    Keyed.stage.store(3, .release);
    thread.join();
    try expect(!Keyed.failed);
    // What opens the page to all, opens it for what is written on it as well.
    try secret.open(&cause, first, .write);
    try secret.open_wide(&cause, third);
    try expectEqual(abi.Protection.write, try protection_of(first));
    try secret.close(&cause, first);
    try expectEqual(abi.Protection.read, try protection_of(first));
    try secret.close_wide(&cause, third);
    try expectEqual(abi.Protection.none, try protection_of(first));
    // The idle rule sees that the page is in use.
    page.record.used = false;
    try secret.open(&cause, first, .read);
    try expect(page.record.used);
    try secret.close(&cause, first);
    // Where there are keys, a page that has none takes none.
    const other: Trio = try .make_in(lowest, 32);
    try secret.open(&cause, other.handles[0], .read);
    try expectEqual(null, slot_of(other.handles[0]).page.record.slot);
    try secret.close(&cause, other.handles[0]);
    try other.finish();
    // A thread that ended inside a window is forgotten by the next one of its number.
    try secret.open(&cause, first, .read);
    windows.forget_thread();
    try expectEqual(@as(u32, 0), page.readers);
    for (page.rows()) |*row| try expectEqual(@as(usize, 0), row.thread);
    try trio.finish();
}

test "what has slept for longest makes room, however many of other sizes have slept for longer" {
    try start_sealing();
    const page_size = slot_page_size();
    const pool = try pool_of(lowest, true, @intCast(2 * page_size));
    const short_count = classes.slots_of(0, page_size);
    const long_count = classes.slots_of(classes.of(1024), page_size);
    var handles: [3000]u32 = undefined;
    for (handles[0..short_count]) |*handle| {
        handle.* = try make(pool, 16, 1);
        _ = try wake(handle.*);
    }
    // One of them stays awake, so that their page stays theirs.
    for (handles[1..short_count]) |handle| try secrets.sleep(handle);
    const long = handles[short_count..][0 .. long_count + 1];
    for (long) |*handle| {
        handle.* = try make(pool, 1024, 2);
        try expect(try wake(handle.*));
        try secrets.sleep(handle.*);
    }
    try expect(!is_hot(long[0]));
    for (handles[0 .. short_count + long_count + 1]) |handle| try end(handle);
    try close(pool);
}

test "a pool that is closed keeps no page of what sleeps" {
    try start_sealing();
    for ([_]bool{ false, true }) |seals| {
        const pages_before = counters.vars().pool_pages.get();
        const pool = try pool_of(lowest, seals, 0);
        var handles: [40]u32 = undefined;
        for (&handles, 0..) |*handle, index| {
            handle.* = try make(pool, if (index < 30) 300 else 2000, 1);
            _ = try wake(handle.*);
            try secrets.sleep(handle.*);
        }
        try expect(counters.vars().pool_pages.get() > pages_before + 8);
        try close(pool);
        try expectEqual(pages_before, counters.vars().pool_pages.get());
        for (handles) |handle| try end(handle);
    }
}

test "neighbours that are not there any more are no suspects" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const first, const second, const third = trio.handles;
    try secret.open(&cause, second, .write);
    const start: [*]u8 = @ptrFromInt(secret.address(second));
    start[32] +%= 1;
    (start - 1)[0] +%= 1;
    try secret.close(&cause, second);
    // Their own ends look at the same canaries.
    try expectError(error.Corrupted, secret.destroy(&cause, first));
    try expectError(error.Corrupted, secret.destroy(&cause, third));
    try expect(try secrets.is_suspect(second));
    try expectEqual(@as(u64, 1), try number(trio.pool, .suspect));
    try secret.open(&cause, second, .write);
    start[32] +%= 1;
    (start - 1)[0] +%= 1;
    try secret.close(&cause, second);
    try expectError(error.Corrupted, secret.destroy(&cause, second));
    try expectEqual(@as(u64, 1), try number(trio.pool, .suspect));
    for (trio.handles) |handle| try secret.release(&cause, handle);
    try trio.finish();
}

test "damage beside a long secret keeps it on its pages" {
    var cause: Cause = .{};
    try start_sealing();
    for ([_]bool{ true, false }) |front| {
        const pool = try pool_of(lowest, true, @intCast(2 * slot_page_size()));
        const damaged = try make(pool, 5000, 1);
        _ = try wake(damaged);
        try secret.open(&cause, damaged, .write);
        const start: [*]u8 = @ptrFromInt(secret.address(damaged));
        if (front) (start - 1)[0] +%= 1 else start[5000] +%= 1;
        try secret.close(&cause, damaged);
        try secrets.sleep(damaged);
        const other = try make(pool, 5000, 2);
        try expectError(error.LockLimit, secrets.wake(&cause, other));
        try expectError(error.Corrupted, secret.destroy(&cause, damaged));
        try secret.release(&cause, damaged);
        try end(other);
        try close(pool);
    }
}

test "a canary is another one with each use of its slot" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const slot = slot_of(trio.handles[1]);
    const neighbour = trio.handles[0];
    const behind: *[16]u8 = @ptrCast(slot.page.area(slot).ptr + 32);
    try secret.open(&cause, neighbour, .read);
    const before = behind.*;
    try secret.close(&cause, neighbour);
    try end(trio.handles[1]);
    const class = &(try pools.acquire(trio.pool)).classes[classes.of(32)];
    try expect(class.quarantine.head == slot);
    slots.free_oldest(slot.page.pool, classes.of(32));
    slot.page.pool.lock.release();
    const next = try make(trio.pool, 32, 9);
    _ = try wake(next);
    try expect(slot_of(next) == slot);
    try secret.open(&cause, neighbour, .read);
    try expect(!std.mem.eql(u8, &before, behind));
    try secret.close(&cause, neighbour);
    try end(next);
    try trio.finish();
}

test "a secret on a purged page is closed, whatever its entry says" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const record = slot_of(trio.handles[0]).page.record;
    record.state = .purged;
    try expectError(error.Closed, secret.open(&cause, trio.handles[0], .read));
    try expectEqual(@as(usize, 0), secret.address(trio.handles[0]));
    record.state = .live;
    try expect_bytes(trio.handles[0], 32, secret_byte(&trio, 0));
    try trio.finish();
}

fn secret_byte(trio: *const Trio, index: usize) u8 {
    for (trio.rest[0..trio.count], 0..) |handle, at| {
        if (handle == trio.handles[index]) return 0x40 + @as(u8, @intCast(at % 64));
    }
    unreachable;
}

test "an enclave is no secret of a pool" {
    var cause: Cause = .{};
    try start_sealing();
    const pool = try pool_of(lowest, true, 0);
    var source: [32]u8 = @splat(1);
    const handle = try enclave.create(&cause, .{ .bytes = &source }, 0);
    try expectError(error.Closed, secret.destroy(&cause, handle));
    try expectError(error.Closed, secrets.wake(&cause, handle));
    try expectError(error.Closed, secrets.sleep(handle));
    try expect(!try secrets.collected(&cause, handle, entries.vars().epoch));
    try expectEqual(@as(u32, 32), enclave.length_of(handle));
    try enclave.close(handle, null);
    try close(pool);
}

test "a pool is not made without random bytes, and a number is used again with nothing of the pool before" {
    try start_sealing();
    seam.arm(1, 38, 1);
    const refused = pool_of(lowest, false, 0);
    seam.arm(0, 0, 0);
    try expectError(error.RandomFailed, refused);
    const pool = try pool_of(lowest, true, 0);
    const found = pools.at(pool & 0xFFFF).?;
    const asleep = try make(pool, 32, 1);
    try expect(try wake(asleep));
    try expect(!try wake(asleep));
    found.suspects = 3;
    found.seals_done = 3;
    try secrets.sleep(asleep);
    try close(pool);
    // Somebody still has a secret of it.
    try expectEqual(@as(u32, 0), found.pages);
    try expectEqual(pools.State.closed, found.state);
    try end(asleep);
    try expectEqual(pools.State.free, found.state);
    const random = found.random;
    var others: [20]u32 = undefined;
    var count: usize = 0;
    while (found.state == .free) : (count += 1) others[count] = try pool_of(lowest, false, 0);
    try expect(random != found.random);
    try expectEqual(@as(u32, std.math.maxInt(u32)), found.lowest);
    try expectEqual(@as(u32, 0), found.highest);
    const next = found.handle();
    for ([_]abi.PoolStatistic{ .secrets, .hot, .pages, .hits, .misses, .seals, .slots_free, .quarantined, .retired, .suspect }) |which| {
        try expectEqual(@as(u64, 0), try number(next, which));
    }
    try expect(next != pool);
    for (others[0..count]) |handle| try close(handle);
}

test "sealing wipes the slot, a batch of the oldest on one page at a time" {
    var cause: Cause = .{};
    try start_sealing();
    const page_size = slot_page_size();
    const pool = try pool_of(lowest, true, @intCast(page_size));
    const count = classes.slots_of(0, page_size);
    var handles: [3000]u32 = undefined;
    const all = handles[0..count];
    for (all, 0..) |*handle, index| {
        handle.* = try make(pool, 16, 0x5C);
        _ = try wake(handle.*);
        if (index > 0) try secrets.sleep(handle.*);
    }
    const page = slot_of(all[0]).page;
    const oldest = slot_of(all[1]);
    const area = page.area(oldest);
    // One that is busy stays.
    const entry = entries.at(entries.index_of(all[2])).?;
    entry.lock.acquire();
    const other = try make(pool, 16, 7);
    try expect(try wake(other));
    entry.lock.release();
    try expectEqual(@as(u64, 16), try number(pool, .seals));
    try expect(is_hot(all[2]));
    for (all[3..18]) |handle| try expect(!is_hot(handle));
    try expect(is_hot(all[18]));
    try expectEqual(@as(u32, count - 1 - 16), page.idle);
    if (slot_of(other) != oldest) {
        try secret.open(&cause, other, .read);
        for (area) |byte| try expectEqual(@as(u8, 0), byte);
        try secret.close(&cause, other);
    }
    // Slots of sealed ones are as any others.
    for (0..2) |round| {
        for (all[1..18]) |handle| {
            _ = try wake(handle);
            try expect(!try wake(handle));
            try expect_bytes(handle, 16, 0x5C);
            if (round == 0) try secrets.sleep(handle);
        }
        if (round == 0) continue;
        for (all[1..18]) |handle| try secrets.sleep(handle);
    }
    for (all) |handle| try end(handle);
    try end(other);
    try expectEqual(@as(u32, 0), found_of(pool).idle.length);
    try close(pool);
}

fn found_of(pool: u32) *pools.Pool {
    return pools.at(pool & 0xFFFF).?;
}

test "those of a page that have slept far shorter than its oldest stay" {
    try start_sealing();
    const page_size = slot_page_size();
    const pool = try pool_of(lowest, true, @intCast(2 * page_size));
    const count = classes.slots_of(0, page_size);
    var handles: [6000]u32 = undefined;
    const all = handles[0 .. 2 * count];
    for (all) |*handle| {
        handle.* = try make(pool, 16, 1);
        _ = try wake(handle.*);
    }
    const first = slot_of(all[0]).page;
    try secrets.sleep(all[0]);
    // All of the other page, then those of the first.
    for (all) |handle| if (slot_of(handle).page != first) try secrets.sleep(handle);
    for (all) |handle| if (slot_of(handle).page == first) try secrets.sleep(handle);
    const other = try make(pool, 16, 2);
    try expect(try wake(other));
    try expectEqual(@as(u64, 1), try number(pool, .seals));
    for (all) |handle| try end(handle);
    try end(other);
    try close(pool);
}

test "a page that somebody is awake on is not emptied for another size" {
    try start_sealing();
    const page_size = slot_page_size();
    const pool = try pool_of(lowest, true, @intCast(page_size));
    var handles: [3]u32 = undefined;
    for (&handles) |*handle| {
        handle.* = try make(pool, 1024, 1);
        _ = try wake(handle.*);
    }
    try secrets.sleep(handles[1]);
    try secrets.sleep(handles[2]);
    const short = try make(pool, 16, 2);
    var cause: Cause = .{};
    try expectError(error.LockLimit, secrets.wake(&cause, short));
    for (handles) |handle| try expect(is_hot(handle));
    // Nor is one that was purged: what is on it is no secret any more.
    try secrets.sleep(handles[0]);
    const record = slot_of(handles[0]).page.record;
    record.state = .purged;
    try expectError(error.LockLimit, secrets.wake(&cause, short));
    record.state = .live;
    try expect(try wake(short));
    for (handles) |handle| {
        try expect_sleeping_after(short, handle);
    }
    try end(short);
    for (handles) |handle| try end(handle);
    try close(pool);
}

fn expect_sleeping_after(short: u32, handle: u32) !void {
    try secrets.sleep(short);
    try expect(try wake(handle));
    try expect_bytes(handle, 1024, 1);
    try secrets.sleep(handle);
    _ = try wake(short);
}

test "a secret that cannot be made leaves no entry, and none is made at the process's end" {
    var cause: Cause = .{};
    try start_sealing();
    for ([_]bool{ false, true }) |seals| {
        const pool = try pool_of(lowest, seals, 0);
        const kept = try make(pool, 32, 1);
        const allocated = counters.vars().allocated.get();
        const entries_before = entries.length();
        for (0..3000) |_| {
            seam.arm(1, 12, 1);
            const result = secrets.create(&cause, pool, 32, 0, &.random);
            seam.arm(0, 0, 0);
            if (result) |_| return error.NothingFailed else |_| {}
        }
        try expect(entries.length() < entries_before + 2000);
        try expectEqual(allocated, counters.vars().allocated.get());
        try end(try make(pool, 32, 1));
        try expectEqual(allocated + 1, counters.vars().allocated.get());
        secret.vars().ended.store(true, .seq_cst);
        const result = secrets.create(&cause, pool, 32, 0, &.random);
        secret.vars().ended.store(false, .seq_cst);
        try expectError(error.Closed, result);
        try end(kept);
        try close(pool);
    }
}

test "a page that a purge could not wipe is dropped, and its secrets end all the same" {
    var cause: Cause = .{};
    for (1..24) |k| {
        const trio: Trio = try .make_in(lowest, 1000);
        const page = slot_of(trio.rest[0]).page;
        const long = try make(trio.pool, 5000, 1);
        _ = try wake(long);
        seam.arm(@intCast(k), 12, 1);
        _ = secret.purge(&cause) catch {};
        seam.arm(0, 0, 0);
        const dropped = page.record.dropped;
        const record = page.record;
        for (trio.rest[0..trio.count]) |handle| try end(handle);
        try end(long);
        try close(trio.pool);
        // Its address is not used again.
        if (dropped) try expectEqual(@as(usize, 0), record.base);
    }
}

test "who sleeps and wakes is counted on the page" {
    const pool = try pool_of(lowest, false, 0);
    const handle = try make(pool, 32, 1);
    const page = pages_of(handle);
    try expectEqual(@as(u32, 1), page.idle);
    _ = try wake(handle);
    try expectEqual(@as(u32, 0), page.idle);
    try secrets.sleep(handle);
    try expectEqual(@as(u32, 1), page.idle);
    const other = try make(pool, 32, 2);
    try end(handle);
    try expectEqual(@as(u32, 1), page.idle);
    try end(other);
    try close(pool);
}

fn pages_of(handle: u32) *pages.Page {
    return slot_of(handle).page;
}

test "there are so many pools and no more" {
    const pool = try pool_of(lowest, false, 0);
    const count = pools.vars().count.load(.monotonic);
    const unused = pools.vars().unused;
    pools.vars().count.store(65535, .monotonic);
    pools.vars().unused = 0;
    const refused = pool_of(lowest, false, 0);
    pools.vars().count.store(count, .monotonic);
    pools.vars().unused = unused;
    try expectError(error.TooManySecrets, refused);
    try close(pool);
}

test "the end of the process wipes pages of pools, and nothing on them opens any more" {
    if (@import("os.zig").ending.alone) return error.SkipZigTest;
    var cause: Cause = .{};
    ending.arm();
    const trio: Trio = try .make_in(lowest, 32);
    const record = slot_of(trio.handles[0]).page.record;
    const word = found_of(trio.pool).word;
    const in_use = counters.vars().in_use.get();
    try secret.open(&cause, trio.handles[0], .read);
    ending.run();
    secret.vars().ended.store(false, .seq_cst);
    try expect(found_of(trio.pool).word != word);
    try expectEqual(in_use, counters.vars().in_use.get());
    for (record.unit()) |byte| try expectEqual(@as(u8, 0), byte);
    try secret.close(&cause, trio.handles[0]);
    try expectError(error.Closed, secret.open(&cause, trio.handles[1], .read));
    try trio.finish();
}

test "a window that cannot be opened is not counted, and what was dropped is not opened" {
    var cause: Cause = .{};
    const trio: Trio = try .make_in(lowest, 32);
    const record = slot_of(trio.handles[0]).page.record;
    record.dropped = true;
    try expectError(error.Closed, windows.begin(&cause, slot_of(trio.handles[0]).page));
    record.dropped = false;
    const slot = slot_of(trio.handles[0]);
    const windows_before = counters.vars().open_windows.get();
    for ([_]abi.Protection{ .read, .write }) |protection| {
        seam.arm(1, 12, 1);
        const result = secret.open(&cause, trio.handles[0], protection);
        seam.arm(0, 0, 0);
        try expectError(error.ProtectionFailed, result);
    }
    seam.arm(1, 12, 1);
    const wide = secret.open_wide(&cause, trio.handles[0]);
    seam.arm(0, 0, 0);
    try expectError(error.ProtectionFailed, wide);
    try expect(!slot.is_open());
    try expectEqual(@as(u32, 0), slot.page.readers + slot.page.writers + slot.page.shared);
    try expectEqual(windows_before, counters.vars().open_windows.get());
    try trio.finish();
}

test "only a limit makes room; any other failure is what it is" {
    try start_sealing();
    const pool = try pool_of(lowest, true, 0);
    const first = try make(pool, 1024, 1);
    _ = try wake(first);
    try secrets.sleep(first);
    const second = try make(pool, 5000, 2);
    for (1..20) |k| {
        // EIO.
        seam.arm(@intCast(k), 5, 1);
        const result = wake(second);
        seam.arm(0, 0, 0);
        try expect(is_hot(first));
        if (result) |_| try secrets.sleep(second) else |_| {}
    }
    try end(first);
    try end(second);
    try close(pool);
}

test "a kept page that was purged goes" {
    var cause: Cause = .{};
    const pool = try pool_of(lowest, false, 0);
    try end(try make(pool, 32, 1));
    try expectEqual(@as(u64, 1), try number(pool, .pages));
    _ = try secret.purge(&cause);
    const next = try make(pool, 32, 1);
    try expectEqual(@as(u64, 1), try number(pool, .pages));
    try end(next);
    try expectEqual(@as(u64, 1), try number(pool, .pages));
    try close(pool);
}
