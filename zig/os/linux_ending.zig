//! The end of a process on Linux: see `../ending.zig`.
//!
//! `exit` needs no registration: `exports.zig` has an entry in `.fini_array`. For
//! `quick_exit` there is only a function of the C library, which this library does not
//! link. The references to it are weak: where the process has a C library with that name,
//! the loader fills them in, and else they are null.

const linux = @import("std").os.linux;

/// Other threads may still run.
pub const alone = false;

const Handler = *const fn () callconv(.c) void;
const HandlerOfGlibc = *const fn (?*anyopaque) callconv(.c) void;

pub fn process_id() u32 {
    // A sandbox may refuse even that: then it is one number, and that of no process.
    return @truncate(linux.syscall0(.getpid));
}

// Variables, which the loader fills in: of the symbol itself the compiler believes that it
// has an address.
var at_quick_exit_of_glibc = @extern(?*const fn (HandlerOfGlibc, ?*anyopaque) callconv(.c) c_int, .{
    .name = "__cxa_at_quick_exit",
    .linkage = .weak,
});
var at_quick_exit_of_musl = @extern(?*const fn (Handler) callconv(.c) c_int, .{
    .name = "at_quick_exit",
    .linkage = .weak,
});

/// quick_exit(3). glibc exports only the function under at_quick_exit(3), which gives the
/// handler an argument; musl exports at_quick_exit itself.
pub fn arm(handler: Handler) void {
    const of_glibc = @as(*volatile @TypeOf(at_quick_exit_of_glibc), &at_quick_exit_of_glibc).*;
    const of_musl = @as(*volatile @TypeOf(at_quick_exit_of_musl), &at_quick_exit_of_musl).*;
    if (of_glibc) |register| {
        // A C function may be called with an argument that it does not take.
        _ = register(@ptrCast(handler), null);
    } else if (of_musl) |register| {
        _ = register(handler);
    }
}

/// The kernel writes, and answers EFAULT where a store would fault: getrandom(2) takes any
/// address. Key 0 is the one that every thread has (pkeys(7)); kernels and processors
/// without keys refuse the first call.
pub fn overwrite(address: usize, length: usize) void {
    const protection: linux.PROT = .{ .READ = true, .WRITE = true };
    const bits: u32 = @bitCast(protection);
    const key: usize = 0;
    if (linux.errno(linux.syscall4(.pkey_mprotect, address, length, bits, key)) != .SUCCESS) {
        _ = linux.mprotect(@ptrFromInt(address), length, protection);
    }
    var done: usize = 0;
    while (done < length) {
        const written = linux.getrandom(@ptrFromInt(address + done), length - done, 0);
        switch (linux.errno(written)) {
            .SUCCESS => done += written,
            .INTR => {},
            else => return,
        }
    }
}
