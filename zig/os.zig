//! The operating system under the core: one file each, the same functions in all.
//!
//! Every function that can fail takes a `*Cause`, fills it in, and returns
//! `error.SystemCall`; the caller knows what the failure means. Addresses are
//! `usize` and always multiples of the page size.
//!
//!     page_size() usize
//!     reserve(cause, length) !usize            inaccessible address space
//!     unreserve(cause, address, length) !void
//!     mark(cause, address, length) !void       out of dumps, forks, merging, huge pages
//!     mark_scratch(cause, address, length)     the same for what `metadata` gave
//!     settle(cause, address, length, locked)   make a data page locked (or not) and inaccessible
//!     open(cause, address, length, p) !void    make a data page readable or writable
//!     close(cause, address, length) !void      make it inaccessible again
//!     populate(cause, address, length) !void   fault a writable range in, in one call
//!     replace(cause, address, length) !void    drop the memory, keep the address, inaccessible
//!     seal(cause, address, length) !void       nobody changes this mapping any more
//!     metadata(cause, length) !usize           ordinary zeroed memory for bookkeeping
//!     random(cause, bytes) !void
//!     lock_limit(cause) !u64                   bytes; maxInt(u64) when there is none
//!     lock_errno_is_limit(errno) bool
//!     errno_is_transient(errno) bool           short of something, not without it
//!     locked_now() u64                         bytes the system counts as locked, 0 if unknown
//!     region(cause, address, length) !Region   what the system says of a range
//!     setting(cause, part) !?u64               what `harden` changes, as a number; null: no such here
//!     hardened(part, now) u64                  the number that it wants
//!     can_set(part, value) bool
//!     set(cause, part, value) !void
//!     yield() void
//!     write_error(text) void
//!     process_function(Type, name) ?*Type      a function that the process has, whoever brought it
//!
//! Two mechanisms that not every system has are files of their own: `secretmem` and `pkey`.

const builtin = @import("builtin");
const abi = @import("abi.zig");

pub const current = switch (builtin.target.os.tag) {
    .linux => @import("os/linux.zig"),
    .macos => @import("os/darwin.zig"),
    .windows => @import("os/windows.zig"),
    .freestanding => @import("os/wasm.zig"),
    else => @compileError("SecureMemory has no layer for this operating system"),
};

pub const secretmem = switch (builtin.target.os.tag) {
    .linux => @import("os/linux_secretmem.zig"),
    else => @import("os/no_secretmem.zig"),
};

pub const pkey = if (builtin.target.os.tag == .linux and builtin.target.cpu.arch == .x86_64)
    @import("os/linux_pkey.zig")
else
    @import("os/no_pkey.zig");

/// What the end of a process takes: `arm`, `process_id`, `alone`, `overwrite`.
pub const ending = switch (builtin.target.os.tag) {
    .linux => @import("os/linux_ending.zig"),
    .macos => @import("os/darwin_ending.zig"),
    .windows => @import("os/windows_ending.zig"),
    else => @compileError("SecureMemory has no layer for this operating system"),
};

/// Files and descriptors that a secret is read from: `open`, `existing`, `close`, `wait`, `read`.
pub const source = switch (builtin.target.os.tag) {
    .linux => @import("os/linux_source.zig"),
    .macos => @import("os/darwin_source.zig"),
    .windows => @import("os/windows_source.zig"),
    else => @compileError("SecureMemory has no layer for this operating system"),
};

/// The variables that the process was started with, and has now: `terminated`, `create`, `scrub`.
pub const environment = switch (builtin.target.os.tag) {
    .linux => @import("os/linux_environment.zig"),
    .macos => @import("os/darwin_environment.zig"),
    .windows => @import("os/windows_environment.zig"),
    else => @compileError("SecureMemory has no layer for this operating system"),
};

/// The terminal that the process is controlled from: `ask`, `Signals`, `at_end`.
pub const terminal = switch (builtin.target.os.tag) {
    .linux, .macos => @import("os/unix_terminal.zig"),
    .windows => @import("os/windows_terminal.zig"),
    else => @compileError("SecureMemory has no layer for this operating system"),
};

/// Windows releases a reservation only as a whole.
pub const partial_unreserve = builtin.target.os.tag != .windows;

pub const Failed = error{SystemCall};

/// What the system says of a range of data pages.
pub const Region = struct {
    protection: abi.Protection,
    locked: bool,
    no_dump: bool,
    wipe_on_fork: bool,
    absent_on_fork: bool,
    no_merge: bool,
    no_huge_pages: bool,
    guarded: bool,
    guards_sealed: bool,
    /// The pages are an area of memfd_secret.
    secretmem: bool,
    /// 0 if the pages carry no protection key.
    pkey: u4,
};
