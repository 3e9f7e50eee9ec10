//! The fault handler on macOS: SIGBUS, which is what a page without access raises here, and
//! SIGSEGV. Never run by us: written from the headers of the macOS SDK.
//!
//! Sources: sigaction(2) of the macOS manual; <sys/signal.h>, <sys/_types/_ucontext64.h>,
//! <mach/i386/_structs.h>, <mach/arm/_structs.h>.

const std = @import("std");
const builtin = @import("builtin");
const c = std.c;
const fault = @import("../fault.zig");
const chain = @import("signal_chain.zig");

pub const install = chain.Chain(System).install;

extern "c" fn sigaction(signal: c_int, new: ?*const System.Action, old: ?*System.Action) c_int;
extern "c" fn pthread_sigmask(how: c_int, new: ?*const u32, old: ?*u32) c_int;
extern "c" fn raise(signal: c_int) c_int;

const segv: c_int = 11;
const bus: c_int = 10;
const sig_unblock: c_int = 2;

pub const System = struct {
    pub const signals = [_]c_int{ segv, bus };

    pub const Action = extern struct {
        handler: usize,
        mask: u32,
        flags: c_int,
    };

    pub const Info = extern struct {
        signo: c_int,
        errno: c_int,
        code: c_int,
        pid: c_int,
        uid: c_uint,
        status: c_int,
        address: usize,
        value: usize,
        band: c_long,
        unused: [6]u64,
        spare: u64,
    };

    comptime {
        std.debug.assert(@sizeOf(Info) == 104);
        std.debug.assert(@sizeOf(Action) == 16);
    }

    pub const sa_onstack: c_int = 0x01;
    pub const sa_restart: c_int = 0x02;
    pub const sa_resethand: c_int = 0x04;
    pub const sa_nodefer: c_int = 0x10;
    pub const sa_siginfo: c_int = 0x40;
    pub const empty_mask: u32 = 0;

    pub fn change(signal: c_int, new: ?*const Action, old: ?*Action) bool {
        return sigaction(signal, new, old) == 0;
    }

    pub fn action(handler: usize, flags: c_int, mask: u32) Action {
        return .{ .handler = handler, .flags = flags, .mask = mask };
    }

    pub fn masks(mask: u32, signal: c_int) bool {
        return mask & bit_of(signal) != 0;
    }

    pub fn unblock(signal: c_int) void {
        const set = bit_of(signal);
        _ = pthread_sigmask(sig_unblock, &set, null);
    }

    fn bit_of(signal: c_int) u32 {
        return @as(u32, 1) << @intCast(signal - 1);
    }

    pub fn spare(info: *Info) *u64 {
        return &info.spare;
    }

    /// SI_USER and its like are 0x10001 and above.
    pub fn is_fault(info: ?*const Info) bool {
        return info == null or (info.?.code > 0 and info.?.code < 0x10000);
    }

    /// It is blocked now, and comes when the handler has returned.
    pub fn send_again(signal: c_int, _: ?*const Info) void {
        _ = raise(signal);
    }

    // Codes of <sys/signal.h>
    const segv_maperr = 1;
    const segv_accerr = 2;
    const bus_adraln = 1;
    const bus_adrerr = 2;
    const bus_objerr = 3;

    /// A page without access raises SIGBUS, by a code that has differed between versions.
    pub fn fault_of(signal: c_int, info: *const Info, context: ?*const anyopaque) ?fault.Fault {
        switch (info.code) {
            segv_maperr, segv_accerr => {},
            bus_objerr => if (signal != bus) return null,
            else => return null,
        }
        comptime std.debug.assert(segv_maperr == bus_adraln and segv_accerr == bus_adrerr);
        const access = if (context) |given| access_of(given) else .some;
        return .{ .address = info.address, .access = access, .refusal = .protection };
    }

    /// write(2) and poll(2) set errno, which the handler behind must find as it was. A reader
    /// of standard error that has stopped reading must not keep the process alive.
    pub fn say(line: []const u8) void {
        const errno = c._errno().*;
        defer c._errno().* = errno;
        var out = [_]c.pollfd{.{ .fd = 2, .events = c.POLL.OUT, .revents = 0 }};
        if (c.poll(&out, out.len, 1000) == 0) return;
        _ = c.write(2, line.ptr, line.len);
    }
};

/// ucontext_t: onstack, mask, stack, link, size of the machine's context, pointer to it.
const Context = extern struct {
    onstack: c_int,
    mask: u32,
    stack: [3]usize,
    link: usize,
    machine_bytes: usize,
    machine: ?[*]const u32,
};

/// The machine's context starts with the exception: trap number and processor, error code
/// on Intel; fault address, then syndrome on Arm.
fn access_of(context: *const anyopaque) fault.Access {
    const whole: *const Context = @ptrCast(@alignCast(context));
    const machine = whole.machine orelse return .some;
    if (builtin.cpu.arch == .x86_64) {
        const code = machine[1];
        if (code & 1 << 4 != 0) return .run;
        return if (code & 1 << 1 != 0) .write else .read;
    }
    const esr = machine[2];
    const instruction_abort = 0x20;
    if (esr >> 26 & 0x3f == instruction_abort) return .run;
    const write = esr & 1 << 6 != 0;
    const maintenance = esr & 1 << 8 != 0;
    return if (write and !maintenance) .write else .read;
}
