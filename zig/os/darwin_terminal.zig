//! What `unix_terminal.zig` asks of macOS, through libSystem. Never run by us: written from
//! tty(4), termios(4), sigaction(2) and pthread_sigmask(2) of the macOS manual; numbers from
//! <sys/signal.h>, <sys/filio.h>, <sys/fcntl.h> and <sys/termios.h>.

const std = @import("std");
const c = std.c;
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const System = @import("darwin_fault.zig").System;
const Cause = abi.Cause;
const Step = abi.Step;
const Failed = os.Failed;

extern "c" fn open(path: [*:0]const u8, flags: c_int, ...) c_int;
extern "c" fn ioctl(fd: c_int, request: c_ulong, ...) c_int;
extern "c" fn pthread_sigmask(how: c_int, new: *const Mask, old: *Mask) c_int;
extern "c" fn pthread_kill(thread: *anyopaque, signal: c_int) c_int;
extern "c" fn pthread_self() *anyopaque;
extern "c" fn usleep(microseconds: c_uint) c_int;

pub const Action = System.Action;
pub const Mask = u32;
pub const Termios = c.termios;
pub const V = c.V;
pub const change = System.change;
/// _POSIX_VDISABLE
pub const no_key = 0xFF;

pub const TSTP: c_int = 18;
pub const CONT: c_int = 19;
const ttou: c_int = 22;
/// SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM and those two: what ends or stops the process, and
/// may be caught.
pub const signals = [_]c_int{ 1, 2, 3, 14, 15, TSTP, CONT };

const sig_block: c_int = 1;
const sig_unblock: c_int = 2;
const sig_setmask: c_int = 3;

const o_rdwr = 0x0002;
const o_noctty = 0x20000;
const o_cloexec = 0x1000000;
/// _IOR('f', 127, int)
const fionread: c_ulong = 0x4004667F;

pub fn action(handler: *const fn (c_int) callconv(.c) void) Action {
    return System.action(@intFromPtr(handler), 0, 0);
}

fn check(cause: *Cause, step: Step, result: isize) Failed!usize {
    if (result >= 0) return @intCast(result);
    const errno: c_uint = @bitCast(c._errno().*);
    cause.* = .{ .step = step, .errno = @truncate(errno) };
    return error.SystemCall;
}

pub fn open_tty(cause: *Cause) Failed!i32 {
    if (seam.fails(cause, .open)) return error.SystemCall;
    return @intCast(try check(cause, .open, open("/dev/tty", o_rdwr | o_noctty | o_cloexec)));
}

pub fn close(tty: i32) void {
    _ = c.close(tty);
}

pub fn get(cause: *Cause, tty: i32) Failed!Termios {
    if (seam.fails(cause, .tcgetattr)) return error.SystemCall;
    var termios: Termios = undefined;
    _ = try check(cause, .tcgetattr, c.tcgetattr(tty, &termios));
    return termios;
}

/// What was typed and not read is dropped.
pub fn set(cause: *Cause, tty: i32, termios: *const Termios) Failed!void {
    if (seam.fails(cause, .tcsetattr)) return error.SystemCall;
    _ = try check(cause, .tcsetattr, c.tcsetattr(tty, .FLUSH, termios));
}

pub fn interrupted(cause: *const Cause) bool {
    return cause.errno == @backingInt(c.E.INTR);
}

/// Whether there is something to read, or the terminal is gone. poll(2) of macOS does not know
/// devices, and select(2) no high numbers of descriptors: so it is looked at, fifty times a
/// second.
pub fn wait(tty: i32) bool {
    var count: c_int = 0;
    if (ioctl(tty, fionread, &count) != 0 or count > 0) return true;
    _ = usleep(20_000);
    return false;
}

pub fn read(cause: *Cause, tty: i32, into: []u8) Failed!usize {
    if (seam.fails(cause, .read)) return error.SystemCall;
    return check(cause, .read, c.read(tty, into.ptr, into.len)) catch |err| {
        return if (interrupted(cause)) 0 else err;
    };
}

pub fn write(tty: i32, text: []const u8) void {
    _ = c.write(tty, text.ptr, text.len);
}

/// Sent to this thread; what it does, it does to the process.
pub fn raise(signal: c_int) void {
    _ = pthread_kill(pthread_self(), signal);
}

/// Lets this thread have signals, given by number as bits; returns what it blocked before.
pub fn unblock(handled: u32) Mask {
    return change_mask(sig_unblock, handled >> 1);
}

/// SIGTTOU, which a process in the background gets that changes the terminal.
pub fn block_output() void {
    _ = change_mask(sig_block, 1 << (ttou - 1));
}

pub fn set_mask(mask: *const Mask) void {
    _ = change_mask(sig_setmask, mask.*);
}

fn change_mask(how: c_int, new: Mask) Mask {
    var before: Mask = 0;
    _ = pthread_sigmask(how, &new, &before);
    return before;
}
