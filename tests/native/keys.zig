//! What tests do with protection keys beside the library: take keys as another library
//! would, and look at the register in which a thread's rights are. No libc.

const std = @import("std");
const linux = std.os.linux;

/// Takes keys until `left` are left, or takes `count` of them. Returns how many.
export fn keys_take(count: u32) u32 {
    var taken: u32 = 0;
    while (taken < count) : (taken += 1) {
        if (linux.errno(linux.syscall2(.pkey_alloc, 0, 0)) != .SUCCESS) break;
    }
    return taken;
}

/// Takes one, with no rights at all. Returns its number, or 0.
export fn keys_take_denied() u32 {
    const key = linux.syscall2(.pkey_alloc, 0, 3);
    return if (linux.errno(key) == .SUCCESS) @intCast(key) else 0;
}

export fn keys_give_back(key: u32) i32 {
    return if (linux.errno(linux.syscall1(.pkey_free, key)) == .SUCCESS) 0 else -1;
}

/// PKRU of this thread: two bits for each key, access disable and write disable.
export fn keys_rights() u32 {
    return asm volatile (".byte 0x0f, 0x01, 0xee"
        : [pkru] "={eax}" (-> u32),
        : [zero] "{ecx}" (@as(u32, 0)),
        : .{ .edx = true });
}

// A thread that is started when it is asked for, by clone(2) as any runtime does it, and
// tries to read where it is told. It lives as long as the process.

const Reader = struct {
    /// 0: nothing to do; else the address to read. Back to 0 when that is done.
    address: usize = 0,
    /// The byte, or minus the errno.
    found: i32 = 0,
};

var reader: Reader = .{};
var stack: [64 * 1024]u8 align(16) = undefined;

/// Returns 0, or minus the errno.
export fn keys_start_thread() i32 {
    const flags = linux.CLONE.VM | linux.CLONE.FS | linux.CLONE.FILES | linux.CLONE.SIGHAND |
        linux.CLONE.THREAD | linux.CLONE.SYSVSEM;
    const top = @intFromPtr(&stack) + stack.len;
    const result = linux.clone(serve, top, flags, 0, null, 0, null);
    return if (linux.errno(result) == .SUCCESS) 0 else -@as(i32, @intCast(@backingInt(linux.errno(result))));
}

/// The byte that the thread read, or minus the errno: the kernel reads it with the thread's
/// rights, so that nobody dies of it.
export fn keys_read_in_thread(address: *const u8) i32 {
    @atomicStore(usize, &reader.address, @intFromPtr(address), .seq_cst);
    while (@atomicLoad(usize, &reader.address, .seq_cst) != 0) _ = linux.sched_yield();
    return reader.found;
}

fn serve(_: usize) callconv(.c) u8 {
    while (true) {
        const address = @atomicLoad(usize, &reader.address, .seq_cst);
        if (address == 0) {
            const pause: linux.timespec = .{ .sec = 0, .nsec = 1_000_000 };
            _ = linux.nanosleep(&pause, null);
            continue;
        }
        reader.found = read_by_kernel(@ptrFromInt(address));
        @atomicStore(usize, &reader.address, 0, .seq_cst);
    }
}

fn read_by_kernel(byte: [*]const u8) i32 {
    var pipe: [2]i32 = undefined;
    if (linux.errno(linux.pipe2(&pipe, .{})) != .SUCCESS) return -1;
    defer for (pipe) |fd| {
        _ = linux.close(fd);
    };
    const written = linux.errno(linux.write(pipe[1], byte, 1));
    if (written != .SUCCESS) return -@as(i32, @intCast(@backingInt(written)));
    var copy: [1]u8 = undefined;
    _ = linux.read(pipe[0], &copy, 1);
    return copy[0];
}
