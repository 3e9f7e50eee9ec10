//! What a holder of secrets needs that JavaScript cannot do without leaving copies: bytes
//! go from a descriptor to a page and back by read(2) and write(2), so that only the kernel
//! has touched them; and the holder waits with known bytes on its stack and in its registers.

const std = @import("std");
const linux = std.os.linux;

const page_bytes = std.heap.page_size_min;
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

/// Kinds of bare pages.
const Bare = enum(u32) { locked, secretmem };

/// A page that the library has no part in, for comparison: filled from a descriptor, then
/// closed by mprotect(2). `locked` is locked and nothing else; `secretmem` is what
/// memfd_secret(2) gives. Writes its address, eight bytes. Returns 0, or a negative errno.
export fn holder_bare(descriptor: u32, kind: u32, place: *[8]u8) i32 {
    const address = switch (@as(Bare, @fromBackingInt(kind))) {
        .locked => bareLocked(),
        .secretmem => bareSecret(),
    };
    if (linux.errno(address) != .SUCCESS) return negative(linux.errno(address));
    std.mem.writeInt(u64, place, address, .little);
    const page: [*]u8 = @ptrFromInt(address);
    const read = holder_read(descriptor, page, token_bytes);
    if (read != 0) return read;
    const closed = linux.mprotect(page, page_bytes, .{});
    return if (linux.errno(closed) == .SUCCESS) 0 else negative(linux.errno(closed));
}

const read_write: linux.PROT = .{ .READ = true, .WRITE = true };

fn bareLocked() usize {
    const address = linux.mmap(null, page_bytes, read_write, .{ .TYPE = .PRIVATE, .ANONYMOUS = true }, -1, 0);
    if (linux.errno(address) != .SUCCESS) return address;
    const locked = linux.mlock(@ptrFromInt(address), page_bytes);
    return if (linux.errno(locked) == .SUCCESS) address else locked;
}

fn bareSecret() usize {
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

/// Why this kernel gives no page of memfd_secret(2), as an errno; 0 if it does.
export fn holder_secretmem_errno() u32 {
    const address = bareSecret();
    const errno = linux.errno(address);
    if (errno == .SUCCESS) _ = linux.munmap(@ptrFromInt(address), page_bytes);
    return @backingInt(errno);
}

/// Gives back address space that the engine has reserved and never touched: gigabytes,
/// which gcore(1) would write out as zeros. The engine must not run on after this.
/// Returns how many MiB that were, or a negative errno.
export fn holder_hollow() i32 {
    const opened = linux.openat(linux.AT.FDCWD, "/proc/self/maps", .{}, 0);
    if (linux.errno(opened) != .SUCCESS) return negative(linux.errno(opened));
    const descriptor: i32 = @intCast(opened);
    defer _ = linux.close(descriptor);
    var length: usize = 0;
    while (length < maps.len) {
        const result = linux.read(descriptor, maps[length..].ptr, maps.len - length);
        if (linux.errno(result) != .SUCCESS) return negative(linux.errno(result));
        if (result == 0) break;
        length += result;
    }
    var given: usize = 0;
    var lines = std.mem.tokenizeScalar(u8, maps[0..length], '\n');
    while (lines.next()) |line| {
        const range = Range.parse(line) orelse return negative(.INVAL);
        if (range.to - range.from >= hollow_bytes_min) given += hollow(range);
    }
    return @intCast(given >> 20);
}

var maps: [1 << 20]u8 = undefined;

const hollow_bytes_min = 16 << 20;

/// Looked at, and given back, in steps of so many bytes.
const step_bytes = 2 << 20;

const Range = struct {
    from: usize,
    to: usize,

    fn parse(line: []const u8) ?Range {
        const dash = std.mem.findScalar(u8, line, '-') orelse return null;
        const space = std.mem.findScalar(u8, line, ' ') orelse return null;
        const from = std.fmt.parseInt(usize, line[0..dash], 16) catch return null;
        const to = std.fmt.parseInt(usize, line[dash + 1 .. space], 16) catch return null;
        // A mapping of a file has content, touched or not.
        return .{ .from = from, .to = if (std.mem.findScalar(u8, line, '/') == null) to else from };
    }
};

fn hollow(range: Range) usize {
    var given: usize = 0;
    var at = std.mem.alignForward(usize, range.from, step_bytes);
    while (at + step_bytes <= range.to) : (at += step_bytes) {
        var resident: [step_bytes / page_bytes]u8 = undefined;
        const asked = linux.syscall3(.mincore, at, step_bytes, @intFromPtr(&resident));
        if (linux.errno(asked) != .SUCCESS) continue;
        if (!std.mem.allEqual(u8, &resident, 0)) continue;
        if (linux.errno(linux.munmap(@ptrFromInt(at), step_bytes)) == .SUCCESS) given += step_bytes;
    }
    return given;
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

fn negative(errno: linux.E) i32 {
    return -@as(i32, @intCast(@backingInt(errno)));
}
