//! macOS, through libSystem: Apple promises no stable system calls, only this library.
//!
//! What holds: the data pages of a `locked` unit are wired, so they are neither swapped
//! nor compressed; every page is absent in a forked child, guards included; closed pages
//! and guards are PROT_NONE.
//!
//! What does not hold. There is no way to leave memory out of a core dump: the kernel
//! even makes closed pages readable first (bsd/kern/kern_core.c of xnu, "try as hard as
//! possible to get read access"). So `no_dump` is false, and `harden` with its core limit
//! is what helps. Sleep images ("safe sleep") hold locked pages too. A process may not
//! refuse to be traced here: PT_DENY_ATTACH would kill debuggers of the application, so it
//! is not used, and `harden_not_dumpable` is never reported as done.
//!
//! Sources: mmap(2), mprotect(2), mlock(2), minherit(2), getentropy(2), getrlimit(2) of
//! the macOS manual; constants and layouts from the headers of the macOS SDK.

const std = @import("std");
const c = std.c;
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const Cause = abi.Cause;
const Step = abi.Step;
const Failed = os.Failed;

// Zig's std declares none of these for macOS.
extern "c" fn minherit(address: *anyopaque, length: usize, inherit: c_int) c_int; // <sys/mman.h>
extern "c" fn getentropy(buffer: [*]u8, length: usize) c_int; // <sys/random.h>
extern "c" fn getpagesize() c_int; // <unistd.h>

// <mach/vm_inherit.h>
const vm_inherit_none = 2;

// getentropy(2): asking for more than 256 bytes fails with EIO.
const entropy_bytes_max = 256;

// <mach/vm_region.h>: the flavor, and `vm_region_basic_info_64`. The header packs it to 4
// bytes; the declaration in Zig's std does not and finds `user_wired_count` elsewhere.
const vm_region_basic_info_64 = 9;
const BasicInfo = extern struct {
    protection: u32,
    max_protection: u32,
    inheritance: u32,
    shared: u32,
    reserved: u32,
    offset: u64 align(4),
    behavior: i32,
    user_wired_count: u16,
};
comptime {
    std.debug.assert(@sizeOf(BasicInfo) == 36);
    std.debug.assert(@offsetOf(BasicInfo, "user_wired_count") == 32);
}

// <mach/vm_prot.h>
const vm_prot_read: u32 = 1;
const vm_prot_write: u32 = 2;

const none: c.PROT = .{};
const read: c.PROT = .{ .READ = true };
const read_write: c.PROT = .{ .READ = true, .WRITE = true };

/// One call of libSystem: asks the seam first, then turns -1 into an error with its errno.
fn call(cause: *Cause, step: Step, comptime function: anytype, arguments: anytype) Failed!void {
    if (seam.fails(cause, step)) return error.SystemCall;
    if (@call(.auto, function, arguments) == -1) return failed(cause, step);
}

fn failed(cause: *Cause, step: Step) Failed {
    const errno: c_uint = @bitCast(c._errno().*);
    cause.* = .{ .step = step, .errno = @truncate(errno) };
    return error.SystemCall;
}

/// 4 KiB on Intel, 16 KiB on Apple silicon.
pub fn page_size() usize {
    return @intCast(getpagesize());
}

pub fn reserve(cause: *Cause, length: usize) Failed!usize {
    return map(cause, 0, length, none);
}

/// munmap(2) ends the locks on the range, mlock(2) says.
pub fn unreserve(cause: *Cause, address: usize, length: usize) Failed!void {
    try call(cause, .munmap, c.munmap, .{ pages(address), length });
}

/// Only forks can be refused. Nothing of the rest applies: dumps cannot be told, macOS
/// does not merge equal pages, and it uses large pages only where a mapping asks for them.
pub fn mark(cause: *Cause, address: usize, length: usize) Failed!void {
    try call(cause, .minherit, minherit, .{ pages(address), length, vm_inherit_none });
}

/// Ordinary memory that holds what is secret for a moment.
pub const mark_scratch = mark;

/// There is no lock on fault: mlock(2) brings the pages in, so they are made accessible
/// for it. They hold zeros. The lock stays when they become inaccessible again. Locks nest
/// here, but a unit is locked once and unlocked only by being unmapped.
pub fn settle(cause: *Cause, address: usize, length: usize, locked: bool) Failed!void {
    if (!locked) return;
    var ignored: Cause = .{};
    try protect(cause, address, length, read_write);
    call(cause, .mlock, c.mlock, .{ pages(address), length }) catch |err| {
        protect(&ignored, address, length, none) catch {};
        return err;
    };
    protect(cause, address, length, none) catch |err| {
        call(&ignored, .munlock, c.munlock, .{ pages(address), length }) catch {};
        return err;
    };
}

pub fn open(cause: *Cause, address: usize, length: usize, protection: abi.Protection) Failed!void {
    try protect(cause, address, length, switch (protection) {
        .none => unreachable,
        .read => read,
        .write => read_write,
    });
}

pub fn close(cause: *Cause, address: usize, length: usize) Failed!void {
    try protect(cause, address, length, none);
}

/// Locked pages are in memory already, and others may come one by one.
pub fn populate(_: *Cause, _: usize, _: usize) Failed!void {}

/// A new inaccessible mapping over the old one, which takes the old pages and their lock
/// away and keeps the address. It would be inherited by a fork, and holds nothing.
pub fn replace(cause: *Cause, address: usize, length: usize) Failed!void {
    _ = try map(cause, address, length, none);
}

/// macOS has VM_FLAGS_PERMANENT for that, at the moment of mapping only and for a whole
/// reservation, units included: not of use here.
pub fn seal(cause: *Cause, _: usize, _: usize) Failed!void {
    cause.* = .{};
    return error.SystemCall;
}

pub fn metadata(cause: *Cause, length: usize) Failed!usize {
    return map(cause, 0, length, read_write);
}

/// The kernel's generator. The manual recommends arc4random(3) for common use; its state
/// would be a second secret in this process, in memory that is neither locked nor guarded.
pub fn random(cause: *Cause, bytes: []u8) Failed!void {
    var rest = bytes;
    while (rest.len > 0) {
        const part = rest[0..@min(rest.len, entropy_bytes_max)];
        try call(cause, .getentropy, getentropy, .{ part.ptr, part.len });
        rest = rest[part.len..];
    }
}

/// RLIMIT_MEMLOCK, infinite by default. The system has a limit of its own above it
/// (sysctl vm.user_wire_limit, most of the memory there is), which shows as EAGAIN.
pub fn lock_limit(cause: *Cause) Failed!u64 {
    var limit: c.rlimit = undefined;
    try call(cause, .getrlimit, c.getrlimit, .{ c.rlimit_resource.MEMLOCK, &limit });
    return if (limit.cur >= c.RLIM.INFINITY) std.math.maxInt(u64) else limit.cur;
}

/// mlock(2): EAGAIN where the system's or the process's limit would be exceeded.
pub fn lock_errno_is_limit(errno: u16) bool {
    return errno == @backingInt(c.E.AGAIN);
}

/// The system counts this per process, but tells nobody.
/// Nothing is asked for here whose absence would be kept in mind.
pub fn errno_is_transient(_: u16) bool {
    return false;
}

pub fn locked_now() u64 {
    return 0;
}

/// One entry of the address space.
const Entry = struct {
    start: usize,
    end: usize,
    info: BasicInfo,

    fn inaccessible(entry: Entry, at: usize) bool {
        return entry.start <= at and entry.info.protection == 0;
    }
};

/// The entry that holds `address`, or the next one above if none does. The kernel may
/// join equal neighbours (a closed page that is not locked and its guards) and may keep
/// large mappings in several entries.
fn entry_at(cause: *Cause, address: usize) Failed!Entry {
    if (seam.fails(cause, .mach_vm_region)) return error.SystemCall;
    var start: u64 = address;
    var length: u64 = 0;
    var info: BasicInfo = undefined;
    var count: u32 = @sizeOf(BasicInfo) / @sizeOf(u32);
    var object: c.mach_port_t = 0;
    const answer: u32 = @bitCast(c.mach_vm_region(
        c.mach_task_self(),
        &start,
        &length,
        vm_region_basic_info_64,
        @ptrCast(&info),
        &count,
        &object,
    ));
    if (answer != 0) {
        cause.* = .{ .step = .mach_vm_region, .errno = @truncate(answer) };
        return error.SystemCall;
    }
    return .{ .start = start, .end = start + length, .info = info };
}

pub fn region(cause: *Cause, address: usize, length: usize) Failed!os.Region {
    var rights = vm_prot_read | vm_prot_write;
    var locked = true;
    var absent = true;
    var at = address;
    while (at < address + length) {
        const entry = try entry_at(cause, at);
        if (entry.start > at) {
            cause.* = .{ .step = .mach_vm_region, .errno = @backingInt(c.E.FAULT) };
            return error.SystemCall;
        }
        rights &= entry.info.protection;
        locked = locked and entry.info.user_wired_count > 0;
        absent = absent and entry.info.inheritance == vm_inherit_none;
        at = entry.end;
    }
    const before = try entry_at(cause, address - 1);
    const after = try entry_at(cause, address + length);
    return .{
        .protection = if (rights & vm_prot_read == 0)
            .none
        else if (rights & vm_prot_write == 0)
            .read
        else
            .write,
        .locked = locked,
        .no_dump = false,
        .wipe_on_fork = false,
        .absent_on_fork = absent,
        // True of all memory that asks for nothing else; see `mark`.
        .no_merge = true,
        .no_huge_pages = true,
        .guarded = before.inaccessible(address - 1) and after.inaccessible(address + length),
        .guards_sealed = false,
        .secretmem = false,
        .pkey = 0,
    };
}

/// RLIMIT_CORE: the soft limit only, so that it can be undone. It is no limit for crash
/// reports, which are text: backtraces and registers.
pub fn setting(cause: *Cause, part: abi.HardenPart) Failed!?u64 {
    return switch (part) {
        .core_limit => (try core_limit(cause)).cur,
        .not_dumpable => null,
    };
}

pub fn hardened(_: abi.HardenPart, _: u64) u64 {
    return 0;
}

pub fn can_set(_: abi.HardenPart, _: u64) bool {
    return true;
}

/// A hard limit that was lowered meanwhile binds the soft one.
pub fn set(cause: *Cause, _: abi.HardenPart, value: u64) Failed!void {
    var limit = try core_limit(cause);
    limit.cur = @min(value, limit.max);
    try call(cause, .setrlimit, c.setrlimit, .{ c.rlimit_resource.CORE, &limit });
}

fn core_limit(cause: *Cause) Failed!c.rlimit {
    var limit: c.rlimit = undefined;
    try call(cause, .getrlimit, c.getrlimit, .{ c.rlimit_resource.CORE, &limit });
    return limit;
}

pub fn yield() void {
    _ = c.sched_yield();
}

pub fn write_error(text: []const u8) void {
    _ = c.write(2, text.ptr, text.len);
}

/// dlsym(3) by RTLD_DEFAULT, <dlfcn.h>: every image of the process.
pub fn process_function(comptime Function: type, comptime name: [:0]const u8) ?*const Function {
    const rtld_default: isize = -2;
    return @ptrCast(@alignCast(c.dlsym(@ptrFromInt(@as(usize, @bitCast(rtld_default))), name)));
}

/// At any address if `address` is 0, else exactly there, over what is there.
fn map(cause: *Cause, address: usize, length: usize, protection: c.PROT) Failed!usize {
    if (seam.fails(cause, .mmap)) return error.SystemCall;
    const flags: c.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .FIXED = address != 0 };
    const no_file = -1;
    const hint = if (address == 0) null else pages(address);
    const mapped = c.mmap(hint, length, protection, flags, no_file, 0);
    if (mapped == c.MAP_FAILED) return failed(cause, .mmap);
    return @intFromPtr(mapped);
}

fn protect(cause: *Cause, address: usize, length: usize, protection: c.PROT) Failed!void {
    try call(cause, .mprotect, c.mprotect, .{ pages(address), length, protection });
}

fn pages(address: usize) *align(std.heap.page_size_min) anyopaque {
    return @ptrFromInt(address);
}
