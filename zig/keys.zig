//! Protection keys for the pages in use: there are few keys and many secrets, so keys
//! are a cache of the pages that were used last.
//!
//! Each key belongs to one secret at a time. A window on that secret is then a change
//! of this thread's rights to its key and nothing else: it opens no other secret, and
//! no other thread. A secret that has no key takes a free one, or that of a secret that
//! is not open, whose pages become inaccessible again: two system calls, as much as a
//! window cost without keys. With one key for all secrets, a window on one would open
//! all others of the last moments to this thread.
//!
//! A thread that is started inside a window copies the rights of the thread that starts
//! it, and keeps them. So a page keeps its key only while it is in use: `tick` takes it
//! away from pages that were not opened for a while.

const std = @import("std");
const abi = @import("abi.zig");
const table = @import("table.zig");
const counters = @import("counters.zig");
const invariant = @import("invariant.zig");
const pkey = @import("os.zig").pkey;
const os = @import("os.zig").current;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");
const Record = table.Record;

/// Of the 15 that a process has; V8 takes one, and other libraries may want some.
pub const keys_max = 8;

const Slot = struct {
    key: pkey.Key = 0,
    owner: ?*Record = null,
    /// When a tick last saw that the owner had been opened, in milliseconds.
    seen: u64 = 0,
};

pub const Variables = struct {
    /// Held while keys change hands. A record's lock is taken before it, or only tried.
    lock: Lock = .{},
    slots: [keys_max]Slot = @splat(.{}),
    count: u8 = 0,
    /// 0 before the first: a variable that starts as something else takes room in a file.
    random_state: u32 = 0,
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.keys, &own);
}

/// Takes what keys there are, once. None is ever freed: a page may still carry it.
pub fn start(cause: *abi.Cause) abi.Error!void {
    if (vars().count > 0) return;
    while (vars().count < keys_max) {
        vars().slots[vars().count].key = pkey.alloc(cause) catch {
            if (vars().count > 0) break;
            return error.NoPkey;
        };
        vars().count += 1;
    }
    cause.* = .{};
}

pub fn self_test(cause: *abi.Cause, page_size: usize) abi.Error!void {
    const page = os.reserve(cause, page_size) catch return error.NoPkey;
    defer {
        var ignored: abi.Cause = .{};
        os.unreserve(&ignored, page, page_size) catch {};
    }
    const key = vars().slots[0].key;
    pkey.protect(cause, page, page_size, .write, key) catch return error.NoPkey;
    pkey.self_test(cause, page, key) catch return error.NoPkey;
}

/// The key of a record that has one.
pub fn key_of(record: *const Record) pkey.Key {
    return vars().slots[record.slot.?].key;
}

/// Gives the record a key, if one can be had; its pages are as they were. The record
/// is locked by the caller.
pub fn bind(record: *Record) bool {
    invariant.check(record.slot == null);
    vars().lock.acquire();
    defer vars().lock.release();
    if (vars().count == 0) return false;
    // At random: in turn, a round over one secret more than there are keys would never find its key.
    const first = random() % vars().count;
    for (0..vars().count) |step| {
        const index: u8 = @intCast((first + step) % vars().count);
        if (vars().slots[index].owner == null) return take(index, record);
    }
    for (0..vars().count) |step| {
        const index: u8 = @intCast((first + step) % vars().count);
        if (evict(vars().slots[index].owner.?)) return take(index, record);
    }
    return false;
}

fn take(index: u8, record: *Record) bool {
    invariant.check(vars().slots[index].owner == null);
    vars().slots[index].owner = record;
    record.slot = index;
    record.used = true;
    return true;
}

fn evict(owner: *Record) bool {
    // Whoever has the lock is using the record.
    if (!owner.lock.try_acquire()) return false;
    defer owner.lock.release();
    if (owner.is_open()) return false;
    var ignored: abi.Cause = .{};
    park(&ignored, owner) catch return false;
    return true;
}

/// Makes the pages inaccessible to all and takes their key away. Both locks are held.
fn park(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.access == .keyed) {
        pkey.protect(cause, record.base, record.span, .none, 0) catch return error.ProtectionFailed;
        counters.vars().keyed_pages.sub(1);
        record.access = .none;
    }
    vars().slots[record.slot.?].owner = null;
    record.slot = null;
}

/// The pages of a record without its key any more: inaccessible to all.
pub fn unbind(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.slot == null) return;
    vars().lock.acquire();
    defer vars().lock.release();
    return park(cause, record);
}

/// The same for pages that were replaced, and so have no key.
pub fn forget(record: *Record) void {
    const slot = record.slot orelse return;
    vars().lock.acquire();
    defer vars().lock.release();
    if (record.access == .keyed) counters.vars().keyed_pages.sub(1);
    vars().slots[slot].owner = null;
    record.slot = null;
}

/// The idle rule: parks what was not used for so many milliseconds. Returns how many pages
/// still carry a key; whoever makes ticks can stop at 0. Several threads may make them.
pub fn tick(idle: u64) u32 {
    const now = pkey.milliseconds();
    vars().lock.acquire();
    defer vars().lock.release();
    var keyed: u32 = 0;
    for (vars().slots[0..vars().count]) |*slot| {
        const owner = slot.owner orelse continue;
        keyed += 1;
        if (!owner.lock.try_acquire()) continue;
        defer owner.lock.release();
        if (owner.used or owner.is_open()) {
            owner.used = false;
            slot.seen = now;
            continue;
        }
        if (now -| slot.seen < idle) continue;
        var ignored: abi.Cause = .{};
        park(&ignored, owner) catch continue;
        keyed -= 1;
    }
    return keyed;
}

/// A thread that was started inside a window gives up the rights that it was born with.
pub fn deny_all() void {
    for (vars().slots[0..vars().count]) |slot| pkey.set_rights(slot.key, .none);
}

/// For a process that stops: see `secret.wipe_without_locks`.
pub fn allow_all() void {
    for (vars().slots[0..vars().count]) |slot| pkey.set_rights(slot.key, .write);
}

/// Secrets open to single threads.
pub fn open_count() u64 {
    vars().lock.acquire();
    defer vars().lock.release();
    var open: u64 = 0;
    for (vars().slots[0..vars().count]) |slot| {
        const owner = slot.owner orelse continue;
        // What is open to all, and what is open in a pool, is counted there.
        if (owner.is_open() and !owner.window and owner.pool == null) open += 1;
    }
    return open;
}

pub fn held() u64 {
    return vars().count;
}

/// Marsaglia's xorshift: which key is taken away is no secret.
fn random() u32 {
    var word = if (vars().random_state == 0) 1 else vars().random_state;
    word ^= word << 13;
    word ^= word >> 17;
    word ^= word << 5;
    vars().random_state = word;
    return word;
}
