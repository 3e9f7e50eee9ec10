//! What `unix_terminal.zig` asks of Linux, by raw system calls: ioctl_tty(2), poll(2),
//! rt_sigprocmask(2), tgkill(2).

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const os = @import("../os.zig");
const call = @import("linux_call.zig").call;
const System = @import("linux_fault.zig").System;
const Cause = abi.Cause;
const Failed = os.Failed;

pub const Action = System.Action;
pub const Mask = u64;
pub const Termios = linux.termios;
pub const V = linux.V;
pub const change = System.change;
/// _POSIX_VDISABLE
pub const no_key = 0;

pub const TSTP: c_int = @backingInt(linux.SIG.TSTP);
pub const CONT: c_int = @backingInt(linux.SIG.CONT);
/// What ends or stops the process, and may be caught.
pub const signals = [_]c_int{
    @backingInt(linux.SIG.HUP),
    @backingInt(linux.SIG.INT),
    @backingInt(linux.SIG.QUIT),
    @backingInt(linux.SIG.ALRM),
    @backingInt(linux.SIG.TERM),
    TSTP,
    CONT,
};

pub fn action(handler: *const fn (c_int) callconv(.c) void) Action {
    return System.action(@intFromPtr(handler), 0, 0);
}

pub noinline fn open_tty(cause: *Cause) Failed!i32 {
    const flags: linux.O = .{ .ACCMODE = .RDWR, .CLOEXEC = true, .NOCTTY = true };
    return @intCast(try call(cause, .open, linux.open, .{ "/dev/tty", flags, @as(linux.mode_t, 0) }));
}

pub fn close(tty: i32) void {
    _ = linux.close(tty);
}

pub noinline fn get(cause: *Cause, tty: i32) Failed!Termios {
    var termios: Termios = undefined;
    _ = try call(cause, .tcgetattr, linux.tcgetattr, .{ tty, &termios });
    return termios;
}

/// What was typed and not read is dropped.
pub noinline fn set(cause: *Cause, tty: i32, termios: *const Termios) Failed!void {
    _ = try call(cause, .tcsetattr, linux.tcsetattr, .{ tty, .FLUSH, termios });
}

pub fn interrupted(cause: *const Cause) bool {
    return cause.errno == @backingInt(linux.E.INTR);
}

/// Whether there is something to read, after a tenth of a second at most.
pub fn wait(tty: i32) bool {
    var waiting = [_]linux.pollfd{.{ .fd = tty, .events = linux.POLL.IN, .revents = 0 }};
    const ready = linux.poll(&waiting, waiting.len, 100);
    return linux.errno(ready) == .SUCCESS and ready > 0;
}

pub fn read(cause: *Cause, tty: i32, into: []u8) Failed!usize {
    return call(cause, .read, linux.read, .{ tty, into.ptr, into.len }) catch |err| {
        return if (interrupted(cause)) 0 else err;
    };
}

pub noinline fn write(tty: i32, text: []const u8) void {
    _ = linux.write(tty, text.ptr, text.len);
}

/// Sent to this thread, it is there when the call returns; what it does, it does to the process.
pub noinline fn raise(signal: c_int) void {
    _ = linux.syscall3(.tgkill, linux.syscall0(.getpid), linux.syscall0(.gettid), @intCast(signal));
}

/// Lets this thread have signals, given by number as bits; returns what it blocked before.
pub fn unblock(handled: u32) Mask {
    return change_mask(linux.SIG.UNBLOCK, handled >> 1);
}

/// SIGTTOU, which a process in the background gets that changes the terminal.
pub fn block_output() void {
    _ = change_mask(linux.SIG.BLOCK, 1 << (@backingInt(linux.SIG.TTOU) - 1));
}

pub fn set_mask(mask: *const Mask) void {
    _ = change_mask(linux.SIG.SETMASK, mask.*);
}

noinline fn change_mask(how: usize, new: Mask) Mask {
    var before: Mask = 0;
    _ = linux.syscall4(.rt_sigprocmask, how, @intFromPtr(&new), @intFromPtr(&before), @sizeOf(Mask));
    return before;
}
