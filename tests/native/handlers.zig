//! A program that has its own SIGSEGV handler: one that recovers (it makes the page
//! readable) or passes on to the handler before it, and one that does neither. No libc.

const std = @import("std");
const linux = std.os.linux;

const page = std.heap.page_size_max;
const pages = 64;
const segv: c_int = @backingInt(linux.SIG.SEGV);

/// sa_handler as a number: 0 SIG_DFL, 1 SIG_IGN.
const Action = extern struct { handler: usize, flags: c_ulong, restorer: usize, mask: u64 };
const sa_siginfo = 4;
const sa_restorer = 0x04000000;
const Handler = *const fn (c_int, *linux.siginfo_t, ?*anyopaque) callconv(.c) void;

var region: usize = 0;
var before: Action = undefined;

/// What the handler saw, for the test to compare.
var faults: u32 = 0;
var blocked: u32 = 0;
var reset: u32 = 0;
var strange: u32 = 0;
var masked: u32 = 0;
var on_stack: u32 = 0;

/// The alternate stack of the thread that installs a handler.
var stack: [64 * 1024]u8 align(16) = undefined;

/// `kind`: 0 SIG_DFL, 1 SIG_IGN, 2 recovers or passes on, 3 ends the process with status 7.
/// Its mask has SIGUSR1 if `masks`.
export fn handlers_install(kind: u32, flags: u32, masks: u32) i32 {
    const alternate: linux.stack_t = .{ .sp = &stack, .flags = 0, .size = stack.len };
    _ = linux.sigaltstack(&alternate, null);
    if (region == 0) {
        const map: linux.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true };
        region = linux.mmap(null, pages * page, .{}, map, -1, 0);
    }
    const handler = switch (kind) {
        2 => @intFromPtr(&recover),
        3 => @intFromPtr(&leave),
        else => kind,
    };
    const action: Action = .{
        .handler = handler,
        .flags = flags | sa_siginfo | sa_restorer,
        .restorer = @intFromPtr(&linux.restore_rt),
        .mask = if (masks != 0) bit_of(.USR1) else 0,
    };
    // Installed again, what it passes on to is whatever stands before it now.
    return @intFromBool(change(&action, &before));
}

/// Reads a page of our own that is inaccessible. Returns 0 when the handler has made it readable.
export fn handlers_touch(index: u32) u32 {
    const address = region + index % pages * page + 8;
    return @as(*const volatile u8, @ptrFromInt(address)).*;
}

/// Makes them inaccessible again.
export fn handlers_close() i32 {
    return @intFromBool(linux.errno(linux.mprotect(@ptrFromInt(region), pages * page, .{})) == .SUCCESS);
}

export fn handlers_seen(what: u32) u32 {
    return switch (what) {
        0 => faults,
        1 => blocked,
        2 => reset,
        3 => strange,
        4 => masked,
        else => on_stack,
    };
}

/// The flags of the handler that stands first now.
export fn handlers_flags() u32 {
    var now: Action = undefined;
    return if (change(null, &now)) @truncate(now.flags) else 0;
}

/// A signal that is no fault, to this thread.
export fn handlers_send() i32 {
    return @intCast(linux.syscall3(.tgkill, @intCast(linux.getpid()), @intCast(linux.gettid()), @intCast(segv)));
}

fn bit_of(signal: linux.SIG) u64 {
    return @as(u64, 1) << @intCast(@backingInt(signal) - 1);
}

fn change(new: ?*const Action, old: ?*Action) bool {
    return linux.errno(linux.syscall4(.rt_sigaction, @intCast(segv), @intFromPtr(new), @intFromPtr(old), 8)) == .SUCCESS;
}

fn recover(signal: c_int, info: *linux.siginfo_t, context: ?*anyopaque) callconv(.c) void {
    const address = @intFromPtr(info.fields.sigfault.addr);
    if (info.code > 0 and address -% region < pages * page) {
        look(signal, address, context);
        const start = std.mem.alignBackward(usize, address, page);
        _ = linux.mprotect(@ptrFromInt(start), page, .{ .READ = true });
        return;
    }
    const text = "passed on\n";
    _ = linux.write(2, text, text.len);
    if (before.handler > 1) return @as(Handler, @ptrFromInt(before.handler))(signal, info, context);
    const default: Action = .{ .handler = 0, .flags = sa_restorer, .restorer = @intFromPtr(&linux.restore_rt), .mask = 0 };
    _ = change(&default, null);
}

fn look(signal: c_int, address: usize, context: ?*anyopaque) void {
    faults += 1;
    if (signal != segv or address % page != 8 or context == null) strange += 1;
    var mask: linux.sigset_t = undefined;
    _ = linux.sigprocmask(linux.SIG.BLOCK, null, &mask);
    if (linux.sigismember(&mask, .SEGV)) blocked += 1;
    if (linux.sigismember(&mask, .USR1)) masked += 1;
    var alternate: linux.stack_t = undefined;
    _ = linux.sigaltstack(null, &alternate);
    if (alternate.flags & linux.SS.ONSTACK != 0) on_stack += 1;
    var now: Action = undefined;
    if (change(null, &now) and now.handler == 0) reset += 1;
}

fn leave(_: c_int, _: *linux.siginfo_t, _: ?*anyopaque) callconv(.c) void {
    const text = "left\n";
    _ = linux.write(2, text, text.len);
    linux.exit_group(7);
}
