//! The fault handler on Linux: SIGSEGV and SIGBUS, by raw system calls.
//!
//! Sources: sigaction(2), rt_sigqueueinfo(2), signal(7), ppoll(2) of the Linux man-pages;
//! layouts from include/uapi/asm-generic/siginfo.h, and of arch/x86 and arch/arm64
//! asm/sigcontext.h and asm/ucontext.h.

const std = @import("std");
const builtin = @import("builtin");
const linux = std.os.linux;
const fault = @import("../fault.zig");
const chain = @import("signal_chain.zig");

pub const install = chain.Chain(System).install;

const segv: c_int = @backingInt(linux.SIG.SEGV);
const bus: c_int = @backingInt(linux.SIG.BUS);

pub const System = struct {
    pub const signals = [_]c_int{ segv, bus };

    /// The kernel's own, not libc's.
    pub const Action = extern struct {
        handler: usize,
        flags: c_ulong,
        restorer: usize,
        mask: u64,
    };

    /// siginfo_t: 128 bytes, which the kernel fills with zeros where it has nothing to say.
    pub const Info = extern struct {
        signo: c_int,
        errno: c_int,
        code: c_int,
        _: c_int,
        address: usize,
        unused: [12]u64,
        spare: u64,
    };

    comptime {
        std.debug.assert(@sizeOf(Info) == 128);
        std.debug.assert(@sizeOf(Action) == 32);
    }

    pub const sa_siginfo: c_ulong = linux.SA.SIGINFO;
    pub const sa_onstack: c_ulong = linux.SA.ONSTACK;
    pub const sa_restart: c_ulong = linux.SA.RESTART;
    pub const sa_nodefer: c_ulong = linux.SA.NODEFER;
    pub const sa_resethand: c_ulong = linux.SA.RESETHAND;
    pub const empty_mask: u64 = 0;

    /// Sets the action of a signal if `new` is given, reads the one before into `old`.
    pub fn change(signal: c_int, new: ?*const Action, old: ?*Action) bool {
        const result = linux.syscall4(
            .rt_sigaction,
            @intCast(signal),
            @intFromPtr(new),
            @intFromPtr(old),
            @sizeOf(u64),
        );
        return linux.errno(result) == .SUCCESS;
    }

    /// On x86_64 the program brings the code that ends a handler; elsewhere the kernel does.
    pub fn action(handler: usize, flags: c_ulong, mask: u64) Action {
        const brings = builtin.cpu.arch == .x86_64;
        const without = flags & ~@as(c_ulong, sa_restorer);
        return .{
            .handler = handler,
            .flags = if (brings) without | sa_restorer else without,
            .restorer = if (brings) @intFromPtr(&restore) else 0,
            .mask = mask,
        };
    }

    const sa_restorer = 0x04000000; // arch/x86/include/uapi/asm/signal.h, and arm64's

    /// rt_sigreturn, in the very bytes of glibc's and musl's: unwinders and debuggers know
    /// a signal's frame by them (gcc's config/i386/linux-unwind.h).
    fn restore() callconv(.naked) noreturn {
        asm volatile (
            \\.byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00
            \\.byte 0x0f, 0x05
        );
    }

    pub fn masks(mask: u64, signal: c_int) bool {
        return mask & bit_of(signal) != 0;
    }

    pub fn unblock(signal: c_int) void {
        const set: linux.sigset_t = .{bit_of(signal)};
        _ = linux.sigprocmask(linux.SIG.UNBLOCK, &set, null);
    }

    fn bit_of(signal: c_int) u64 {
        return @as(u64, 1) << @intCast(signal - 1);
    }

    pub fn spare(info: *Info) *u64 {
        return &info.spare;
    }

    /// What another process or thread sent has a code of 0 or less.
    pub fn is_fault(info: ?*const Info) bool {
        return info == null or info.?.code > 0;
    }

    /// As rt_tgsigqueueinfo(2) allows for a thread's own signals only: with all that the
    /// kernel said of it. It is blocked now, and comes when the handler has returned.
    pub fn send_again(signal: c_int, info: ?*const Info) void {
        const process: usize = @intCast(linux.getpid());
        const thread: usize = @intCast(linux.gettid());
        const number: usize = @intCast(signal);
        if (info) |whole| {
            const result = linux.syscall4(.rt_tgsigqueueinfo, process, thread, number, @intFromPtr(whole));
            if (linux.errno(result) == .SUCCESS) return;
        }
        _ = linux.syscall3(.tgkill, process, thread, number);
    }

    // Codes of siginfo.h
    const segv_maperr = 1;
    const segv_accerr = 2;
    const segv_pkuerr = 4;
    const bus_adrerr = 2;
    const bus_mceerr_ar = 4;

    pub fn fault_of(signal: c_int, info: *const Info, context: ?*const anyopaque) ?fault.Fault {
        const refusal: fault.Refusal = if (signal == segv) switch (info.code) {
            segv_maperr, segv_accerr => .protection,
            segv_pkuerr => .key,
            else => return null,
        } else switch (info.code) {
            bus_adrerr, bus_mceerr_ar => .memory,
            else => return null,
        };
        const access = if (context) |given| access_of(given) else .some;
        return .{ .address = info.address, .access = access, .refusal = refusal };
    }

    /// A reader of standard error that has stopped reading must not keep the process alive.
    pub fn say(line: []const u8) void {
        var out = [_]linux.pollfd{.{ .fd = 2, .events = linux.POLL.OUT, .revents = 0 }};
        var wait: linux.timespec = .{ .sec = 1, .nsec = 0 };
        const ready = linux.ppoll(&out, out.len, &wait, null);
        if (linux.errno(ready) == .SUCCESS and ready == 0) return;
        _ = linux.write(2, line.ptr, line.len);
    }
};

fn access_of(context: *const anyopaque) fault.Access {
    return switch (builtin.cpu.arch) {
        .x86_64 => access_x86(context),
        .aarch64 => access_arm(context),
        else => @compileError("SecureMemory has no fault handler for this processor"),
    };
}

/// The error code of the page fault: Intel's manual, volume 3, "Interrupt 14".
fn access_x86(context: *const anyopaque) fault.Access {
    // ucontext: flags, link, stack (3 words), then gregs; REG_ERR is the 20th of these.
    const words: [*]const u64 = @ptrCast(@alignCast(context));
    const code = words[5 + 19];
    if (code & 1 << 4 != 0) return .run;
    return if (code & 1 << 1 != 0) .write else .read;
}

// ucontext of arm64: flags, link, stack, mask and its reserve (168 bytes), then, aligned to
// 16, sigcontext: 35 words, then, aligned again, records of what else was saved.
const arm_records = 176 + 288;
const arm_records_bytes = 4096;
const esr_magic = 0x45535201;

/// The syndrome of the fault: Arm's manual, "ESR_EL1"; struct esr_context.
fn access_arm(context: *const anyopaque) fault.Access {
    const records: [*]const u8 = @as([*]const u8, @ptrCast(context)) + arm_records;
    var at: usize = 0;
    while (at + 16 <= arm_records_bytes) {
        const magic = std.mem.readInt(u32, records[at..][0..4], .little);
        const size = std.mem.readInt(u32, records[at + 4 ..][0..4], .little);
        if (magic == esr_magic) return access_esr(std.mem.readInt(u64, records[at + 8 ..][0..8], .little));
        if (magic == 0 or size < 16 or size > arm_records_bytes) break;
        at += size;
    }
    return .some;
}

fn access_esr(esr: u64) fault.Access {
    const instruction_abort = 0x20;
    if (esr >> 26 & 0x3f == instruction_abort) return .run;
    const write = esr & 1 << 6 != 0;
    // Cache maintenance counts as a write for the processor, and needs to read only.
    const maintenance = esr & 1 << 8 != 0;
    return if (write and !maintenance) .write else .read;
}

test "read, write and run are told apart on x86_64" {
    var words: [64]u64 = @splat(0xffff_ffff_ffff_ffff);
    for ([_]struct { u64, fault.Access }{ .{ 4, .read }, .{ 5, .read }, .{ 6, .write }, .{ 7, .write }, .{ 0x15, .run }, .{ 0x27, .write } }) |case| {
        words[24] = case[0];
        try std.testing.expectEqual(case[1], access_x86(&words));
    }
}

test "read, write and run are told apart on aarch64" {
    const data_abort = 0x24 << 26;
    var context: [arm_records + arm_records_bytes]u8 align(16) = @splat(0);
    const records = context[arm_records..];
    // The floating point registers come first.
    std.mem.writeInt(u32, records[0..4], 0x46508001, .little);
    std.mem.writeInt(u32, records[4..8], 528, .little);
    try std.testing.expectEqual(.some, access_arm(&context));
    std.mem.writeInt(u32, records[528..][0..4], esr_magic, .little);
    std.mem.writeInt(u32, records[532..][0..4], 16, .little);
    for ([_]struct { u64, fault.Access }{
        .{ data_abort | 0x0f, .read },
        .{ data_abort | 1 << 6 | 0x0f, .write },
        .{ data_abort | 1 << 8 | 1 << 6, .read },
        .{ 0x20 << 26 | 0x0f, .run },
    }) |case| {
        std.mem.writeInt(u64, records[536..][0..8], case[0], .little);
        try std.testing.expectEqual(case[1], access_arm(&context));
    }
    // A record of a strange size ends the search.
    std.mem.writeInt(u32, records[4..8], 0, .little);
    try std.testing.expectEqual(.some, access_arm(&context));
}

test "only what the kernel says of memory is a fault of ours" {
    var info = std.mem.zeroes(System.Info);
    info.address = 0x1234;
    for ([_]struct { c_int, c_int, ?fault.Refusal }{
        .{ segv, 1, .protection }, .{ segv, 2, .protection }, .{ segv, 4, .key },
        .{ segv, 0x80, null }, // A general protection fault: the address is not told.
        .{ segv, 0, null }, // kill
        .{ segv, -6, null }, // tgkill
        .{ bus, 1, null },
        .{ bus, 2, .memory },
        .{ bus, 4, .memory },
    }) |case| {
        info.code = case[1];
        const about = System.fault_of(case[0], &info, null);
        try std.testing.expectEqual(case[2], if (about) |found| found.refusal else null);
    }
}
