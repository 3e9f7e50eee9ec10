//! Another key for everything that is sealed.

const abi = @import("../abi.zig");
const entries = @import("../entries.zig");
const invariant = @import("../invariant.zig");
const key = @import("key.zig");
const seal = @import("../seal.zig");
const secret = @import("../secret.zig");
const Lock = @import("../lock.zig").Lock;
const shared = @import("../shared.zig");
const Cause = abi.Cause;
const Entry = entries.Entry;
const Error = abi.Error;

pub const Variables = struct {
    /// Held while boxes move from one key to the next: there are never three.
    lock: Lock = .{},
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.rekey, &own);
}

/// Moves every box to a new key and wipes the one before. Returns how many boxes there were. If it
/// fails, all of them can be opened, and the next call goes on.
pub fn rekey(cause: *Cause) Error!u32 {
    vars().lock.acquire();
    defer vars().lock.release();
    // A call that failed has left some of them.
    _ = try move_all(cause, key.older());
    return move_all(cause, try key.turn(cause));
}

fn move_all(cause: *Cause, from: u32) Error!u32 {
    if (from == 0) return 0;
    // What is sealed from here on has the new key: there will be no longer one.
    var longest: u32 = 1;
    var index: u32 = 0;
    while (next(&index, from)) |entry| : (index += 1) {
        longest = @max(longest, entry.length);
        entry.lock.release();
    }
    const record = try secret.begin(cause, .{ .length = longest, .alignment = 16, .flags = 0 });
    defer secret.abandon(record);
    var moved: u32 = 0;
    index = 0;
    while (next(&index, from)) |entry| : (index += 1) {
        defer entry.lock.release();
        invariant.check(entry.length <= longest);
        const bytes = record.payload()[0..entry.length];
        seal.get(cause, entry, index, bytes) catch |err| switch (err) {
            // As lost under another key.
            error.Corrupted, error.Closed => continue,
            else => return err,
        };
        try seal.put(cause, entry, index, bytes);
        moved += 1;
    }
    key.forget(from);
    return moved;
}

/// The first entry from an index on whose box has that key, locked.
noinline fn next(index: *u32, from: u32) ?*Entry {
    while (entries.at(index.*)) |entry| : (index.* += 1) {
        entry.lock.acquire();
        if (entry.box != 0 and entry.key == @as(key.Bits, @truncate(from))) return entry;
        entry.lock.release();
    }
    return null;
}
