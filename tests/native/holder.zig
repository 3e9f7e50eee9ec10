//! What a holder of secrets needs that JavaScript cannot do without leaving copies: bytes
//! go from a descriptor to a page and back by read(2) and write(2), so that only the kernel
//! has touched them; and the holder waits with known bytes on its stack and in its registers.

const std = @import("std");
const linux = std.os.linux;
const bare = @import("holder/bare.zig");
const fork = @import("holder/fork.zig");
const hollow = @import("holder/hollow.zig");
const kernel = @import("holder/kernel.zig");

const token_bytes = 32;

/// Fills memory from a descriptor. Returns 0, or a negative errno.
export fn holder_read(descriptor: u32, into: [*]u8, length: u32) i32 {
    wait_for_input(descriptor);
    var done: u32 = 0;
    while (done < length) {
        const result = linux.read(@bitCast(descriptor), into + done, length - done);
        switch (linux.errno(result)) {
            .SUCCESS => if (result == 0) return negative(.PIPE),
            .INTR => continue,
            else => |errno| return negative(errno),
        }
        done += @intCast(result);
    }
    return 0;
}

/// Node hands out sockets that do not wait by themselves.
fn wait_for_input(descriptor: u32) void {
    const flags = linux.fcntl(@bitCast(descriptor), linux.F.GETFL, 0);
    const nonblocking: usize = @as(u32, @bitCast(@as(linux.O, .{ .NONBLOCK = true })));
    _ = linux.fcntl(@bitCast(descriptor), linux.F.SETFL, flags & ~nonblocking);
}

/// Writes memory to a descriptor. Returns 0, or a negative errno.
export fn holder_write(descriptor: u32, from: [*]const u8, length: u32) i32 {
    const result = linux.write(@bitCast(descriptor), from, length);
    return if (result == length) 0 else negative(linux.errno(result));
}

/// A page that the library has no part in: filled from a descriptor, then closed by
/// mprotect(2). Writes its address, eight bytes. Returns 0, or a negative errno.
export fn holder_bare(descriptor: u32, kind: u32, place: *[8]u8) i32 {
    const address = bare.map(@fromBackingInt(kind));
    if (linux.errno(address) != .SUCCESS) return negative(linux.errno(address));
    std.mem.writeInt(u64, place, address, .little);
    const page: [*]u8 = @ptrFromInt(address);
    const read = holder_read(descriptor, page, token_bytes);
    if (read != 0) return read;
    return outcome(linux.mprotect(page, bare.page_bytes, .{}));
}

/// A page of memfd_secret(2), left open. Writes its address. Returns 0, or a negative errno.
export fn holder_secretmem(place: *[8]u8) i32 {
    const address = bare.map(.secretmem);
    if (linux.errno(address) != .SUCCESS) return negative(linux.errno(address));
    std.mem.writeInt(u64, place, address, .little);
    return 0;
}

/// See hollow.zig. Returns 0 or less: -1 if that could not be done.
export fn holder_hollow() i32 {
    _ = hollow.giveBack() catch return -1;
    return 0;
}

/// See kernel.zig, for this one and the next ones: a descriptor or 0, or a negative errno.
export fn holder_vmsplice(bytes: [*]const u8, length: u32) i32 {
    return outcome(kernel.vmsplice(bytes[0..length]));
}

export fn holder_open_direct(path: [*:0]const u8) i32 {
    return outcome(kernel.openDirect(path));
}

export fn holder_io_uring(bytes: [*]const u8, length: u32) i32 {
    return outcome(kernel.ioUring(bytes[0..length]));
}

export fn holder_read_self(into: [*]u8, from: [*]const u8, length: u32) i32 {
    return outcome(kernel.readSelf(into[0..length], from[0..length]));
}

/// A page that a forked child shares with its parent. Writes its address. Returns 0, or a
/// negative errno.
export fn holder_shared(place: *[8]u8) i32 {
    const protection: linux.PROT = .{ .READ = true, .WRITE = true };
    const flags: linux.MAP = .{ .TYPE = .SHARED, .ANONYMOUS = true };
    const address = linux.mmap(null, bare.page_bytes, protection, flags, -1, 0);
    if (linux.errno(address) != .SUCCESS) return negative(linux.errno(address));
    std.mem.writeInt(u64, place, address, .little);
    return 0;
}

/// See fork.zig. Returns 0 zeros, 1 something, 2 nothing, 3 the child died.
export fn holder_fork(bytes: [*]u8, length: u32) u32 {
    return @backingInt(fork.tryAll(bytes[0..length]));
}

/// Waits for one byte, with one token on the stack and another one in two vector
/// registers, and nowhere else: both are read from the descriptor here. Writes a line to
/// standard output when it begins to wait. Returns the byte, or a negative errno.
export fn holder_wait(descriptor: u32) i32 {
    // Yama lets only a parent trace its child, unless the child says who else may: prctl(2).
    const PR_SET_PTRACER_ANY = std.math.maxInt(usize);
    _ = linux.prctl(@backingInt(linux.PR.SET_PTRACER), PR_SET_PTRACER_ANY, 0, 0, 0);
    var on_stack: [token_bytes]u8 = undefined;
    var in_registers: [token_bytes]u8 = undefined;
    for ([_]*[token_bytes]u8{ &on_stack, &in_registers }) |token| {
        const read = holder_read(descriptor, token, token_bytes);
        if (read != 0) return read;
    }
    const line = "waiting\n";
    const written = holder_write(1, line, line.len);
    if (written != 0) return written;
    var byte: u8 = 0;
    const result = asm volatile (
        \\ movdqu (%[token]), %%xmm14
        \\ movdqu 16(%[token]), %%xmm15
        \\ pxor %%xmm13, %%xmm13
        \\ movdqu %%xmm13, (%[token])
        \\ movdqu %%xmm13, 16(%[token])
        \\ syscall
        \\ pxor %%xmm14, %%xmm14
        \\ pxor %%xmm15, %%xmm15
        : [result] "={rax}" (-> usize),
        : [number] "{rax}" (@backingInt(linux.SYS.read)),
          [descriptor] "{rdi}" (@as(usize, descriptor)),
          [byte] "{rsi}" (&byte),
          [length] "{rdx}" (@as(usize, 1)),
          [token] "r" (&in_registers),
        : .{ .rcx = true, .r11 = true, .xmm13 = true, .xmm14 = true, .xmm15 = true, .memory = true });
    std.mem.doNotOptimizeAway(&on_stack);
    if (linux.errno(result) != .SUCCESS) return negative(linux.errno(result));
    return if (result == 1) byte else negative(.PIPE);
}

fn outcome(result: usize) i32 {
    const errno = linux.errno(result);
    return if (errno == .SUCCESS) @intCast(result) else negative(errno);
}

fn negative(errno: linux.E) i32 {
    return -@as(i32, @intCast(@backingInt(errno)));
}
