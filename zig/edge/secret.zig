//! The life of a secret at the edge: created, opened, closed, destroyed; purged with all others.
//!
//! What holds after every call: the bytes of a secret are plain in the memory only while a window
//! on it is open. Closed, its payload and what is sealed are the same ciphertext. JavaScript counts
//! windows; here the first one opens and the last one closes.
//!
//! A view of JavaScript's can always be written to. So a window for reading is closed by putting the
//! ciphertext back, which drops what was written there, and a window is opened from what is sealed,
//! so that what a stale view wrote outside of one is nowhere either.

const std = @import("std");
const abi = @import("../abi.zig");
const blocks = @import("blocks.zig");
const canary = @import("../canary.zig");
const cipher = @import("cipher.zig");
const compare = @import("../compare.zig");
const counters = @import("../counters.zig");
const invariant = @import("../invariant.zig");
const layout = @import("../layout.zig");
const memory = @import("memory.zig");
const os = @import("../os.zig").current;
const process = @import("../process.zig");
const table = @import("../table.zig");
const wipe = @import("../wipe.zig").wipe;
const Cause = abi.Cause;
const Error = abi.Error;
const Record = table.Record;

/// Moved by every purge.
pub var purges: u32 = 0;

/// Zeros, in a window for writing that is open.
pub fn create(cause: *Cause, shape: blocks.Shape) Error!*Record {
    invariant.vars().wipe_everything = wipe_everything;
    try validate(shape);
    const known = try process.get(cause);
    try cipher.start(cause);
    const record = try blocks.take(cause, shape, .secret);
    table.renew(record);
    record.pattern = canary.pattern(known.canary_key, record.base, record.uses);
    canary.fill(record.before(), record.pattern);
    canary.fill(record.after(), record.pattern);
    record.state = .live;
    counters.vars().allocated.add(1);
    counters.vars().in_use.add(1);
    begin(record, .write);
    return record;
}

fn validate(shape: blocks.Shape) Error!void {
    if (shape.length == 0) return error.InvalidArgument;
    if (shape.alignment < layout.alignment_min) return error.InvalidArgument;
    if (!std.math.isPowerOfTwo(shape.alignment)) return error.InvalidArgument;
    if (shape.alignment > layout.page_size_max) return error.InvalidArgument;
}

pub fn create_random(cause: *Cause, shape: blocks.Shape) Error!u32 {
    const record = try create(cause, shape);
    os.random(cause, record.payload()) catch {
        abandon(record);
        return error.RandomFailed;
    };
    shut(record);
    return record.handle();
}

/// Copies a secret into a new one, whether a window is open or not: for the copy the memory may
/// have to grow.
pub fn copy(cause: *Cause, handle: u32, alignment: u32) Error!u32 {
    const from = try find(handle);
    if (from.state != .live) return error.Closed;
    const made = try create(cause, .{ .length = from.length, .alignment = alignment });
    if (from.access == .none) {
        cipher.open(made.payload(), blocks.sealed(from), from.sealing.nonce);
    } else {
        @memcpy(made.payload(), from.payload());
    }
    shut(made);
    return made.handle();
}

/// Opens the first window.
pub fn open(handle: u32, access: table.Access) Error!void {
    const record = try find(handle);
    if (record.state != .live) return error.Closed;
    if (record.access != .none) return error.InvalidArgument;
    cipher.open(record.payload(), blocks.sealed(record), record.sealing.nonce);
    begin(record, access);
}

/// Opens the first window for reading, unless there is one. Says whether it did.
pub fn open_if_closed(handle: u32) Error!bool {
    const record = try find(handle);
    if (record.state != .live) return error.Closed;
    if (record.access != .none) return false;
    try open(handle, .read);
    return true;
}

/// A secret that was to be made, and is not: nothing is left of it.
pub fn abandon(record: *Record) void {
    destroy(record.handle()) catch {};
}

/// Closes the last window. A secret that was purged meanwhile is closed all the same.
pub fn close(handle: u32) Error!void {
    const record = try find(handle);
    if (record.access == .none) return error.NotOpen;
    shut(record);
}

/// Wipes the secret, whether a window is open or not. An error says that its canaries were damaged.
pub fn destroy(handle: u32) Error!void {
    const record = try find(handle);
    if (record.state == .live) counters.vars().in_use.sub(1);
    if (record.access != .none) end(record);
    const intact = canary.intact(record.before(), record.pattern) and
        canary.intact(record.after(), record.pattern);
    free(record);
    if (!intact) return error.Corrupted;
}

/// Wipes every secret there is. Whoever is in a window reads zeros from here on.
pub fn purge() u32 {
    purges += 1;
    var wiped: u32 = 0;
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)).?;
        if (record.state != .live) continue;
        record.state = .purged;
        counters.vars().in_use.sub(1);
        wipe(record.payload());
        wipe(blocks.sealed(record));
        if (record.access == .none) free(record);
        wiped += 1;
    }
    return wiped;
}

/// Compares two secrets whose windows are open. Different lengths are unequal.
pub fn equal(first: u32, second: u32) Error!bool {
    const one = try find_open(first);
    const other = try find_open(second);
    if (one.length != other.length) return false;
    return compare.equal(one.payload(), other.payload());
}

pub fn equal_bytes(handle: u32, bytes: []const u8) Error!bool {
    const record = try find_open(handle);
    if (record.length != bytes.len) return false;
    return compare.equal(record.payload(), bytes);
}

/// Address of the payload, for a view; 0 if there is none.
pub fn address(handle: u32) usize {
    const record = find(handle) catch return 0;
    return if (record.state == .live) record.base + record.offset else 0;
}

pub fn length(handle: u32) u32 {
    const record = find(handle) catch return 0;
    return if (record.state == .live) record.length else 0;
}

/// Closes the window that a new secret was filled in, or any other.
pub fn shut(record: *Record) void {
    const bytes = record.payload();
    const sealed = blocks.sealed(record);
    if (record.state == .purged) {
        end(record);
        return free(record);
    }
    if (record.access == .write) record.sealing.nonce = cipher.seal(sealed, bytes);
    @memcpy(bytes, sealed);
    end(record);
}

fn begin(record: *Record, access: table.Access) void {
    record.access = access;
    counters.vars().open_windows.add(1);
}

fn end(record: *Record) void {
    record.access = .none;
    counters.vars().open_windows.sub(1);
}

fn free(record: *Record) void {
    record.state = .free;
    table.renew(record);
    blocks.give(record);
}

fn find(handle: u32) Error!*Record {
    const record = try table.acquire(handle);
    record.lock.release();
    return record;
}

/// The record of a secret whose window is open.
pub fn find_open(handle: u32) Error!*Record {
    const record = try find(handle);
    if (record.state != .live) return error.Closed;
    if (record.access == .none) return error.NotOpen;
    return record;
}

fn wipe_everything() void {
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)) orelse return;
        if (record.base == 0 or record.state == .free) continue;
        wipe(record.unit());
        wipe(blocks.sealed(record));
    }
}
