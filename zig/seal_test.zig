//! Sealing and enclaves, with the crypto library's functions as they ship.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const counters = @import("counters.zig");
const enclave = @import("enclave.zig");
const ending = @import("ending.zig");
const entries = @import("entries.zig");
const gate = @import("gate.zig");
const key = @import("seal/key.zig");
const keys = @import("keys.zig");
const nonces = @import("seal/nonces.zig");
const os_layer = @import("os.zig");
const rekeying = @import("seal/rekey.zig");
const seal = @import("seal.zig");
const seam = @import("seam.zig");
const random_step = @import("secret_test.zig").random_step;
const secret = @import("secret.zig");
const Cause = abi.Cause;
const Entry = entries.Entry;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectEqualSlices = std.testing.expectEqualSlices;
const expectError = std.testing.expectError;

extern fn securememory_crypto_sealer(out: ?[*]f64, count: f64) i32;

fn start() !void {
    var address: f64 = 0;
    try expectEqual(@as(i32, 1), securememory_crypto_sealer(@ptrCast(&address), 1));
    try seal.use(@trunc(address));
}

fn fill(bytes: []u8, seed: u8) void {
    for (bytes, 0..) |*byte, index| byte.* = @truncate(seed +% index *% 31 +% index / 256);
}

/// An entry that is live, with its lock held.
fn entry_of(bytes: []const u8) !struct { *Entry, u32 } {
    var cause: Cause = .{};
    const index = try entries.take(&cause, 7, @intCast(bytes.len), 0);
    const entry = entries.at(index).?;
    entry.state = .live;
    errdefer end(entry, index);
    try seal.put(&cause, entry, index, bytes);
    return .{ entry, index };
}

fn end(entry: *Entry, index: u32) void {
    seal.drop(entry);
    entries.give(index);
    entry.lock.release();
}

fn box_of(entry: *const Entry) []u8 {
    return @as([*]u8, @ptrFromInt(entry.box))[0 .. entry.length + 16];
}

var plain: [70_000]u8 = undefined;
var opened: [70_000]u8 = undefined;

test "what is sealed opens again, in every length" {
    try start();
    var cause: Cause = .{};
    fill(&plain, 3);
    var length: usize = 1;
    while (length <= plain.len) : (length += if (length < 1100) 1 else length / 3) {
        const before = counters.vars().sealed_bytes.get();
        const entry, const index = try entry_of(plain[0..length]);
        defer end(entry, index);
        try expect(counters.vars().sealed_bytes.get() > before + length);
        try expect(std.mem.find(u8, box_of(entry), plain[0..@min(length, 16)]) == null or length < 4);
        @memset(opened[0..length], 0);
        try seal.get(&cause, entry, index, opened[0..length]);
        try expectEqualSlices(u8, plain[0..length], opened[0..length]);
        // Again, into the same box, with another nonce.
        const nonce = entry.nonce;
        const box = entry.box;
        try seal.put(&cause, entry, index, plain[0..length]);
        try expectEqual(box, entry.box);
        try expect(!std.mem.eql(u8, &nonce, &entry.nonce));
        try seal.get(&cause, entry, index, opened[0..length]);
        try expectEqualSlices(u8, plain[0..length], opened[0..length]);
    }
}

test "an enclave: from bytes, into a secret, lent, closed" {
    try start();
    var cause: Cause = .{};
    var source: [32]u8 = undefined;
    fill(&source, 9);
    const copy = source;
    const handle = try enclave.create(&cause, .{ .bytes = &source }, 5);
    try expect(std.mem.allEqual(u8, &source, 0));
    try expectEqual(@as(u32, 32), enclave.length_of(handle));
    const made = try enclave.open(&cause, handle, 16, 0);
    try secret.open(&cause, made, .read);
    try expect(try secret.equal_bytes(made, &copy));
    const second = try enclave.create(&cause, .{ .secret = made }, 5);
    try secret.close(&cause, made);
    const scratch = try secret.create(&cause, .{ .length = 4096, .alignment = 16, .flags = 0 }, .zeros);
    for (0..3) |_| {
        try expectEqual(@as(u32, 32), try enclave.lend(&cause, second, scratch));
        const place = @as([*]u8, @ptrFromInt(secret.address(scratch)))[0..64];
        try expectEqualSlices(u8, &copy, place[0..32]);
        try expectError(error.InvalidArgument, enclave.lend(&cause, handle, scratch));
        try enclave.take_back(&cause, scratch);
        try expectEqual(abi.Protection.none, (try secret.status(&cause, scratch)).protection);
        try secret.open(&cause, scratch, .read);
        try expect(std.mem.allEqual(u8, place, 0));
        try secret.close(&cause, scratch);
    }
    try expectError(error.Closed, enclave.close(second, 4));
    try enclave.close(second, 5);
    try enclave.close(handle, null);
    try expectError(error.Closed, enclave.close(handle, null));
    try expectError(error.Closed, enclave.lend(&cause, handle, scratch));
    for ([_]u32{ made, scratch }) |one| {
        try secret.destroy(&cause, one);
        try secret.release(&cause, one);
    }
}

/// The box is refused, and the target is as it was.
fn expect_refused(entry: *const Entry, index: u32, err: abi.Error) !void {
    var cause: Cause = .{};
    const target = opened[0..entry.length];
    @memset(target, 0xEE);
    try expectError(err, seal.get(&cause, entry, index, target));
    try expect(std.mem.allEqual(u8, target, 0xEE));
}

test "a box that was changed is refused, wherever it was" {
    try start();
    var cause: Cause = .{};
    fill(&plain, 5);
    for ([_]usize{ 1, 32, 100 }) |length| {
        const entry, const index = try entry_of(plain[0..length]);
        defer end(entry, index);
        for (box_of(entry)) |*byte| {
            byte.* ^= 0x10;
            try expect_refused(entry, index, error.Corrupted);
            byte.* ^= 0x10;
        }
        for (&entry.nonce) |*byte| {
            byte.* ^= 1;
            try expect_refused(entry, index, error.Corrupted);
            byte.* ^= 1;
        }
        inline for (.{ "domain", "generation", "serial" }) |name| {
            @field(entry, name) +%= 1;
            try expect_refused(entry, index, error.Corrupted);
            @field(entry, name) -%= 1;
        }
        if (length > 1) {
            entry.length -= 1;
            try expect_refused(entry, index, error.Corrupted);
            entry.length += 1;
        }
        // Of a key that is not there.
        entry.key +%= 2;
        try expect_refused(entry, index, error.Closed);
        entry.key -%= 2;
        try seal.get(&cause, entry, index, opened[0..length]);
        try expectEqualSlices(u8, plain[0..length], opened[0..length]);
    }
}

test "another secret's box is refused, and so is an earlier one of the same secret" {
    try start();
    var cause: Cause = .{};
    fill(&plain, 6);
    const first, const first_index = try entry_of(plain[0..32]);
    defer end(first, first_index);
    const second, const second_index = try entry_of(plain[0..32]);
    defer end(second, second_index);
    const kept = first.*;
    // Its nonce comes along, but it is bound to the entry.
    first.box = second.box;
    first.nonce = second.nonce;
    first.serial = second.serial;
    try expect_refused(first, first_index, error.Corrupted);
    first.* = kept;
    var box: [48]u8 = box_of(first)[0..48].*;
    const nonce = first.nonce;
    try seal.get(&cause, first, first_index, opened[0..32]);
    try seal.put(&cause, first, first_index, plain[100..132]);
    std.mem.swap([48]u8, &box, box_of(first)[0..48]);
    const newer = first.nonce;
    first.nonce = nonce;
    try expect_refused(first, first_index, error.Corrupted);
    std.mem.swap([48]u8, &box, box_of(first)[0..48]);
    first.nonce = newer;
    try seal.get(&cause, first, first_index, opened[0..32]);
    try expectEqualSlices(u8, plain[100..132], opened[0..32]);
}

test "without random bytes nothing is sealed, and what was sealed stays" {
    try start();
    var cause: Cause = .{};
    fill(&plain, 7);
    const entry, const index = try entry_of(plain[0..32]);
    defer end(entry, index);
    const sealed = counters.vars().sealed.get();
    const bytes = counters.vars().sealed_bytes.get();
    nonces.discard();
    seam.arm(1, 38, 1);
    try expectError(error.RandomFailed, seal.put(&cause, entry, index, plain[1..33]));
    try expectEqual(random_step, cause.step);
    try seal.get(&cause, entry, index, opened[0..32]);
    try expectEqualSlices(u8, plain[0..32], opened[0..32]);
    seam.arm(1, 38, 1);
    var source: [32]u8 = @splat(0x77);
    try expectError(error.RandomFailed, enclave.create(&cause, .{ .bytes = &source }, 0));
    seam.arm(0, 0, 0);
    // Nothing of it is left, and the source is the caller's as it was.
    try expect(std.mem.allEqual(u8, &source, 0x77));
    try expectEqual(sealed, counters.vars().sealed.get());
    try expectEqual(bytes, counters.vars().sealed_bytes.get());
    // Nor is a key made without any.
    seal.forget_key();
    for (1..40) |k| {
        seam.arm(@intCast(k), 38, 1);
        const result = enclave.create(&cause, .{ .bytes = &source }, 0);
        seam.arm(0, 0, 0);
        if (result) |handle| {
            try enclave.close(handle, null);
            try expect(k > 2);
            break;
        } else |_| {
            try expect(std.mem.allEqual(u8, &source, 0x77));
            try expectEqual(sealed, counters.vars().sealed.get());
        }
    } else return error.TooManyCalls;
}

fn protection_of(half: u1) !abi.Protection {
    var cause: Cause = .{};
    const record = key.half_of(half).?;
    return (try os_layer.current.region(&cause, record.base, record.span)).protection;
}

/// What is on a half's page now.
fn look(half: u1) ![32]u8 {
    return (try reached(half, null))[0..32].*;
}

/// The same, and then fills the whole page if it is told with what.
fn reached(half: u1, with: ?u8) ![32]u8 {
    var cause: Cause = .{};
    const record = key.half_of(half).?;
    record.lock.acquire();
    defer record.lock.release();
    const opening = try gate.begin(&cause, record);
    const found: [32]u8 = record.payload()[0..32].*;
    if (with) |byte| @memset(record.unit(), byte);
    try gate.end(&cause, record, opening);
    return found;
}

/// Nobody reads a half's page, or under keys at least this thread does not.
fn expect_closed(half: u1) !void {
    const record = key.half_of(half).?;
    if (record.access != .keyed) return expectEqual(abi.Protection.none, try protection_of(half));
    try expectEqual(os_layer.pkey.Rights.none, os_layer.pkey.rights(keys.key_of(record)));
}

fn joined(first: [32]u8, second: [32]u8) [32]u8 {
    return @as(@Vector(32, u8), first) ^ @as(@Vector(32, u8), second);
}

fn rest() !void {
    _ = seal.tick();
    try expectEqual(@as(u32, 0), seal.tick());
}

test "the key is on no page: each closing masks both halves anew, and at rest nobody reads them" {
    try start();
    var cause: Cause = .{};
    const entry, const index = try entry_of(plain[0..32]);
    defer end(entry, index);
    const keyed = key.half_of(0).?.gate == .pkey;
    var real: [32]u8 = undefined;
    var unused: entries.Nonce = undefined;
    _ = try key.join(&cause, entry.key, &unused, &real);
    try expect(!std.mem.allEqual(u8, &real, 0));
    var seen: [6][32]u8 = undefined;
    for (0..3) |round| {
        try seal.get(&cause, entry, index, opened[0..32]);
        inline for (.{ 0, 1 }) |half| {
            if (keyed) try expect_closed(half) else try expectEqual(abi.Protection.read, try protection_of(half));
        }
        // Used since the last tick: it stays open.
        try expectEqual(@as(u32, 1), seal.tick());
        if (!keyed) try expectEqual(abi.Protection.read, try protection_of(0));
        try expectEqual(@as(u32, 0), seal.tick());
        inline for (.{ 0, 1 }) |half| {
            try expect_closed(half);
            seen[2 * round + half] = try look(half);
        }
        try expectEqualSlices(u8, &real, &joined(seen[2 * round], seen[2 * round + 1]));
    }
    for (0..seen.len) |one| {
        try expect(!std.mem.eql(u8, &seen[one], &real));
        for (0..one) |other| try expect(!std.mem.eql(u8, &seen[one], &seen[other]));
    }
    // Without random bytes they keep their masks, and close.
    try seal.get(&cause, entry, index, opened[0..32]);
    seam.arm(1, 38, 1);
    try rest();
    try expectEqual(@as(u32, 1), seam.count(random_step));
    seam.arm(0, 0, 0);
    try expect_closed(0);
    try expectEqualSlices(u8, &seen[4], &(try look(0)));
    try seal.get(&cause, entry, index, opened[0..32]);
    // Under keys the pages are at rest as those of secrets are: not while they are used.
    _ = keys.tick(0);
    if (keyed) try expectEqual(.keyed, key.half_of(0).?.access);
    try rest();
    for (0..3) |_| _ = keys.tick(0);
    inline for (.{ 0, 1 }) |half| try expectEqual(abi.Protection.none, try protection_of(half));
}

test "for every k, a closing whose k-th system call fails leaves the key whole" {
    try start();
    var cause: Cause = .{};
    fill(&plain, 8);
    const entry, const index = try entry_of(plain[0..32]);
    defer end(entry, index);
    var k: u32 = 1;
    while (true) : (k += 1) {
        try seal.get(&cause, entry, index, opened[0..32]);
        _ = seal.tick();
        seam.arm(k, 12, 1);
        const open = seal.tick();
        const calls = seam.count(.none);
        seam.arm(0, 0, 0);
        try seal.get(&cause, entry, index, opened[0..32]);
        try expectEqualSlices(u8, plain[0..32], opened[0..32]);
        if (k > calls) {
            try expectEqual(@as(u32, 0), open);
            break;
        }
        try rest();
        try expect_closed(0);
    }
    // Under keys that is its random bytes alone.
    const calls_min: u32 = if (key.half_of(0).?.gate == .mprotect) 4 else 1;
    try expect(k > calls_min);
    // The same where it opens.
    k = 1;
    while (true) : (k += 1) {
        try rest();
        seam.arm(k, 12, 1);
        const result = seal.get(&cause, entry, index, opened[0..32]);
        const calls = seam.count(.none);
        seam.arm(0, 0, 0);
        if (k > calls) {
            try result;
            break;
        }
        try expectError(error.ProtectionFailed, result);
        try seal.get(&cause, entry, index, opened[0..32]);
    }
}

test "a page of the key that was overwritten makes no other key" {
    try start();
    var cause: Cause = .{};
    const entry, const index = try entry_of(plain[0..32]);
    defer end(entry, index);
    try rest();
    _ = try reached(1, 0);
    try expect_refused(entry, index, error.Corrupted);
    var source: [16]u8 = @splat(0x55);
    try expectError(error.Corrupted, enclave.create(&cause, .{ .bytes = &source }, 0));
    try expect(std.mem.allEqual(u8, &source, 0x55));
    // The next key has a page of its own.
    seal.forget_key();
    try seal.put(&cause, entry, index, plain[0..32]);
    try seal.get(&cause, entry, index, opened[0..32]);
}

const Worker = struct {
    failed: ?anyerror = null,

    fn run(worker: *Worker, seed: u8) void {
        worker.work(seed) catch |err| {
            worker.failed = err;
        };
    }

    fn work(_: *Worker, seed: u8) !void {
        var cause: Cause = .{};
        var bytes: [48]u8 = undefined;
        var back: [48]u8 = undefined;
        fill(&bytes, seed);
        const entry, const index = try entry_of(&bytes);
        defer end(entry, index);
        for (0..4000) |round| {
            if (round % 3 == 0) {
                bytes[0] +%= 1;
                try seal.put(&cause, entry, index, &bytes);
            }
            // Where another key comes to it.
            entry.lock.release();
            entry.lock.acquire();
            try seal.get(&cause, entry, index, &back);
            try expectEqualSlices(u8, &bytes, &back);
        }
    }
};

fn in_threads(comptime run: fn (*Worker, u8) void, meanwhile: *const fn () anyerror!void) !void {
    var workers: [4]Worker = @splat(.{});
    var threads: [4]std.Thread = undefined;
    for (&threads, &workers, 0..) |*thread, *worker, seed| {
        thread.* = try std.Thread.spawn(.{}, run, .{ worker, @as(u8, @truncate(seed * 50)) });
    }
    const result = meanwhile();
    for (threads) |thread| thread.join();
    for (workers) |worker| if (worker.failed) |err| return err;
    return result;
}

fn close_and_change() !void {
    var cause: Cause = .{};
    for (0..2000) |round| {
        _ = seal.tick();
        if (round % 50 == 0) _ = try rekeying.rekey(&cause);
        std.Thread.yield() catch {};
    }
}

test "threads seal and open while the key closes under them, and changes" {
    try start();
    try in_threads(Worker.run, &close_and_change);
}

const Owner = struct {
    fn run(worker: *Worker, seed: u8) void {
        own(seed) catch |err| {
            worker.failed = err;
        };
    }

    /// A purge closes what there is, at any moment, and is the only thing that may be in the way.
    fn own(seed: u8) !void {
        var cause: Cause = .{};
        for (0..1000) |_| {
            var source: [32]u8 = @splat(seed);
            const handle = enclave.create(&cause, .{ .bytes = &source }, 0) catch |err| switch (err) {
                error.Closed => continue,
                else => return err,
            };
            if (enclave.open(&cause, handle, 16, 0)) |made| {
                if (secret.open(&cause, made, .read)) {
                    const same = secret.equal_bytes(made, &@as([32]u8, @splat(seed)));
                    const wiped = secret.equal_bytes(made, &@as([32]u8, @splat(0)));
                    try expect((same catch true) or (wiped catch true));
                    try secret.close(&cause, made);
                } else |err| try expectEqual(error.Closed, err);
                try secret.destroy(&cause, made);
                try secret.release(&cause, made);
            } else |err| try expectEqual(error.Closed, err);
            try enclave.close(handle, null);
        }
    }
};

fn purge_often() !void {
    var cause: Cause = .{};
    for (0..300) |_| {
        _ = try secret.purge(&cause);
        for (0..20) |_| std.Thread.yield() catch {};
    }
}

test "a purge at any moment closes enclaves, and makes none of them unreadable" {
    try start();
    const in_use = counters.vars().in_use.get();
    const sealed = counters.vars().sealed.get();
    const bytes = counters.vars().sealed_bytes.get();
    try in_threads(Owner.run, &purge_often);
    try expectEqual(in_use, counters.vars().in_use.get());
    try expectEqual(sealed, counters.vars().sealed.get());
    try expectEqual(bytes, counters.vars().sealed_bytes.get());
}

test "another key for everything" {
    try start();
    var cause: Cause = .{};
    var handles: [20]u32 = undefined;
    fill(&plain, 11);
    for (&handles, 0..) |*handle, index| {
        const length = if (index == 5) 5000 else 20 + index;
        @memcpy(opened[0..length], plain[0..length]);
        handle.* = try enclave.create(&cause, .{ .bytes = opened[0..length] }, 0);
    }
    const lost = entries.at(entries.index_of(handles[7])).?;
    box_of(lost)[3] ^= 1;
    var old: [32]u8 = undefined;
    var unused: entries.Nonce = undefined;
    _ = try key.join(&cause, lost.key, &unused, &old);
    const boxes = counters.vars().sealed.get();
    const bits = lost.key;
    try expectEqual(@as(u32, handles.len - 1), try rekeying.rekey(&cause));
    try expectEqual(boxes, counters.vars().sealed.get());
    try expectError(error.Closed, key.join(&cause, bits, &unused, &old));
    for (handles, 0..) |handle, index| {
        const entry = try entries.acquire(handle);
        defer entry.lock.release();
        if (entry == lost) {
            try expect_refused(entry, entries.index_of(handle), error.Closed);
            continue;
        }
        try expect(entry.key != bits);
        try seal.get(&cause, entry, entries.index_of(handle), opened[0..entry.length]);
        const length: usize = if (index == 5) 5000 else 20 + index;
        try expectEqualSlices(u8, plain[0..length], opened[0..length]);
    }
    // Whatever fails: everything can be opened, and the next call goes on.
    var k: u32 = 1;
    while (true) : (k += 1) {
        seam.arm(k, 12, 1);
        const result = rekeying.rekey(&cause);
        const calls = seam.count(.none);
        seam.arm(0, 0, 0);
        for (handles) |handle| {
            const entry = try entries.acquire(handle);
            defer entry.lock.release();
            if (entry == lost) continue;
            try seal.get(&cause, entry, entries.index_of(handle), opened[0..entry.length]);
            try expectEqualSlices(u8, plain[0..entry.length], opened[0..entry.length]);
        }
        if (k <= calls) continue;
        try expectEqual(@as(u32, handles.len - 1), try result);
        break;
    }
    for (handles) |handle| try enclave.close(handle, null);
    try expectEqual(@as(u32, 0), try rekeying.rekey(&cause));
}

test "a purge wipes enclaves and the key" {
    try start();
    var cause: Cause = .{};
    var source: [32]u8 = undefined;
    fill(&source, 1);
    const handle = try enclave.create(&cause, .{ .bytes = &source }, 0);
    const in_use = counters.vars().in_use.get();
    const box = box_of(entries.at(entries.index_of(handle)).?);
    const halves = [2]*anyopaque{ key.half_of(0).?, key.half_of(1).? };
    try expectEqual(@as(u32, 1), try secret.purge(&cause));
    try expectEqual(in_use - 1, counters.vars().in_use.get());
    try expect(std.mem.allEqual(u8, box[@sizeOf(usize)..], 0));
    for (0..2) |half| {
        try expect_closed(@intCast(half));
        try expect(std.mem.allEqual(u8, &(try look(@intCast(half))), 0));
    }
    try expectEqual(@as(u32, 0), enclave.length_of(handle));
    try expectError(error.Closed, enclave.open(&cause, handle, 16, 0));
    // Its owner closes it as ever, and what is sealed from here on has a key again.
    try enclave.close(handle, null);
    fill(&source, 2);
    const next = try enclave.create(&cause, .{ .bytes = &source }, 0);
    try expectEqual(halves[0], @as(*anyopaque, key.half_of(0).?));
    const made = try enclave.open(&cause, next, 16, 0);
    try secret.destroy(&cause, made);
    try secret.release(&cause, made);
    try enclave.close(next, null);
}

test "the end of the process overwrites the key, whatever other threads do" {
    try start();
    var cause: Cause = .{};
    const entry, const index = try entry_of(plain[0..32]);
    defer end(entry, index);
    var real: [32]u8 = undefined;
    var unused: entries.Nonce = undefined;
    _ = try key.join(&cause, entry.key, &unused, &real);
    const before = [2][32]u8{ try look(0), try look(1) };
    ending.arm();
    ending.run();
    // A thread that still runs joins nothing of what is left, and makes no other key.
    try expect_refused(entry, index, error.Corrupted);
    try expectError(error.Corrupted, seal.put(&cause, entry, index, plain[0..32]));
    seal.forget_key();
    var source: [32]u8 = @splat(1);
    try expectError(error.Closed, enclave.create(&cause, .{ .bytes = &source }, 0));
    secret.vars().ended.store(false, .seq_cst);
    const after = [2][32]u8{ try look(0), try look(1) };
    for (before, after) |one, other| try expect(!std.mem.eql(u8, &one, &other));
    try expect(!std.mem.eql(u8, &real, &joined(after[0], after[1])));
    try seal.put(&cause, entry, index, plain[0..32]);
    try seal.get(&cause, entry, index, opened[0..32]);
}
