//! The end of a process on macOS: see `../ending.zig`. All three runtimes end by exit(3)
//! there; macOS has no quick_exit.
//!
//! The section `__DATA,__mod_term_func` is the counterpart of ELF's `.fini_array`, but it
//! is deprecated: clang has not written it since LLVM 15, and uses what is used here.

const std = @import("std");
const c = std.c;

/// Other threads may still run.
pub const alone = false;

extern "c" fn atexit(handler: *const fn () callconv(.c) void) c_int; // <stdlib.h>
extern "c" fn getentropy(buffer: [*]u8, length: usize) c_int; // <sys/random.h>

// getentropy(2): asking for more than 256 bytes fails with EIO.
const entropy_bytes_max = 256;

pub fn process_id() u32 {
    return @intCast(c.getpid());
}

/// atexit(3). A handler runs early when its library is unloaded, so ours never is:
/// RTLD_NODELETE of dlopen(3).
pub fn arm(handler: *const fn () callconv(.c) void) void {
    var info: c.dl_info = undefined;
    if (c.dladdr(@ptrCast(handler), &info) != 0) {
        _ = c.dlopen(info.fname, .{ .LAZY = true, .NOLOAD = true, .NODELETE = true });
    }
    _ = atexit(handler);
}

/// The kernel writes, and answers EFAULT where a store would fault.
pub fn overwrite(address: usize, length: usize) void {
    const pages: *align(std.heap.page_size_min) anyopaque = @ptrFromInt(address);
    _ = c.mprotect(pages, length, .{ .READ = true, .WRITE = true });
    var done: usize = 0;
    while (done < length) {
        const part = @min(length - done, entropy_bytes_max);
        if (getentropy(@ptrFromInt(address + done), part) != 0) return;
        done += part;
    }
}
