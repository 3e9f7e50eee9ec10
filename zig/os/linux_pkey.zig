//! Memory protection keys of x86-64: a key in the page table, and the rights to each key
//! in PKRU, a register that every thread has of its own and changes without the kernel.
//!
//! PKRU is only ever read, changed in our two bits, and written back: V8 owns others. WRPKRU
//! stands in one function of the whole library, which a test on the file counts.
//!
//! Sources: pkeys(7), pkey_alloc(2), pkey_mprotect(2); Intel SDM volume 3, 5.6.2 "Protection
//! Keys", and volume 2, RDPKRU and WRPKRU.

const std = @import("std");
const linux = std.os.linux;
const abi = @import("../abi.zig");
const os = @import("../os.zig");
const seam = @import("../seam.zig");
const call = @import("linux_call.zig").call;
const Cause = abi.Cause;
const Failed = os.Failed;

/// Rights of a thread to the pages of a key: the register's two bits, access disable and
/// write disable.
pub const Rights = enum(u2) { write = 0b00, read = 0b10, none = 0b11, access_disabled = 0b01 };

/// Key 0 is that of all other memory.
pub const Key = u4;
pub const exists = true;

/// Tells this thread from all that run: the address of its control block, which the C library, or
/// Zig, keeps as the block's first word (System V ABI for x86-64, "Thread-local storage"). A thread
/// that is started later may have that of one that has ended.
pub fn thread() usize {
    return asm volatile ("movq %%fs:0, %[block]"
        : [block] "=r" (-> usize),
    );
}

/// A key to which no thread has rights that already runs, this one included.
pub fn alloc(cause: *Cause) Failed!Key {
    const disable_access: usize = 1; // PKEY_DISABLE_ACCESS
    const key = try call(cause, .pkey_alloc, pkey_alloc, .{ @as(usize, 0), disable_access });
    return @intCast(key);
}

/// Changes the page table's protection and key in one call.
pub fn protect(cause: *Cause, address: usize, length: usize, protection: abi.Protection, key: Key) Failed!void {
    const bits: linux.PROT = switch (protection) {
        .none => .{},
        .read => .{ .READ = true },
        .write => .{ .READ = true, .WRITE = true },
    };
    _ = try call(cause, .pkey_mprotect, pkey_mprotect, .{ address, length, bits, key });
}

/// What this thread may do with the pages of a key. Only where `alloc` has given one:
/// without keys in the processor the instruction does not exist.
pub fn rights(key: Key) Rights {
    return @fromBackingInt(@truncate(read_pkru() >> shift(key)));
}

pub fn set_rights(key: Key, wanted: Rights) void {
    const mask = @as(u32, 0b11) << shift(key);
    write_pkru((read_pkru() & ~mask) | @as(u32, @backingInt(wanted)) << shift(key));
}

/// Whether keys do what they are for, on a page of its own. Needs no signal handler: the
/// kernel copies to and from a page with the rights of the thread, and answers EFAULT.
pub fn self_test(cause: *Cause, page: usize, key: Key) Failed!void {
    var pipe: [2]i32 = undefined;
    _ = try call(cause, .pipe2, linux.pipe2, .{ &pipe, linux.O{ .CLOEXEC = true, .NONBLOCK = true } });
    defer for (pipe) |fd| {
        _ = linux.close(fd);
    };
    const byte: [*]u8 = @ptrFromInt(page);
    const before = rights(key);
    defer set_rights(key, before);
    const works = !seam.fails(cause, .pkey_self_test) and
        may(cause, key, .none, pipe, byte) == .nothing and
        may(cause, key, .read, pipe, byte) == .reading and
        may(cause, key, .write, pipe, byte) == .everything and
        may(cause, key, .none, pipe, byte) == .nothing;
    if (works) return;
    cause.step = .pkey_self_test;
    return error.SystemCall;
}

const Possible = enum { nothing, reading, everything, nonsense };

/// What the kernel lets this thread do with a byte of the page. Fills in the errno of a call
/// that failed for another reason.
fn may(cause: *Cause, key: Key, with: Rights, pipe: [2]i32, byte: [*]u8) Possible {
    set_rights(key, with);
    const written = linux.errno(linux.write(pipe[1], byte, 1));
    if (written == .FAULT) return .nothing;
    if (written != .SUCCESS) return nonsense(cause, written);
    const read = linux.errno(linux.read(pipe[0], byte, 1));
    if (read == .SUCCESS) return .everything;
    // What could not be read into the page is still in the pipe.
    var drain: [1]u8 = undefined;
    const drained = linux.errno(linux.read(pipe[0], &drain, 1));
    if (drained != .SUCCESS) return nonsense(cause, drained);
    return if (read == .FAULT) .reading else nonsense(cause, read);
}

fn nonsense(cause: *Cause, errno: linux.E) Possible {
    cause.errno = @intCast(@backingInt(errno));
    return .nonsense;
}

/// Of a clock that only goes forward, as coarse as the kernel's own ticks. By a system call:
/// Zig's own function looks for the kernel's shared page by a symbol of the C library.
pub fn milliseconds() u64 {
    var now: linux.timespec = .{ .sec = 0, .nsec = 0 };
    const clock: linux.clockid_t = .MONOTONIC_COARSE;
    _ = linux.syscall2(.clock_gettime, @backingInt(clock), @intFromPtr(&now));
    return @as(u64, @intCast(now.sec)) * 1000 + @as(u64, @intCast(now.nsec)) / std.time.ns_per_ms;
}

fn shift(key: Key) u5 {
    return @as(u5, key) * 2;
}

fn read_pkru() u32 {
    return asm volatile (".byte 0x0f, 0x01, 0xee"
        : [pkru] "={eax}" (-> u32),
        : [zero] "{ecx}" (@as(u32, 0)),
        : .{ .edx = true });
}

/// Accesses that follow wait for it, those before are done: the compiler must not move
/// them over it, either.
noinline fn write_pkru(value: u32) void {
    asm volatile (".byte 0x0f, 0x01, 0xef"
        :
        : [pkru] "{eax}" (value),
          [zero] "{ecx}" (@as(u32, 0)),
          [also_zero] "{edx}" (@as(u32, 0)),
        : .{ .memory = true });
}

fn pkey_alloc(flags: usize, initial: usize) usize {
    return linux.syscall2(.pkey_alloc, flags, initial);
}

fn pkey_mprotect(address: usize, length: usize, protection: linux.PROT, key: Key) usize {
    return linux.syscall4(.pkey_mprotect, address, length, @as(u32, @bitCast(protection)), key);
}
