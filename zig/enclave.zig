//! Enclaves: secrets that are always sealed, and take no page.
//!
//! They are entries of no pool. What is read of one is decrypted into a secret: a new one, or a
//! scratch that its owner lends for one window after the other.

const std = @import("std");
const abi = @import("abi.zig");
const counters = @import("counters.zig");
const ending = @import("ending.zig");
const entries = @import("entries.zig");
const gate = @import("gate.zig");
const layout = @import("layout.zig");
const seal = @import("seal.zig");
const secret = @import("secret.zig");
const table = @import("table.zig");
const wipe = @import("wipe.zig").wipe;
const Cause = abi.Cause;
const Entry = entries.Entry;
const Error = abi.Error;

/// What an enclave is made of.
pub const Source = union(enum) {
    /// A secret whose window is open.
    secret: u32,
    /// Wiped on success.
    bytes: []u8,
};

pub fn create(cause: *Cause, source: Source, epoch: u16) Error!u32 {
    ending.arm();
    if (secret.vars().ended.load(.seq_cst)) return error.Closed;
    const length = switch (source) {
        .secret => |handle| secret.length(handle),
        .bytes => |bytes| std.math.lossyCast(u32, bytes.len),
    };
    // A handle of no secret, or no bytes.
    if (length == 0) return if (source == .secret) error.Closed else error.InvalidArgument;
    // An entry is locked before a page.
    const index = try entries.take(cause, entries.enclaves, length, epoch);
    const entry = entries.at(index).?;
    defer entry.lock.release();
    put(cause, entry, index, source) catch |err| {
        entries.give(index);
        return err;
    };
    entry.state = .live;
    counters.vars().allocated.add(1);
    counters.vars().in_use.add(1);
    return entry.handle(index);
}

fn put(cause: *Cause, entry: *Entry, index: u32, source: Source) Error!void {
    switch (source) {
        .secret => |handle| {
            const found = try secret.borrow(cause, handle, false);
            defer found.release();
            if (found.bytes().len != entry.length) return error.Closed;
            return seal.put(cause, entry, index, found.bytes());
        },
        .bytes => |bytes| {
            try seal.put(cause, entry, index, bytes);
            wipe(bytes);
        },
    }
}

/// Decrypts into a new secret.
pub fn open(cause: *Cause, handle: u32, alignment: u32, flags: u32) Error!u32 {
    const entry = try acquire_live(handle);
    defer entry.lock.release();
    const record = try secret.begin(cause, .{ .length = entry.length, .alignment = alignment, .flags = flags });
    seal.get(cause, entry, entries.index_of(handle), record.payload()) catch |err| {
        secret.abandon(record);
        return err;
    };
    const opened = record.handle();
    try secret.finish(cause, record);
    return opened;
}

/// Opens a secret of at least the same length for reading and writing, and decrypts into its first
/// bytes. Returns how many. Its window must not be open.
pub fn lend(cause: *Cause, handle: u32, scratch: u32) Error!u32 {
    const entry = try acquire_live(handle);
    defer entry.lock.release();
    const record = try table.acquire(scratch);
    defer record.lock.release();
    if (record.state != .live) return error.Closed;
    if (record.length < entry.length) return error.InvalidArgument;
    // What is in it is another enclave's.
    if (record.is_open()) return error.InvalidArgument;
    try gate.open(cause, record, .write);
    seal.get(cause, entry, entries.index_of(handle), record.payload()[0..entry.length]) catch |err| {
        var ignored: Cause = .{};
        gate.close(&ignored, record) catch {};
        return err;
    };
    return entry.length;
}

/// Wipes the secret that `lend` has decrypted into, and closes its window.
pub fn take_back(cause: *Cause, scratch: u32) Error!void {
    const record = try table.acquire(scratch);
    defer record.lock.release();
    if (record.state == .resting) return error.Closed;
    if (gate.is_writable(record)) wipe(record.payload());
    try gate.close(cause, record);
}

/// If there is an epoch, only what is still of it: whoever closes what was collected may do so when
/// the entry is long another's.
pub noinline fn close(handle: u32, epoch: ?u16) Error!void {
    const entry = try acquire(handle);
    defer entry.lock.release();
    if (epoch) |wanted| if (entry.epoch != wanted) return error.Closed;
    if (entry.state == .live) counters.vars().in_use.sub(1);
    seal.drop(entry);
    entries.give(entries.index_of(handle));
}

pub fn length_of(handle: u32) u32 {
    const entry = acquire_live(handle) catch return 0;
    defer entry.lock.release();
    return entry.length;
}

fn acquire(handle: u32) Error!*Entry {
    if (!entries.is_entry(handle)) return error.Closed;
    const entry = try entries.acquire(handle);
    if (entry.domain == entries.enclaves) return entry;
    entry.lock.release();
    return error.Closed;
}

fn acquire_live(handle: u32) Error!*Entry {
    const entry = try acquire(handle);
    if (entry.state == .live) return entry;
    entry.lock.release();
    return error.Closed;
}
