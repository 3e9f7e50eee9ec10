//! Opening and closing a unit's pages: the gate ladder.
//!
//! Under `mprotect` a window changes the page table: it opens the pages to every thread.
//! Under `pkey` it changes the rights of this thread to the secret's key (see `keys.zig`).
//! A window that lasts longer than a call may be used by threads of the runtime, so it is
//! opened wide, as `mprotect` does it, and the key comes back after it.
//!
//! How often windows are opened is not decided here: the counting is in src/gate.ts. Under
//! `mprotect` the first window of all threads opens and the last one closes; under `pkey`
//! the first and the last of each thread do, and are counted here as well, since a key
//! must not be taken away from a secret that is open anywhere.

const abi = @import("abi.zig");
const table = @import("table.zig");
const counters = @import("counters.zig");
const invariant = @import("invariant.zig");
const keys = @import("keys.zig");
const pkey = @import("os.zig").pkey;
const os = @import("os.zig").current;
const Access = table.Access;
const Record = table.Record;

/// Opens a window: under `pkey` for this thread alone. The record is locked by the caller.
pub fn open(cause: *abi.Cause, record: *Record, protection: abi.Protection) abi.Error!void {
    invariant.check(protection != .none);
    invariant.check(record.base != 0);
    if (record.gate == .mprotect) {
        try set(cause, record, of(protection));
        begin_window(record);
        return;
    }
    const arms = record.threads == 0 and record.slot == null and keys.bind(record);
    errdefer if (arms) keys.unbind(cause, record) catch {};
    if (arms and record.access == .none) try arm(cause, record);
    if (record.slot) |_| {
        pkey.set_rights(keys.key_of(record), if (protection == .write) .write else .read);
    } else if (record.access == .none) {
        // Every key belongs to a secret that is open now.
        try set(cause, record, of(protection));
        begin_window(record);
    }
    record.threads += 1;
    record.used = true;
}

/// Closes a window that `open` opened, on the same thread.
pub fn close(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.gate == .mprotect) {
        try set(cause, record, .none);
        end_window(record);
        return;
    }
    if (record.threads == 0) return;
    if (record.slot) |_| pkey.set_rights(keys.key_of(record), .none);
    record.threads -= 1;
    return settle(cause, record);
}

/// Opens a window for every thread.
pub fn open_wide(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.access == .none or record.access == .keyed) try set(cause, record, .read);
    begin_window(record);
    record.wide += 1;
    record.used = true;
}

/// Closes a window that `open_wide` opened, on any thread.
pub fn close_wide(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.wide == 0) return;
    record.wide -= 1;
    return settle(cause, record);
}

/// A window of a `pkey` record was closed: the pages become what the rest of them needs.
fn settle(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.wide > 0 or record.access == .none or record.access == .keyed) return;
    if (record.slot) |_| {
        try arm(cause, record);
    } else if (record.threads == 0) {
        try set(cause, record, .none);
    } else return;
    end_window(record);
}

/// No window is open any more, whatever became of the pages. For a secret that ends.
pub fn end_windows(record: *Record) void {
    end_window(record);
    record.threads = 0;
    record.wide = 0;
}

/// What `begin` changed.
pub const Opening = struct {
    access: Access,
    rights: pkey.Rights,
};

/// Makes the pages writable to this thread, for a moment and for the core itself: no window.
pub fn begin(cause: *abi.Cause, record: *Record) abi.Error!Opening {
    var opening: Opening = .{ .access = record.access, .rights = .none };
    if (record.gate == .pkey and record.access == .none) {
        if (record.slot != null or keys.bind(record)) {
            errdefer keys.unbind(cause, record) catch {};
            try arm(cause, record);
            // They keep their key for the windows to come.
            opening.access = .keyed;
        }
    }
    if (record.access == .keyed) {
        opening.rights = pkey.rights(keys.key_of(record));
        pkey.set_rights(keys.key_of(record), .write);
    } else {
        try set(cause, record, .write);
    }
    return opening;
}

/// Takes back what `begin` changed.
pub fn end(cause: *abi.Cause, record: *Record, opening: Opening) abi.Error!void {
    if (opening.access == .keyed) {
        pkey.set_rights(keys.key_of(record), opening.rights);
    } else {
        try set(cause, record, opening.access);
    }
}

/// Makes the pages inaccessible to everyone, for good or until the next `open`. On failure
/// the caller must get rid of them.
pub fn shut(cause: *abi.Cause, record: *Record) abi.Error!void {
    if (record.slot) |_| pkey.set_rights(keys.key_of(record), .none);
    if (record.access != .keyed) try set(cause, record, .none);
    try keys.unbind(cause, record);
}

/// The pages are not there any more.
pub fn forget(record: *Record) void {
    if (record.slot) |_| pkey.set_rights(keys.key_of(record), .none);
    keys.forget(record);
    record.access = .none;
}

/// What this thread may do with the pages now.
pub fn is_readable(record: *const Record) bool {
    return switch (record.access) {
        .none => false,
        .read, .write => true,
        .keyed => switch (pkey.rights(keys.key_of(record))) {
            .read, .write => true,
            .none, .access_disabled => false,
        },
    };
}

pub fn is_writable(record: *const Record) bool {
    return switch (record.access) {
        .none, .read => false,
        .write => true,
        .keyed => pkey.rights(keys.key_of(record)) == .write,
    };
}

/// Puts the record's key on its pages, which every thread then has to open for itself.
pub fn arm(cause: *abi.Cause, record: *Record) abi.Error!void {
    const key = keys.key_of(record);
    pkey.protect(cause, record.base, record.span, .write, key) catch return error.ProtectionFailed;
    counters.vars().keyed_pages.add(1);
    record.access = .keyed;
}

/// Changes the page table, to the same for all threads and without a key.
pub fn set(cause: *abi.Cause, record: *Record, access: Access) abi.Error!void {
    if (record.access == access) return;
    const protection: abi.Protection = switch (access) {
        .none => .none,
        .read => .read,
        .write => .write,
        .keyed => unreachable,
    };
    if (record.access == .keyed) {
        pkey.protect(cause, record.base, record.span, protection, 0) catch return error.ProtectionFailed;
        counters.vars().keyed_pages.sub(1);
    } else if (protection == .none) {
        os.close(cause, record.base, record.span) catch return error.ProtectionFailed;
    } else {
        os.open(cause, record.base, record.span, protection) catch return error.ProtectionFailed;
    }
    record.access = access;
}

fn of(protection: abi.Protection) Access {
    return switch (protection) {
        .none => .none,
        .read => .read,
        .write => .write,
    };
}

fn begin_window(record: *Record) void {
    if (!record.window) counters.vars().open_windows.add(1);
    record.window = true;
}

fn end_window(record: *Record) void {
    if (record.window) counters.vars().open_windows.sub(1);
    record.window = false;
}
