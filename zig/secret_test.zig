//! The life of a secret on real pages: what the kernel says of them, and what is left
//! when any system call fails.

const std = @import("std");
const abi = @import("abi.zig");
const canary = @import("canary.zig");
const counters = @import("counters.zig");
const gate = @import("gate.zig");
const keys = @import("keys.zig");
const process = @import("process.zig");
const rungs = @import("rungs.zig");
const seal = @import("seal.zig");
const sealing_key = @import("seal/key.zig");
const secret = @import("secret.zig");
const seam = @import("seam.zig");
const store = @import("store.zig");
const table = @import("table.zig");
const builtin = @import("builtin");
const layout = @import("layout.zig");
const os = @import("os.zig").current;
const Cause = abi.Cause;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectError = std.testing.expectError;

/// The lowest rungs, which every host has: calls can be counted here.
pub const lowest = abi.flag_locked | abi.flag_mprotect;
const shape_32: secret.Shape = .{ .length = 32, .alignment = 16, .flags = lowest };

/// Calls that make a closed page writable: mprotect; VirtualProtect, VirtualLock and
/// CryptUnprotectMemory.
const calls_to_open = if (builtin.target.os.tag == .windows) 3 else 1;

/// Every store with every gate.
pub const all_rungs = [_]u32{
    lowest,
    abi.flag_secretmem | abi.flag_mprotect,
    abi.flag_locked | abi.flag_pkey,
    abi.flag_secretmem | abi.flag_pkey,
};

/// Whether this host has the rungs; those that it lacks are tested elsewhere.
pub fn has(flags: u32) !bool {
    var cause: Cause = .{};
    const page_size = (try process.get(&cause)).page_size;
    if (flags & abi.flag_secretmem != 0) rungs.probe(&cause, page_size, .secretmem) catch return false;
    if (flags & abi.flag_pkey != 0) rungs.probe(&cause, page_size, .pkey) catch return false;
    return true;
}

/// A loop over `all_rungs` leaves out what this host lacks; here that is counted and said.
fn expect_rung(flags: u32, name: []const u8) !void {
    if (try has(flags)) return;
    std.debug.print("skipped: {s}: this host lacks it\n", .{name});
    return error.SkipZigTest;
}

/// The call that gives random bytes.
pub const random_step: abi.Step = switch (builtin.target.os.tag) {
    .windows => .ProcessPrng,
    .macos => .getentropy,
    else => .getrandom,
};

test "tests over every rung had the store secretmem" {
    try expect_rung(abi.flag_secretmem, "secretmem");
}

test "tests over every rung had the gate pkey" {
    try expect_rung(abi.flag_pkey, "pkey");
}

fn shape_of(length: u32, flags: u32) secret.Shape {
    return .{ .length = length, .alignment = 16, .flags = flags };
}

fn end(handle: u32) !void {
    var cause: Cause = .{};
    try secret.destroy(&cause, handle);
    try secret.release(&cause, handle);
}

fn record_of(handle: u32) *table.Record {
    const record = table.acquire(handle) catch unreachable;
    record.lock.release();
    return record;
}

/// Opens closed pages to look at them.
fn expect_wiped(record: *const table.Record, bytes: []const u8) !void {
    var cause: Cause = .{};
    try os.open(&cause, record.base, record.span, .read);
    for (bytes) |byte| try expectEqual(@as(u8, 0), byte);
    try os.close(&cause, record.base, record.span);
}

test "a secret holds its bytes, and the source is wiped" {
    var cause: Cause = .{};
    var source: [32]u8 = @splat(0xA5);
    const handle = try secret.create(&cause, shape_32, .{ .bytes = &source });
    try expectEqual(@as([32]u8, @splat(0)), source);

    try secret.open(&cause, handle, .read);
    try expect(try secret.equal_bytes(handle, &@as([32]u8, @splat(0xA5))));
    try secret.close(&cause, handle);
    try end(handle);
}

test "the kernel sees what was promised, in each state, on every rung" {
    var cause: Cause = .{};
    for (all_rungs) |flags| for ([_]u32{ 1, 32, 4096, 4097, 1 << 20, 1_100_000 }) |length| {
        if (!try has(flags)) continue;
        const secretmem = flags & abi.flag_secretmem != 0;
        const handle = try secret.create(&cause, shape_of(length, flags), .random);
        errdefer end(handle) catch {};
        for ([_]abi.Protection{ .none, .read, .none, .write, .none }) |protection| {
            if (protection == .none) {
                try secret.close(&cause, handle);
            } else {
                try secret.open(&cause, handle, protection);
            }
            const status = try secret.status(&cause, handle);
            try expectEqual(protection, status.protection);
            try expectEqual(if (secretmem) abi.Store.secretmem else .locked, status.store);
            try expect(status.locked);
            try expect(status.guarded);
            // Nobody can refuse it there.
            try expectEqual(builtin.target.os.tag != .windows, status.no_merge);
            try expect(status.no_huge_pages);
            if (builtin.target.os.tag == .linux) {
                try expect(status.no_dump);
                try expectEqual(secretmem, status.absent_on_fork);
                try expectEqual(!secretmem, status.wipe_on_fork);
                try expectEqual(can_seal(), status.guards_sealed);
            }
            if (flags & abi.flag_pkey != 0) {
                try expect(status.pkey != 0);
                try expectEqual(abi.Gate.pkey, status.gate);
            } else {
                try expectEqual(@as(u4, 0), status.pkey);
                try expectEqual(abi.Gate.mprotect, status.gate);
            }
        }
        try end(handle);
    };
}

fn can_seal() bool {
    var cause: Cause = .{};
    rungs.probe(&cause, 4096, .seal) catch return false;
    return true;
}

test "a guard can be neither opened nor unmapped, where the kernel can seal it" {
    if (!can_seal()) return error.SkipZigTest;
    var cause: Cause = .{};
    const page = (try process.get(&cause)).page_size;
    for ([_]u32{ 32, 3 * 65536 }) |length| {
        const handle = try secret.create(&cause, shape_of(length, lowest), .zeros);
        const record = record_of(handle);
        for ([_]usize{ record.base - page, record.base + record.span }) |guard| {
            try expectError(error.SystemCall, os.open(&cause, guard, page, .read));
            try expectError(error.SystemCall, os.unreserve(&cause, guard, page));
            try expectError(error.SystemCall, os.replace(&cause, guard, page));
            try expectEqual(@as(u16, 1), cause.errno); // EPERM
        }
        try end(handle);
    }
}

test "address space of large secrets is used again by those of their size" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const first = try secret.create(&cause, shape_of(700_000, flags), .random);
        const address = secret.address(first);
        const arenas = counters.vars().arenas.get();
        const locked = counters.vars().locked_bytes.get();
        try end(first);
        try expect(counters.vars().locked_bytes.get() < locked);
        for (0..20) |_| {
            const next = try secret.create(&cause, shape_of(700_000, flags), .random);
            try expectEqual(address, secret.address(next));
            try expectEqual(arenas, counters.vars().arenas.get());
            try expectEqual(locked, counters.vars().locked_bytes.get());
            try end(next);
        }
    }
}

test "pages are not merged with equal ones, even where the process asked for that" {
    if (builtin.target.os.tag != .linux) return error.SkipZigTest;
    const linux = std.os.linux;
    // PR_SET_MEMORY_MERGE, prctl(2): new mappings become mergeable. Linux 6.4, with KSM.
    const set_memory_merge = 67;
    if (linux.errno(linux.prctl(set_memory_merge, 1, 0, 0, 0)) != .SUCCESS) return error.SkipZigTest;
    defer _ = linux.prctl(set_memory_merge, 0, 0, 0, 0);
    var cause: Cause = .{};
    // Too long for a page of an arena, so its mapping is new.
    const handle = try secret.create(&cause, shape_of(70_000, lowest), .zeros);
    try expect((try secret.status(&cause, handle)).no_merge);
    try end(handle);
}

test "a handle that is stale, forged or used twice is an error" {
    var cause: Cause = .{};
    const handle = try secret.create(&cause, shape_32, .zeros);
    try secret.destroy(&cause, handle);
    try expectError(error.Closed, secret.destroy(&cause, handle));
    try expectError(error.Closed, secret.open(&cause, handle, .read));
    try expectError(error.Closed, secret.close(&cause, handle));
    try secret.release(&cause, handle);
    try expectError(error.Closed, secret.release(&cause, handle));
    for ([_]u32{ 0, 1, handle ^ (1 << 20), 0xFFFF_FFFF, 0x7FFF_FFFF }) |forged| {
        try expectError(error.Closed, secret.open(&cause, forged, .read));
        try expectError(error.Closed, secret.destroy(&cause, forged));
        try expectEqual(@as(usize, 0), secret.address(forged));
        try expectEqual(@as(u32, 0), secret.length(forged));
    }
}

test "a handle does not fit the next secret on the same page" {
    var cause: Cause = .{};
    const stale = try secret.create(&cause, shape_32, .zeros);
    try end(stale);
    for (0..5000) |_| {
        const handle = try secret.create(&cause, shape_32, .zeros);
        const same_page = layout.index_of(handle) == layout.index_of(stale);
        try expectError(error.Closed, secret.open(&cause, stale, .read));
        try expectError(error.Closed, secret.destroy(&cause, stale));
        try end(handle);
        if (same_page) return;
    }
    return error.PageWasNeverUsedAgain;
}

test "every handle is new, also when a page is used again" {
    var cause: Cause = .{};
    var last: u32 = 0;
    for (0..5000) |_| {
        const handle = try secret.create(&cause, shape_32, .zeros);
        try expect(handle != last);
        last = handle;
        try end(handle);
        try expectError(error.Closed, secret.open(&cause, handle, .read));
    }
}

test "shapes that make no sense are refused" {
    var cause: Cause = .{};
    const wrong = [_]secret.Shape{
        .{ .length = 0, .alignment = 16, .flags = 0 },
        .{ .length = 32, .alignment = 16, .flags = abi.flag_locked | abi.flag_secretmem },
        .{ .length = 32, .alignment = 16, .flags = abi.flag_pkey | abi.flag_mprotect },
        .{ .length = 32, .alignment = 0, .flags = 0 },
        .{ .length = 32, .alignment = 8, .flags = 0 },
        .{ .length = 32, .alignment = 24, .flags = 0 },
        .{ .length = 32, .alignment = 1 << 17, .flags = 0 },
        .{ .length = 32, .alignment = 16, .flags = abi.flags_all + 1 },
    };
    for (wrong) |shape| try expectError(error.InvalidArgument, secret.create(&cause, shape, .zeros));
}

test "a byte written beside the payload is found when the secret is closed" {
    var cause: Cause = .{};
    for ([_]bool{ true, false }) |front| {
        const handle = try secret.create(&cause, shape_of(30, lowest), .random);
        try secret.open(&cause, handle, .write);
        const record = record_of(handle);
        const payload = record.payload();
        if (front) (payload.ptr - 1)[0] +%= 1 else payload.ptr[payload.len] +%= 1;
        try expectError(error.Corrupted, secret.destroy(&cause, handle));
        // Wiped all the same, and the page can be used again.
        try expect_wiped(record, record.unit());
        try secret.release(&cause, handle);
    }
}

test "destroying wipes every byte of the page, on every rung" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const handle = try secret.create(&cause, shape_of(32, flags), .random);
        const record = record_of(handle);
        try secret.destroy(&cause, handle);
        try expectEqual(table.Access.none, record.access);
        try expect(record.slot == null);
        try expect_wiped(record, record.unit());
        try secret.release(&cause, handle);
    }
}

test "a copy needs an open window, and is independent" {
    var cause: Cause = .{};
    const handle = try secret.create(&cause, shape_32, .random);
    try expectError(error.NotOpen, secret.copy(&cause, handle, null, 16, lowest));
    try secret.open(&cause, handle, .read);
    const copied = try secret.copy(&cause, handle, null, 64, lowest);
    try secret.open(&cause, copied, .read);
    try expect(try secret.equal(handle, copied));
    try end(handle);
    try expectError(error.Closed, secret.equal(handle, copied));
    try expect(try secret.equal(copied, copied));
    try end(copied);
}

test "purge wipes open and closed secrets, and opens no window again, on every rung" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const closed = try secret.create(&cause, shape_of(32, flags), .random);
        const opened = try secret.create(&cause, shape_of(32, flags), .random);
        const wide = try secret.create(&cause, shape_of(32, flags), .random);
        try secret.open(&cause, opened, .read);
        try secret.open_wide(&cause, wide);
        const before = secret.vars().purges;
        try expectEqual(@as(u32, 3), try secret.purge(&cause));
        try expect(secret.vars().purges != before);
        // The windows that were open still read, zeros now.
        for (record_of(opened).payload()) |byte| try expectEqual(@as(u8, 0), byte);
        for (record_of(wide).payload()) |byte| try expectEqual(@as(u8, 0), byte);
        for ([_]u32{ closed, opened, wide }) |handle| {
            try expectError(error.Closed, secret.open(&cause, handle, .read));
            try expectError(error.Closed, secret.open_wide(&cause, handle));
        }
        try secret.close(&cause, opened);
        try secret.close_wide(&cause, wide);
        try expectEqual(@as(u32, 0), try secret.purge(&cause));
        for ([_]u32{ closed, opened, wide }) |handle| try end(handle);
    }
}

test "what a writer writes after a purge is wiped when its window closes" {
    var cause: Cause = .{};
    for (all_rungs) |flags| {
        if (!try has(flags)) continue;
        const handle = try secret.create(&cause, shape_of(32, flags), .random);
        const record = record_of(handle);
        try secret.open(&cause, handle, .write);
        _ = try secret.purge(&cause);
        @memset(record.payload(), 0xA7);
        try secret.close(&cause, handle);
        const opening = try gate.begin(&cause, record);
        for (record.payload()) |byte| try expectEqual(@as(u8, 0), byte);
        try gate.end(&cause, record, opening);
        try end(handle);
    }
}

test "a page that cannot be given up is not counted as resting for ever" {
    var cause: Cause = .{};
    const handle = try secret.create(&cause, shape_32, .zeros);
    const resting = counters.vars().pages_resting.get();
    try secret.destroy(&cause, handle);
    seam.arm(1, 12, 1);
    try expectError(error.ProtectionFailed, secret.retire(&cause, handle));
    seam.arm(0, 0, 0);
    try expectEqual(resting, counters.vars().pages_resting.get());
    try expectError(error.Closed, secret.retire(&cause, handle));
}

test "a retired page gives its lock back, and its address is not used again" {
    var cause: Cause = .{};
    const handle = try secret.create(&cause, shape_32, .random);
    const address = secret.address(handle);
    const locked = counters.vars().locked_bytes.get();
    try secret.destroy(&cause, handle);
    try secret.retire(&cause, handle);
    const page = (try @import("process.zig").get(&cause)).page_size;
    try expectEqual(locked - page, counters.vars().locked_bytes.get());
    for (0..300) |_| {
        const other = try secret.create(&cause, shape_32, .zeros);
        try expect(secret.address(other) != address);
        try end(other);
    }
}

test "no window is counted twice" {
    var cause: Cause = .{};
    const before = counters.vars().open_windows.get();
    const handle = try secret.create(&cause, shape_32, .zeros);
    try secret.open(&cause, handle, .read);
    try secret.open(&cause, handle, .write);
    try expectEqual(before + 1, counters.vars().open_windows.get());
    try secret.close(&cause, handle);
    try secret.close(&cause, handle);
    try expectEqual(before, counters.vars().open_windows.get());
    try secret.open(&cause, handle, .read);
    try end(handle);
    try expectEqual(before, counters.vars().open_windows.get());
}

test "a secret that cannot be overwritten loses its memory instead" {
    var cause: Cause = .{};
    const handle = try secret.create(&cause, shape_32, .random);
    const record = record_of(handle);
    const retired = counters.vars().pages_retired.get();
    seam.arm(1, 12, 1);
    try expectError(error.ProtectionFailed, secret.destroy(&cause, handle));
    seam.arm(0, 0, 0);
    try expect(record.dropped);
    try expectEqual(retired + 1, counters.vars().pages_retired.get());
    try secret.release(&cause, handle);
}

test "a page that cannot be closed after a failed creation is given up, not left open" {
    var cause: Cause = .{};
    const retired = counters.vars().pages_retired.get();
    const free = store.free_count();
    // Open works; the two attempts to close do not; replacing the page does.
    seam.arm(calls_to_open + 1, 12, 2);
    try expectError(error.ProtectionFailed, secret.create(&cause, shape_32, .zeros));
    seam.arm(0, 0, 0);
    try expectEqual(retired + 1, counters.vars().pages_retired.get());
    try expectEqual(free - 1, store.free_count());
}

// Fault injection: for every k, the k-th system call fails.

const Operation = enum { create, create_region, window, wide_window, destroy, destroy_region };

/// Runs one operation with the k-th call failing. Returns false once k is beyond its calls.
fn fail_kth(operation: Operation, flags: u32, k: u32, errno: u16) !bool {
    var cause: Cause = .{};
    const length: u32 = switch (operation) {
        .create_region, .destroy_region => 3 * 65536,
        else => 32,
    };
    const shape = shape_of(length, flags);
    const in_use = counters.vars().in_use.get();
    const windows = counters.vars().open_windows.get();
    switch (operation) {
        .create, .create_region => {
            const source = try std.testing.allocator.alloc(u8, length);
            defer std.testing.allocator.free(source);
            @memset(source, 0xC3);
            seam.arm(k, errno, 1);
            const result = secret.create(&cause, shape, .{ .bytes = source });
            const calls = seam.count(.none);
            seam.arm(0, 0, 0);
            if (result) |handle| {
                try end(handle);
            } else |err| {
                try expect(err == error.AllocationFailed or err == error.LockLimit or err == error.ProtectionFailed);
                try expectEqual(errno, cause.errno);
                try expect(cause.step != .none);
                for (source) |byte| try expectEqual(@as(u8, 0xC3), byte);
            }
            try expectEqual(in_use, counters.vars().in_use.get());
            return k <= calls;
        },
        .window, .wide_window => {
            const handle = try secret.create(&cause, shape, .random);
            seam.arm(k, errno, 1);
            const opened = if (operation == .window) secret.open(&cause, handle, .read) else secret.open_wide(&cause, handle);
            const closed = if (operation == .window) secret.close(&cause, handle) else secret.close_wide(&cause, handle);
            const calls = seam.count(.none);
            seam.arm(0, 0, 0);
            if (opened) {} else |err| try expectEqual(error.ProtectionFailed, err);
            if (closed) {} else |err| {
                // The caller's duty then is to destroy it; that works.
                try expectEqual(error.ProtectionFailed, err);
                try expectEqual(errno, cause.errno);
            }
            try end(handle);
            try expectEqual(windows, counters.vars().open_windows.get());
            return k <= calls;
        },
        .destroy, .destroy_region => {
            const handle = try secret.create(&cause, shape, .random);
            const record = record_of(handle);
            seam.arm(k, errno, 1);
            const result = secret.destroy(&cause, handle);
            const calls = seam.count(.none);
            seam.arm(0, 0, 0);
            if (result) {} else |err| try expectEqual(error.ProtectionFailed, err);
            // Whatever failed: not readable, and nothing of it is left.
            try expectEqual(table.Access.none, record.access);
            try expect(record.slot == null);
            // A unit whose memory was dropped is one with its guards, and has no line of its own.
            if (os.region(&cause, record.base, record.span)) |found| {
                try expectEqual(abi.Protection.none, found.protection);
            } else |_| try expect(record.dropped);
            secret.release(&cause, handle) catch {};
            try expectEqual(in_use, counters.vars().in_use.get());
            return k <= calls;
        },
    }
}

// A creation that has to make an arena first: the queue of free pages is emptied.
test "Windows's error reporting is told of each reservation once: it takes 512" {
    if (builtin.target.os.tag != .windows) return error.SkipZigTest;
    var cause: Cause = .{};
    // Of a size that no other test has, so that its address space is new.
    const shape = shape_of(20_000, lowest);
    for (0..3) |round| {
        seam.arm(0, 0, 0);
        const handle = try secret.create(&cause, shape, .zeros);
        try end(handle);
        try expectEqual(@as(u32, if (round == 0) 1 else 0), seam.count(.WerRegisterExcludedMemoryBlock));
    }
}

test "pages are locked where there is no mlock2, too, and nothing is left open if they cannot be" {
    if (builtin.target.os.tag != .linux) return error.SkipZigTest;
    var cause: Cause = .{};
    const page_size = (try process.get(&cause)).page_size;
    const enosys = 38;
    // Failing calls: mlock2 alone, and up to the last one that closes the page again.
    for ([_]u32{ 1, 2, 3, 4 }) |k| {
        const base = try os.reserve(&cause, 3 * page_size);
        defer os.unreserve(&cause, base, 3 * page_size) catch {};
        const page = base + page_size;
        seam.arm(1, enosys, 1);
        if (k > 1) seam.arm_second(k - 1, 12);
        const result = os.settle(&cause, page, page_size, true);
        const locks = seam.count(.mlock);
        seam.arm(0, 0, 0);
        if (k == 1) try result else try expectError(error.SystemCall, result);
        // Told from its guards, the page is one that can be asked for.
        if (k > 1) try os.settle(&cause, page, page_size, false);
        const region = try os.region(&cause, page, page_size);
        try expectEqual(abi.Protection.none, region.protection);
        try expectEqual(k == 1, region.locked);
        try expectEqual(@as(u32, if (k == 2) 1 else 2), locks);
    }
}

test "for every k, failing the k-th call that makes an arena leaves none behind" {
    var cause: Cause = .{};
    var held: [4096]u32 = undefined;
    // Reserving, reading the limit, four marks, and some of the locks; the rest are alike.
    for (1..12) |k| for ([_]u16{ 12, 1, 13 }) |errno| {
        var count: usize = 0;
        while (store.free_count_of(.locked) > 0) : (count += 1) held[count] = try secret.create(&cause, shape_32, .zeros);
        const locked = counters.vars().locked_bytes.get();
        const arenas = counters.vars().arenas.get();
        var source: [32]u8 = @splat(0xC3);
        seam.arm(@intCast(k), errno, 1);
        const result = secret.create(&cause, shape_32, .{ .bytes = &source });
        seam.arm(0, 0, 0);
        if (result) |handle| {
            try end(handle);
        } else |err| {
            try expect(err == error.AllocationFailed or err == error.LockLimit or err == error.ProtectionFailed);
            try expectEqual(errno, cause.errno);
            try expectEqual(@as([32]u8, @splat(0xC3)), source);
            // Either no arena at all, or a whole one whose first page could not be opened.
            const made = counters.vars().arenas.get() - arenas;
            try expect(made == 1 or counters.vars().locked_bytes.get() == locked);
            try expect(made == 1 or store.free_count_of(.locked) == 0);
        }
        for (held[0..count]) |handle| try end(handle);
        cause = .{};
    };
}

test "a creation whose random bytes fail leaves nothing" {
    var cause: Cause = .{};
    const in_use = counters.vars().in_use.get();
    const free = store.free_count();
    // The calls of a random creation: mprotect, getrandom, mprotect.
    seam.arm(calls_to_open + 1, 38, 1);
    try expectError(error.RandomFailed, secret.create(&cause, shape_32, .random));
    seam.arm(0, 0, 0);
    try expectEqual(random_step, cause.step);
    try expectEqual(in_use, counters.vars().in_use.get());
    try expectEqual(free, store.free_count());
}

test "a creation that fails after its bytes were written leaves none of them" {
    var cause: Cause = .{};
    var source: [32]u8 = @splat(0xC3);
    // The calls of a creation: open, close. The second fails; the one that undoes it works.
    seam.arm(2, 12, 1);
    try expectError(error.ProtectionFailed, secret.create(&cause, shape_32, .{ .bytes = &source }));
    seam.arm(0, 0, 0);
    var pages: u32 = 0;
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)).?;
        if (record.state != .free or record.kind != .page or record.base == 0) continue;
        // Random bytes may be any.
        if (sealing_key.has(record)) continue;
        pages += 1;
        try os.open(&cause, record.base, record.span, .read);
        try expect(std.mem.findScalar(u8, record.unit(), 0xC3) == null);
        try os.close(&cause, record.base, record.span);
    }
    try expect(pages > 0);
}

test "a region that could not be locked again is there for the next secret" {
    var cause: Cause = .{};
    const page_size = (try process.get(&cause)).page_size;
    const shape: secret.Shape = .{ .length = @intCast(5 * page_size), .alignment = 16, .flags = abi.flag_locked };
    const handle = try secret.create(&cause, shape, .zeros);
    const address = record_of(handle).base;
    try end(handle);
    const arenas = counters.vars().arenas.get();
    seam.arm(1, 12, 1);
    try std.testing.expect(std.meta.isError(secret.create(&cause, shape, .zeros)));
    seam.arm(0, 0, 0);
    const next = try secret.create(&cause, shape, .zeros);
    try expectEqual(address, record_of(next).base);
    try expectEqual(arenas, counters.vars().arenas.get());
    try end(next);
}

test "the probe of mprotect opens a page and closes it" {
    if (builtin.os.tag != .linux) return error.SkipZigTest;
    var cause: Cause = .{};
    const page_size = (try process.get(&cause)).page_size;
    seam.arm(0, 0, 0);
    try rungs.probe(&cause, page_size, .mprotect);
    // A host may refuse either.
    try expectEqual(@as(u32, 2), seam.count(.mprotect));
}

test "a purge that cannot open a page to wipe it takes the page away" {
    var cause: Cause = .{};
    var source: [32]u8 = @splat(0xC5);
    const handle = try secret.create(&cause, shape_32, .{ .bytes = &source });
    const record = record_of(handle);
    const address = record.base;
    // The key that other tests have sealed with would be wiped first.
    seal.forget_key();
    seam.arm(1, 12, 1);
    try expectError(error.ProtectionFailed, secret.purge(&cause));
    seam.arm(0, 0, 0);
    try expect(record.dropped);
    if (builtin.os.tag == .linux) {
        // The pages may be sealed: what is there now is read past their protection.
        const linux = std.os.linux;
        const memory = linux.open("/proc/self/mem", .{}, 0);
        defer _ = linux.close(@intCast(memory));
        var seen: [32]u8 = undefined;
        const here = @intFromPtr(record.payload().ptr);
        try expect(here >= address and here < address + record.span);
        const count = linux.pread(@intCast(memory), &seen, seen.len, @intCast(here));
        try expectEqual(@as(usize, seen.len), count);
        try expect(std.mem.allEqual(u8, &seen, 0));
    }
    try end(handle);
}

test "for every k, failing the k-th system call leaves nothing half done" {
    for (all_rungs) |flags| for (std.enums.values(Operation)) |operation| {
        if (!try has(flags)) continue;
        for ([_]u16{ 12, 1, 13 }) |errno| {
            var k: u32 = 1;
            while (try fail_kth(operation, flags, k, errno)) : (k += 1) {
                try expect(k < 100_000);
            }
            try expect(k > 1);
        }
    };
}
