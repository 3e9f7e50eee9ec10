//! Which rungs of the two ladders this host has: found out at their first use, by doing
//! what they will be asked for, and kept with the step and the errno that stood against.

const std = @import("std");
const abi = @import("abi.zig");
const keys = @import("keys.zig");
const os_layer = @import("os.zig");
const os = os_layer.current;
const secretmem = os_layer.secretmem;
const Cause = abi.Cause;
const Error = abi.Error;
const Lock = @import("lock.zig").Lock;
const shared = @import("shared.zig");

/// What a caller wants of a secret's pages.
pub const Wish = struct {
    /// Null: the best that there is.
    store: ?abi.Store,
    gate: ?abi.Gate,
    allow_unlocked: bool,

    pub fn from(flags: u32) Error!Wish {
        if (flags & ~abi.flags_all != 0) return error.InvalidArgument;
        const both_stores = abi.flag_secretmem | abi.flag_locked;
        const both_gates = abi.flag_pkey | abi.flag_mprotect;
        if (flags & both_stores == both_stores) return error.InvalidArgument;
        if (flags & both_gates == both_gates) return error.InvalidArgument;
        return .{
            .store = if (flags & abi.flag_secretmem != 0) .secretmem else if (flags & abi.flag_locked != 0) .locked else null,
            .gate = if (flags & abi.flag_pkey != 0) .pkey else if (flags & abi.flag_mprotect != 0) .mprotect else null,
            .allow_unlocked = flags & abi.flag_allow_unlocked != 0,
        };
    }
};

const Answer = struct {
    known: std.atomic.Value(bool) = .init(false),
    there: bool = false,
    cause: Cause = .{},
};

pub const Variables = struct {
    lock: Lock = .{},
    secretmem_answer: Answer = .{},
    pkey_answer: Answer = .{},
    seal_answer: Answer = .{},
    /// What could be done before this library had an area of memfd_secret.
    hibernation_before: ?abi.Hibernation = null,
    /// It has one: nobody can hibernate any more.
    secretmem_used: std.atomic.Value(bool) = .init(false),
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.rungs, &own);
}

pub fn probe(cause: *Cause, page_size: usize, what: abi.Probe) Error!void {
    // What depends on budgets and not on the host is tried anew each time.
    if (what == .locked or what == .mprotect) return try_anonymous(cause, page_size, what);
    const answer = switch (what) {
        .secretmem => ask(&vars().secretmem_answer, page_size, try_secretmem),
        .pkey => ask(&vars().pkey_answer, page_size, try_pkey),
        .seal => ask(&vars().seal_answer, page_size, try_seal),
        .locked, .mprotect => unreachable,
    };
    if (answer.there) return;
    cause.* = answer.cause;
    return switch (what) {
        .secretmem => if (is_spent(answer)) error.LockLimit else error.NoSecretmem,
        .pkey => error.NoPkey,
        .seal, .locked, .mprotect => error.NotSupported,
    };
}

/// The best rung for a wish that names none: never one that would take hibernation away.
pub fn prefers_secretmem(page_size: usize) bool {
    var ignored: Cause = .{};
    probe(&ignored, page_size, .secretmem) catch return false;
    return vars().hibernation_before == .unavailable or vars().secretmem_used.load(.monotonic);
}

pub fn gate(cause: *Cause, page_size: usize, wanted: ?abi.Gate) Error!abi.Gate {
    if (wanted == .mprotect) return .mprotect;
    probe(cause, page_size, .pkey) catch |err| {
        if (wanted == .pkey) return err;
        cause.* = .{};
        return .mprotect;
    };
    return .pkey;
}

pub fn note_secretmem() void {
    vars().secretmem_used.store(true, .monotonic);
}

pub fn hibernation(page_size: usize) abi.Hibernation {
    var ignored: Cause = .{};
    probe(&ignored, page_size, .secretmem) catch return secretmem.hibernation(&ignored);
    const blocked = vars().hibernation_before == .available and vars().secretmem_used.load(.monotonic);
    return if (blocked) .blocked else vars().hibernation_before orelse .unknown;
}

fn ask(answer: *Answer, page_size: usize, comptime find_out: fn (*Cause, usize) Error!void) *const Answer {
    if (answer.known.load(.acquire)) return answer;
    vars().lock.acquire();
    defer vars().lock.release();
    if (answer.known.load(.acquire)) return answer;
    answer.there = true;
    answer.cause = .{};
    find_out(&answer.cause, page_size) catch {
        answer.there = false;
    };
    // What the process has run out of it may have again the next time: that is no answer.
    if (!answer.there and os.errno_is_transient(answer.cause.errno)) return answer;
    answer.known.store(true, .release);
    return answer;
}

/// memfd_secret is there, and the lock budget is spent.
fn is_spent(answer: *const Answer) bool {
    const errno = answer.cause.errno;
    return switch (answer.cause.step) {
        .mmap => secretmem.errno_is_limit(errno),
        .getrandom => secretmem.touch_errno_is_limit(errno),
        else => false,
    };
}

/// The whole recipe, with one page.
fn try_secretmem(cause: *Cause, page_size: usize) Error!void {
    vars().hibernation_before = secretmem.hibernation(cause);
    cause.* = .{};
    const page = os.reserve(cause, page_size) catch return error.NoSecretmem;
    defer {
        var ignored: Cause = .{};
        os.unreserve(&ignored, page, page_size) catch {};
    }
    const fd = secretmem.create(cause, page_size) catch return error.NoSecretmem;
    defer secretmem.finish(fd);
    secretmem.map(cause, fd, page, page_size, 0) catch return error.NoSecretmem;
    secretmem.mark(cause, page, page_size) catch return error.NoSecretmem;
    os.open(cause, page, page_size, .write) catch return error.NoSecretmem;
    // The kernel writes to it, as it will for random secrets: a page that it cannot get
    // is an error here and would be a signal otherwise.
    os.random(cause, @as([*]u8, @ptrFromInt(page))[0..1]) catch return error.NoSecretmem;
}

fn try_pkey(cause: *Cause, page_size: usize) Error!void {
    try keys.start(cause);
    try keys.self_test(cause, page_size);
}

/// A page between two guards, locked and closed, as the system itself describes it.
fn try_anonymous(cause: *Cause, page_size: usize, what: abi.Probe) Error!void {
    const base = os.reserve(cause, 3 * page_size) catch return error.AllocationFailed;
    defer {
        var ignored: Cause = .{};
        os.unreserve(&ignored, base, 3 * page_size) catch {};
    }
    const page = base + page_size;
    os.settle(cause, page, page_size, what == .locked) catch {
        const spent = what == .locked and os.lock_errno_is_limit(cause.errno);
        return if (spent) error.LockLimit else error.AllocationFailed;
    };
    os.open(cause, page, page_size, .write) catch return error.ProtectionFailed;
    os.close(cause, page, page_size) catch return error.ProtectionFailed;
    const found: os_layer.Region = os.region(cause, page, page_size) catch {
        // It did all that, and nothing tells more: there is no /proc, say.
        cause.* = .{};
        return;
    };
    cause.* = .{};
    if (what == .locked and !found.locked) return error.NotSupported;
    if (found.protection != .none) return error.ProtectionFailed;
}

fn try_seal(cause: *Cause, page_size: usize) Error!void {
    // Sealed pages cannot be given back: no bytes of one, which is valid and seals nothing.
    os.seal(cause, page_size, 0) catch return error.NotSupported;
}
