//! Pages that the library has no part in, for comparison: what the kernel promises by itself.

const linux = @import("std").os.linux;

pub const page_bytes = @import("std").heap.page_size_min;

pub const Kind = enum(u32) {
    /// Anonymous, and nothing else.
    unlocked,
    /// Locked by mlock(2), and nothing else.
    locked,
    /// What memfd_secret(2) gives, kept from children.
    secretmem,
};

/// The address of a writable page, or what the kernel answered instead.
pub fn map(kind: Kind) usize {
    return switch (kind) {
        .unlocked => mapAnonymous(),
        .locked => mapLocked(),
        .secretmem => mapSecret(),
    };
}

const read_write: linux.PROT = .{ .READ = true, .WRITE = true };

fn mapAnonymous() usize {
    return linux.mmap(null, page_bytes, read_write, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
}

fn mapLocked() usize {
    const address = mapAnonymous();
    if (linux.errno(address) != .SUCCESS) return address;
    const locked = linux.mlock(@ptrFromInt(address), page_bytes);
    return if (linux.errno(locked) == .SUCCESS) address else locked;
}

fn mapSecret() usize {
    const O_CLOEXEC = 0o2000000;
    const opened = linux.syscall1(.memfd_secret, O_CLOEXEC);
    if (linux.errno(opened) != .SUCCESS) return opened;
    const descriptor: i32 = @intCast(opened);
    defer _ = linux.close(descriptor);
    const sized = linux.ftruncate(descriptor, page_bytes);
    if (linux.errno(sized) != .SUCCESS) return sized;
    const address = linux.mmap(null, page_bytes, read_write, .{ .TYPE = .SHARED }, descriptor, 0);
    if (linux.errno(address) != .SUCCESS) return address;
    const marked = linux.madvise(@ptrFromInt(address), page_bytes, linux.MADV.DONTFORK);
    return if (linux.errno(marked) == .SUCCESS) address else marked;
}
