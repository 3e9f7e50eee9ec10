//! The end of the process: every secret is wiped, as the last thing that happens.
//!
//! It runs where the C library runs its own: `exit` runs what stands in `.fini_array` and
//! what `atexit` was given, `quick_exit` what `at_quick_exit` was given, and Windows calls
//! `DllMain`. Nothing of it is in JavaScript, so the application's own "exit" listeners may
//! use secrets up to their last line, and nothing keeps an event loop alive or changes an
//! exit code. It would not do either, as trying showed (Bun 1.4.5, Deno 2.9.6, Node 26.10 on
//! Linux; "exit" is process.on, "unload" an event of globalThis):
//!
//!     way to end                            Bun                Deno                Node
//!     ------------------------------------  -----------------  ------------------  ----------
//!     the last statement, process.exitCode  "exit" quick_exit  both, exit          "exit" exit
//!     process.exit                          "exit" quick_exit  both, exit          "exit" exit
//!     Deno.exit                             -                  "unload" only, exit -
//!     process.reallyExit                    quick_exit         "unload" only, exit exit
//!     uncaught exception or rejection       "exit" quick_exit  neither, exit       "exit" exit
//!     a signal's default action, abort      nothing runs       nothing runs        nothing runs
//!
//! A Worker's end is not the end: its secrets stay until they are closed, purged, or wiped
//! here. The library is never unloaded (see `pin_elf.zig`), so that holds also where a
//! Worker was the first to load it.
//!
//! Other threads may still run, and one of them may never let go of a lock: the thread that
//! ends the process may have been interrupted while it held one. So no lock is waited for
//! beyond a bound, and what it guards is then overwritten without it.

const std = @import("std");
const seal = @import("seal.zig");
const secret = @import("secret.zig");
const table = @import("table.zig");
const counters = @import("counters.zig");
const pools = @import("pool/pool.zig");
const abi = @import("abi.zig");
const os = @import("os.zig").ending;
const terminal = @import("os.zig").terminal;
const Lock = @import("lock.zig").Lock;
const Record = table.Record;

/// Who made the first secret; 0 before. A forked child has another number, and nothing to
/// wipe: its pages are zeros, or absent.
var owner: std.atomic.Value(u32) = .init(0);

/// Tries for all locks together that are not free: some tenths of a second.
const tries_max: u32 = 1 << 17;

/// At every creation; does something at the first. What runs at the end is the core's: it arms
/// itself when it tells its variables to another library.
pub noinline fn arm() void {
    if (@import("build_options").is_extra) return;
    if (owner.load(.monotonic) != 0) return;
    if (owner.cmpxchgStrong(0, os.process_id(), .release, .monotonic) != null) return;
    os.arm(&run);
}

/// Wipes everything, if this is the process whose secrets they are. May run twice.
pub fn run() callconv(.c) void {
    if (owner.load(.acquire) != os.process_id()) return;
    secret.vars().ended.store(true, .seq_cst);
    terminal.at_end();
    // The runtimes look at it: no window opens on any secret any more.
    _ = @atomicRmw(u32, &secret.vars().purges, .Add, 1, .seq_cst);
    pools.move_words();
    seal.end();
    var tries: u32 = tries_max;
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)) orelse return;
        if (!os.alone and acquire(&record.lock, &tries)) {
            defer record.lock.release();
            end(record);
        } else end_without_lock(record);
    }
}

fn acquire(lock: *Lock, tries: *u32) bool {
    while (!lock.try_acquire()) {
        if (tries.* == 0) return false;
        tries.* -= 1;
        @import("os.zig").current.yield();
    }
    return true;
}

fn end(record: *Record) void {
    // What a writer wrote after an earlier purge is wiped like anything else.
    if (record.dropped or (record.state != .live and record.state != .purged)) return;
    if (record.state == .live and record.pool == null) counters.vars().in_use.sub(1);
    record.state = .purged;
    var ignored: abi.Cause = .{};
    secret.purge_one(&ignored, record) catch {};
}

/// Any thread may change these pages meanwhile, so nothing here may fault.
fn end_without_lock(record: *const Record) void {
    if (record.base == 0 or record.dropped) return;
    const held = record.state == .live or record.state == .purged;
    // One that is just being made is open and not yet live.
    if (held or record.access != .none) os.overwrite(record.base, record.span);
}
