//! Windows 10 and later, through kernel32, crypt32 and bcryptprimitives.
//!
//! Windows drops the lock of a page that becomes PAGE_NOACCESS (STATUS_WAS_UNLOCKED in
//! [MS-ERREF]) and cannot lock such a page (VirtualLock). So a closed page is encrypted:
//!
//!     closed   PAGE_NOACCESS, not locked, ciphertext of CryptProtectMemory
//!     open     PAGE_READONLY or PAGE_READWRITE, locked, plain bytes
//!
//! Each step between the two keeps to that order: lock, then decrypt; encrypt, then let go
//! of the lock. Plain bytes are thus on locked pages only (save on the unlocked rung), and
//! the page file can get ciphertext at most, which no other process can decrypt. A data
//! page that is committed and PAGE_NOACCESS always holds ciphertext, from `settle` on: the
//! protection says whether there is something to decrypt, nothing else has to remember it.
//!
//! Two facts the system cannot be asked for are kept in its own tables, as the state of
//! guard pages, which fault all the same whether they are reserved or committed:
//!
//!     the first guard of a reservation is committed    WER leaves the reservation out
//!     the guard behind a unit is committed             the unit may be open without a lock
//!
//! What does not hold. Which copies the system makes while it encrypts is not documented.
//! Hibernation writes locked pages too. `no_dump` is about Windows Error Reporting alone:
//! debuggers and MiniDumpWriteDump read open pages. A view that is used in another thread
//! while a window closes can see ciphertext for a moment before it faults. Page combining
//! cannot be refused, so `no_merge` is false; it would have to find a page whose bytes
//! equal a ciphertext.
//!
//! Sources: the pages of Microsoft Learn named beside each call, read in the text of
//! github.com/MicrosoftDocs/sdk-api; constants from the headers of the Windows SDK.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const Lock = @import("../lock.zig").Lock;
const shared = @import("../shared.zig");
const Cause = abi.Cause;
const Step = abi.Step;
const Failed = os.Failed;

// "VirtualAlloc function", "VirtualFree function"; winnt.h
const mem_commit: u32 = 0x1000;
const mem_reserve: u32 = 0x2000;
const mem_decommit: u32 = 0x4000;
const mem_release: u32 = 0x8000;

// "Memory Protection Constants"; winnt.h
const page_noaccess: u32 = 0x01;
const page_readonly: u32 = 0x02;
const page_readwrite: u32 = 0x04;

// "System Error Codes"; winerror.h
const error_invalid_parameter: u16 = 87;
const error_invalid_address: u16 = 487;
const error_no_system_resources: u16 = 1450;
const error_working_set_quota: u16 = 1453;
const error_not_enough_quota: u16 = 1816;

// "CryptProtectMemory function"; dpapi.h. Lengths are multiples of
// CRYPTPROTECTMEMORY_BLOCK_SIZE (16), as pages are.
const cryptprotectmemory_same_process: u32 = 0;

// "WerSetFlags function"; werapi.h
const wer_fault_reporting_flag_noheap: u32 = 1;

// "GetStdHandle function"; processenv.h: ((DWORD)-12)
const std_error_handle: u32 = 0xFFFF_FFF4;

/// Added to the minimum working set besides what has to be locked: some pages are the
/// system's overhead ("VirtualLock function"), and further windows need not ask again.
const working_set_slack = 64 * 1024;

/// MEMORY_BASIC_INFORMATION of winnt.h, for 64-bit processes.
const MemoryBasicInformation = extern struct {
    base_address: usize,
    allocation_base: usize,
    allocation_protect: u32,
    partition_id: u16,
    region_size: usize,
    state: u32,
    protect: u32,
    type: u32,
};

/// PSAPI_WORKING_SET_EX_INFORMATION of psapi.h with PSAPI_WORKING_SET_EX_BLOCK in it.
const WorkingSetExInformation = extern struct {
    virtual_address: usize,
    attributes: packed struct(u64) {
        valid: bool,
        share_count: u3,
        protection: u11,
        shared: bool,
        node: u6,
        locked: bool,
        _: u41,
    },
};

/// SYSTEM_INFO of sysinfoapi.h.
const SystemInfo = extern struct {
    processor_architecture: u16,
    reserved: u16,
    page_size: u32,
    minimum_application_address: usize,
    maximum_application_address: usize,
    active_processor_mask: usize,
    number_of_processors: u32,
    processor_type: u32,
    allocation_granularity: u32,
    processor_level: u16,
    processor_revision: u16,
};

comptime {
    std.debug.assert(@sizeOf(usize) == 8);
    std.debug.assert(@sizeOf(MemoryBasicInformation) == 48);
    std.debug.assert(@sizeOf(WorkingSetExInformation) == 16);
    std.debug.assert(@sizeOf(SystemInfo) == 48);
}

const Handle = ?*anyopaque;
/// Zero is failure, and GetLastError says why.
const Bool = c_int;
/// Zero (S_OK) is success.
const HResult = i32;

extern "kernel32" fn GetLastError() callconv(.winapi) u32;
extern "kernel32" fn GetSystemInfo(info: *SystemInfo) callconv(.winapi) void;
extern "kernel32" fn GetCurrentProcess() callconv(.winapi) Handle;
extern "kernel32" fn VirtualAlloc(usize, length: usize, kind: u32, protect: u32) callconv(.winapi) usize;
extern "kernel32" fn VirtualFree(address: usize, length: usize, kind: u32) callconv(.winapi) Bool;
extern "kernel32" fn VirtualProtect(usize, length: usize, new: u32, old: *u32) callconv(.winapi) Bool;
extern "kernel32" fn VirtualLock(address: usize, length: usize) callconv(.winapi) Bool;
extern "kernel32" fn VirtualQuery(usize, *MemoryBasicInformation, size: usize) callconv(.winapi) usize;
extern "kernel32" fn K32QueryWorkingSetEx(Handle, *WorkingSetExInformation, size: u32) callconv(.winapi) Bool;
extern "kernel32" fn GetProcessWorkingSetSize(Handle, low: *usize, high: *usize) callconv(.winapi) Bool;
extern "kernel32" fn SetProcessWorkingSetSize(Handle, low: usize, high: usize) callconv(.winapi) Bool;
extern "kernel32" fn GetModuleHandleA(name: ?[*:0]const u8) callconv(.winapi) Handle;
extern "kernel32" fn GetProcAddress(module: Handle, name: [*:0]const u8) callconv(.winapi) ?*const anyopaque;
extern "kernel32" fn WerGetFlags(process: Handle, flags: *u32) callconv(.winapi) HResult;
extern "kernel32" fn WerSetFlags(flags: u32) callconv(.winapi) HResult;
extern "kernel32" fn SwitchToThread() callconv(.winapi) Bool;
extern "kernel32" fn GetStdHandle(which: u32) callconv(.winapi) Handle;
extern "kernel32" fn WriteFile(Handle, [*]const u8, u32, written: *u32, ?*anyopaque) callconv(.winapi) Bool;
extern "crypt32" fn CryptProtectMemory(address: usize, length: u32, flags: u32) callconv(.winapi) Bool;
extern "crypt32" fn CryptUnprotectMemory(address: usize, length: u32, flags: u32) callconv(.winapi) Bool;
extern "bcryptprimitives" fn ProcessPrng(bytes: [*]u8, length: usize) callconv(.winapi) Bool;

/// One call that answers zero when it fails: asks the seam first.
fn call(cause: *Cause, step: Step, comptime function: anytype, arguments: anytype) Failed!void {
    if (seam.fails(cause, step)) return error.SystemCall;
    if (@call(.auto, function, arguments) == 0) return failed(cause, step);
}

fn failed(cause: *Cause, step: Step) Failed {
    cause.* = .{ .step = step, .errno = @truncate(GetLastError()) };
    return error.SystemCall;
}

pub fn page_size() usize {
    var info: SystemInfo = undefined;
    GetSystemInfo(&info);
    return info.page_size;
}

pub fn reserve(cause: *Cause, length: usize) Failed!usize {
    return allocate(cause, 0, length, mem_reserve, page_noaccess);
}

/// The whole reservation, whatever the length: "VirtualFree function" allows no less.
/// Its registration with WER ends first, as their number is limited and the addresses
/// may soon be someone else's.
pub fn unreserve(cause: *Cause, address: usize, _: usize) Failed!void {
    if (committed(address)) unregister(address);
    try call(cause, .VirtualFree, VirtualFree, .{ address, 0, mem_release });
}

/// Whole reservations only: pages of one that are marked again are in it already.
///
/// "WerRegisterExcludedMemoryBlock function": since version 1703, and at most
/// WER_MAX_REGISTERED_ENTRIES (512) of all registrations of the process. Beyond that, or where error reporting is in no state
/// to register anything, pages are ciphertext while closed, as everywhere here, but open
/// ones can get into a report. That is less, and not nothing: no error, but `region` says
/// `no_dump` is false. Nothing else needs marking: there is no fork, and large pages exist
/// only where MEM_LARGE_PAGES asks for them.
pub fn mark(_: *Cause, address: usize, length: usize) Failed!void {
    var ignored: Cause = .{};
    if (!is_reservation(address)) return;
    if (!register(address, length)) return;
    commit_guard(&ignored, address) catch unregister(address);
}

/// Ordinary memory as well is left out of reports, where that can be had; `unreserve` ends it.
pub fn mark_scratch(_: *Cause, address: usize, length: usize) Failed!void {
    _ = register(address, length);
}

fn register(address: usize, length: usize) bool {
    var ignored: Cause = .{};
    const size = std.math.cast(u32, length) orelse return false;
    if (seam.fails(&ignored, .WerRegisterExcludedMemoryBlock)) return false;
    const Register = fn (address: usize, size: u32) callconv(.winapi) HResult;
    const function = if_there(Register, "WerRegisterExcludedMemoryBlock") orelse return false;
    return function(address, size) == 0;
}

fn is_reservation(address: usize) bool {
    var found: MemoryBasicInformation = undefined;
    if (VirtualQuery(address, &found, @sizeOf(MemoryBasicInformation)) == 0) return false;
    return found.allocation_base == address;
}

fn unregister(address: usize) void {
    const Unregister = fn (address: usize) callconv(.winapi) HResult;
    const function = if_there(Unregister, "WerUnregisterExcludedMemoryBlock") orelse return;
    _ = function(address);
}

/// A function of kernel32 that not every Windows 10 has (nor Windows Server 2016, nor Wine).
/// As an import it would keep the whole library from being loaded there.
fn if_there(comptime Function: type, name: [*:0]const u8) ?*const Function {
    return @ptrCast(@alignCast(GetProcAddress(GetModuleHandleA("kernel32.dll"), name)));
}

/// The unit is closed from the beginning, so its zeros become ciphertext. The lock is let
/// go of at the end; taking it shows that this much can be locked, and is where the limit
/// is found rather than at the first window.
pub fn settle(cause: *Cause, address: usize, length: usize, locked: bool) Failed!void {
    if (length > std.math.maxInt(u32)) {
        // What CryptProtectMemory can take at once.
        cause.* = .{ .step = .CryptProtectMemory, .errno = error_invalid_parameter };
        return error.SystemCall;
    }
    _ = try allocate(cause, address, length, mem_commit, page_readwrite);
    errdefer {
        var ignored: Cause = .{};
        replace(&ignored, address, length) catch {};
    }
    if (locked) try lock(cause, address, length) else try commit_guard(cause, address + length);
    try encrypt(cause, address, length);
    _ = try protect(cause, address, length, page_noaccess);
}

/// "VirtualProtect function" answers with the protection of before: if that was
/// PAGE_NOACCESS, the unit was closed. On failure it is as it was.
pub fn open(cause: *Cause, address: usize, length: usize, protection: abi.Protection) Failed!void {
    const before = try protect(cause, address, length, page_readwrite);
    if (before == page_noaccess) {
        unseal(cause, address, length) catch |err| {
            shut(address, length);
            return err;
        };
    }
    switch (protection) {
        .none => unreachable,
        .write => {},
        .read => _ = protect(cause, address, length, page_readonly) catch |err| {
            var ignored: Cause = .{};
            if (before == page_noaccess) close(&ignored, address, length) catch {};
            return err;
        },
    }
}

/// Encrypts in place, for which the pages have to be writable. On failure they are as
/// they were: plain, locked and open.
pub fn close(cause: *Cause, address: usize, length: usize) Failed!void {
    const before = try protect(cause, address, length, page_readwrite);
    if (before == page_noaccess) return shut(address, length);
    var ignored: Cause = .{};
    encrypt(cause, address, length) catch |err| {
        _ = protect(&ignored, address, length, before) catch {};
        return err;
    };
    _ = protect(cause, address, length, page_noaccess) catch |err| {
        // Ciphertext must not be read as if it were the secret: then rather nothing.
        decrypt(&ignored, address, length) catch replace(&ignored, address, length) catch {};
        _ = protect(&ignored, address, length, before) catch {};
        return err;
    };
}

/// Locking has brought the pages in.
pub fn populate(_: *Cause, _: usize, _: usize) Failed!void {}

/// "VirtualFree function": decommitted pages are reserved, hence inaccessible, and their
/// content is gone, lock and all.
pub fn replace(cause: *Cause, address: usize, length: usize) Failed!void {
    try call(cause, .VirtualFree, VirtualFree, .{ address, length, mem_decommit });
}

/// Windows has nothing like it.
pub fn seal(cause: *Cause, _: usize, _: usize) Failed!void {
    cause.* = .{};
    return error.SystemCall;
}

pub fn metadata(cause: *Cause, length: usize) Failed!usize {
    return allocate(cause, 0, length, mem_reserve | mem_commit, page_readwrite);
}

/// "ProcessPrng function": the generator in this process, which the system seeds. It
/// always answers TRUE.
pub fn random(cause: *Cause, bytes: []u8) Failed!void {
    try call(cause, .ProcessPrng, ProcessPrng, .{ bytes.ptr, bytes.len });
}

/// None that could be told in advance. What a process can lock at once is its minimum
/// working set, less a small overhead; that is raised on demand, and only the pages of
/// windows that are open count. When the system refuses, `lock_errno_is_limit`.
pub fn lock_limit(_: *Cause) Failed!u64 {
    return std.math.maxInt(u64);
}

pub fn lock_errno_is_limit(errno: u16) bool {
    return switch (errno) {
        error_working_set_quota, error_not_enough_quota, error_no_system_resources => true,
        else => false,
    };
}

/// Not counted by the system.
/// Nothing is asked for here whose absence would be kept in mind.
pub fn errno_is_transient(_: u16) bool {
    return false;
}

pub fn locked_now() u64 {
    return 0;
}

/// `locked` of an open unit is what the working set says. A closed one is not locked, yet
/// is reported so unless it may be open without a lock: its plain bytes exist nowhere but
/// on locked pages, and that is what the bit promises.
pub fn region(cause: *Cause, address: usize, length: usize) Failed!os.Region {
    const unit = try query(cause, address);
    if (unit.state != mem_commit or unit.region_size < length) {
        cause.* = .{ .step = .VirtualQuery, .errno = error_invalid_address };
        return error.SystemCall;
    }
    const protection: abi.Protection = switch (unit.protect) {
        page_readonly => .read,
        page_readwrite => .write,
        else => .none,
    };
    return .{
        .protection = protection,
        .locked = if (protection == .none)
            !committed(address + length)
        else
            try in_working_set_and_locked(cause, address, length),
        .no_dump = committed(unit.allocation_base),
        .wipe_on_fork = false,
        .absent_on_fork = true,
        .no_merge = false,
        .no_huge_pages = true,
        .guarded = inaccessible(address - 1) and inaccessible(address + length),
        .guards_sealed = false,
        .secretmem = false,
        .pkey = 0,
    };
}

/// The nearest to a core limit: reports without heap information ("WerSetFlags function").
/// It does not bind dumps that someone takes on purpose. SetErrorMode is not used: it
/// promises no more than the absence of a dialog, and child processes inherit it.
/// Nothing corresponds to `harden_not_dumpable`.
pub fn setting(_: *Cause, part: abi.HardenPart) Failed!?u64 {
    if (part == .not_dumpable) return null;
    var settings: u32 = 0;
    if (WerGetFlags(GetCurrentProcess(), &settings) != 0) return 0;
    return settings;
}

pub fn hardened(_: abi.HardenPart, now: u64) u64 {
    return now | wer_fault_reporting_flag_noheap;
}

pub fn can_set(_: abi.HardenPart, _: u64) bool {
    return true;
}

pub fn set(cause: *Cause, _: abi.HardenPart, value: u64) Failed!void {
    if (seam.fails(cause, .WerSetFlags)) return error.SystemCall;
    const result = WerSetFlags(@intCast(value));
    if (result == 0) return;
    cause.* = .{ .step = .WerSetFlags, .errno = @truncate(@as(u32, @bitCast(result))) };
    return error.SystemCall;
}

pub fn yield() void {
    _ = SwitchToThread();
}

pub fn write_error(text: []const u8) void {
    var written: u32 = 0;
    _ = WriteFile(GetStdHandle(std_error_handle), text.ptr, @truncate(text.len), &written, null);
}

/// Of the program itself: "GetModuleHandleA function" without a name, "GetProcAddress function".
pub fn process_function(comptime Function: type, comptime name: [:0]const u8) ?*const Function {
    const program = GetModuleHandleA(null) orelse return null;
    return @ptrCast(@alignCast(GetProcAddress(program, name)));
}

fn allocate(cause: *Cause, address: usize, length: usize, kind: u32, protection: u32) Failed!usize {
    if (seam.fails(cause, .VirtualAlloc)) return error.SystemCall;
    const allocated = VirtualAlloc(address, length, kind, protection);
    return if (allocated != 0) allocated else failed(cause, .VirtualAlloc);
}

/// Returns the protection of before.
fn protect(cause: *Cause, address: usize, length: usize, protection: u32) Failed!u32 {
    var before: u32 = 0;
    try call(cause, .VirtualProtect, VirtualProtect, .{ address, length, protection, &before });
    return before;
}

/// Ciphertext that is accessible becomes inaccessible again. If even that is refused, the
/// memory goes: the state of the pages must never say plain where there is ciphertext.
fn shut(address: usize, length: usize) void {
    var ignored: Cause = .{};
    _ = protect(&ignored, address, length, page_noaccess) catch {
        replace(&ignored, address, length) catch {};
    };
}

/// Closed pages, just made writable, get their lock and then their plain bytes.
fn unseal(cause: *Cause, address: usize, length: usize) Failed!void {
    try lock(cause, address, length);
    try decrypt(cause, address, length);
}

fn encrypt(cause: *Cause, address: usize, length: usize) Failed!void {
    try call(cause, .CryptProtectMemory, CryptProtectMemory, .{
        address, @as(u32, @intCast(length)), cryptprotectmemory_same_process,
    });
}

fn decrypt(cause: *Cause, address: usize, length: usize) Failed!void {
    try call(cause, .CryptUnprotectMemory, CryptUnprotectMemory, .{
        address, @as(u32, @intCast(length)), cryptprotectmemory_same_process,
    });
}

/// A unit that may be open without a lock takes one if it is to be had. For all others
/// the minimum working set is raised, once, if that is what stands in the way; if it
/// cannot be, the refusal of the lock is the cause that counts.
fn lock(cause: *Cause, address: usize, length: usize) Failed!void {
    call(cause, .VirtualLock, VirtualLock, .{ address, length }) catch |err| {
        const refused = cause.*;
        if (committed(address + length)) {
            cause.* = .{};
            return;
        }
        if (refused.errno != error_working_set_quota) return err;
        raise_working_set(cause, length) catch {
            cause.* = refused;
            return err;
        };
        try call(cause, .VirtualLock, VirtualLock, .{ address, length });
    };
}

pub const Variables = struct {
    /// Two threads that raise it at once would lose one of the two increments.
    raising: Lock = .{},
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.system, &own);
}

/// "SetProcessWorkingSetSize function": the maximum has to stay above the minimum. It is
/// never lowered: the next window would raise it again.
fn raise_working_set(cause: *Cause, length: usize) Failed!void {
    vars().raising.acquire();
    defer vars().raising.release();
    const process = GetCurrentProcess();
    var minimum: usize = 0;
    var maximum: usize = 0;
    const step: Step = .SetProcessWorkingSetSize;
    try call(cause, step, GetProcessWorkingSetSize, .{ process, &minimum, &maximum });
    const more = length + working_set_slack;
    try call(cause, step, SetProcessWorkingSetSize, .{ process, minimum +| more, maximum +| more });
}

/// Notes a fact about a unit or a reservation: see the head of this file. A page that is
/// only committed takes no memory.
fn commit_guard(cause: *Cause, address: usize) Failed!void {
    _ = try allocate(cause, address, 1, mem_commit, page_noaccess);
}

fn query(cause: *Cause, address: usize) Failed!MemoryBasicInformation {
    var found: MemoryBasicInformation = undefined;
    try call(cause, .VirtualQuery, VirtualQuery, .{ address, &found, @sizeOf(MemoryBasicInformation) });
    return found;
}

fn committed(address: usize) bool {
    var ignored: Cause = .{};
    const found = query(&ignored, address) catch return false;
    return found.state == mem_commit;
}

/// Reserved, or committed without access. Free address space is neither: it may be taken.
fn inaccessible(address: usize) bool {
    var ignored: Cause = .{};
    const found = query(&ignored, address) catch return false;
    return found.state == mem_reserve or (found.state == mem_commit and found.protect == page_noaccess);
}

/// "PSAPI_WORKING_SET_EX_BLOCK": `locked` means something only if the page is valid.
fn in_working_set_and_locked(cause: *Cause, address: usize, length: usize) Failed!bool {
    const process = GetCurrentProcess();
    const page_bytes = page_size();
    const size = @sizeOf(WorkingSetExInformation);
    var page = address;
    while (page < address + length) : (page += page_bytes) {
        var found = std.mem.zeroes(WorkingSetExInformation);
        found.virtual_address = page;
        try call(cause, .VirtualQuery, K32QueryWorkingSetEx, .{ process, &found, size });
        if (!found.attributes.valid or !found.attributes.locked) return false;
    }
    return true;
}

comptime {
    // Without them, Zig's runtime library is linked for copying.
    _ = @import("../moves.zig");
}
