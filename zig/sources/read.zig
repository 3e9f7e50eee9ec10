//! A secret of what a file or a descriptor gives, to its end.
//!
//! The system writes straight into the pages of a secret: no byte is anywhere else. How many
//! will come is not known (pipes, procfs, files that grow), so the secret is one of some size;
//! when it is full, a larger one takes its place, and it is wiped. The last one has the right
//! length, so that the payload ends at the rear guard.
//!
//! No lock is held while the system is waited for, and no window is open, save where waiting
//! and reading are one.

const std = @import("std");
const abi = @import("../abi.zig");
const counters = @import("../counters.zig");
const layout = @import("../layout.zig");
const secret = @import("../secret.zig");
const source = @import("../os.zig").source;
const Cause = abi.Cause;
const Error = abi.Error;

pub const Wish = struct {
    path: ?[*:0]const source.Unit,
    /// Read if there is no path.
    descriptor: u32,
    /// Bytes that may come at most.
    max: u32,
    /// One line feed at the end is left out, and a carriage return before it.
    trims: bool,
    alignment: u32,
    flags: u32,
};

/// Returns its handle.
pub fn read(cause: *Cause, wish: Wish) Error!u32 {
    if (wish.max == 0 or wish.max == std.math.maxInt(u32)) return error.InvalidArgument;
    const file = if (wish.path) |path|
        source.open(cause, path) catch return error.SourceFailed
    else
        try source.existing(cause, wish.descriptor);
    defer if (wish.path != null) source.close(file);
    var buffer: Buffer = .{ .wish = wish, .flags = wish.flags };
    defer buffer.discard();
    try buffer.fill(cause, file);
    return buffer.finish(cause);
}

const Buffer = struct {
    wish: Wish,
    /// Those of the secret that is read into.
    flags: u32,
    handle: u32 = 0,
    capacity: u32 = 0,
    used: u32 = 0,

    fn fill(buffer: *Buffer, cause: *Cause, file: source.File) Error!void {
        while (true) {
            if (buffer.used > buffer.wish.max) return error.SourceTooLarge;
            if (buffer.used == buffer.capacity) try buffer.grow(cause);
            source.wait(cause, file) catch return error.SourceFailed;
            const got = buffer.step(cause, file) catch |err| {
                if (!source.wants_ordinary_memory(cause) or !try buffer.leave_secretmem(cause)) return err;
                continue;
            } orelse continue;
            if (got == 0) return;
            buffer.used += @intCast(got);
        }
    }

    /// One call of read(2), in a window of its own.
    fn step(buffer: *Buffer, cause: *Cause, file: source.File) Error!?usize {
        try secret.open(cause, buffer.handle, .write);
        const start = secret.address(buffer.handle);
        const got = if (start == 0) error.Closed else blk: {
            const payload = @as([*]u8, @ptrFromInt(start))[0..buffer.capacity];
            break :blk source.read(cause, file, payload[buffer.used..]) catch error.SourceFailed;
        };
        // The first failure is the one to report.
        var closing: Cause = .{};
        secret.close(&closing, buffer.handle) catch |err| {
            _ = try got;
            cause.* = closing;
            return err;
        };
        return got;
    }

    /// From here on into locked memory, if nobody required otherwise. The last secret is again what
    /// was wished for.
    fn leave_secretmem(buffer: *Buffer, cause: *Cause) Error!bool {
        if (buffer.flags & (abi.flag_secretmem | abi.flag_locked) != 0) return false;
        buffer.flags |= abi.flag_locked;
        try buffer.move(cause, buffer.capacity);
        return true;
    }

    fn grow(buffer: *Buffer, cause: *Cause) Error!void {
        // One byte more than allowed shows that there are more.
        const most = buffer.wish.max + 1;
        const wanted = if (buffer.used == 0) layout.page_size_min else buffer.used *| 2;
        try buffer.move(cause, @min(wanted, most));
    }

    fn finish(buffer: *Buffer, cause: *Cause) Error!u32 {
        if (buffer.used == 0) return error.SourceEmpty;
        if (buffer.wish.trims) try buffer.trim(cause);
        if (buffer.used == 0) return error.SourceEmpty;
        if (buffer.used != buffer.capacity or buffer.flags != buffer.wish.flags) {
            buffer.flags = buffer.wish.flags;
            try buffer.move(cause, buffer.used);
        }
        defer buffer.handle = 0;
        return buffer.handle;
    }

    fn trim(buffer: *Buffer, cause: *Cause) Error!void {
        try secret.open(cause, buffer.handle, .read);
        const start = secret.address(buffer.handle);
        if (start != 0) {
            const content = @as([*]const u8, @ptrFromInt(start))[0..buffer.used];
            if (content[content.len - 1] == '\n') {
                buffer.used -= 1;
                if (buffer.used > 0 and content[buffer.used - 1] == '\r') buffer.used -= 1;
            }
        }
        try secret.close(cause, buffer.handle);
    }

    /// Into a secret of another length; what was there before is wiped.
    fn move(buffer: *Buffer, cause: *Cause, capacity: u32) Error!void {
        const handle = if (buffer.handle == 0)
            try secret.create(cause, .{
                .length = capacity,
                .alignment = buffer.wish.alignment,
                .flags = buffer.flags,
            }, .zeros)
        else
            try buffer.copy(cause, capacity);
        buffer.discard();
        buffer.handle = handle;
        buffer.capacity = capacity;
    }

    fn copy(buffer: *Buffer, cause: *Cause, capacity: u32) Error!u32 {
        try secret.open(cause, buffer.handle, .read);
        const copied = secret.copy(cause, buffer.handle, capacity, buffer.wish.alignment, buffer.flags);
        var closing: Cause = .{};
        secret.close(&closing, buffer.handle) catch |err| {
            const handle = try copied;
            drop(handle);
            cause.* = closing;
            return err;
        };
        return copied;
    }

    fn discard(buffer: *Buffer) void {
        if (buffer.handle != 0) drop(buffer.handle);
        buffer.handle = 0;
    }
};

/// Wipes a secret that nobody has heard of, and has no view of. Failures leave it wiped or
/// without memory, as `destroy` does.
fn drop(handle: u32) void {
    var ignored: Cause = .{};
    secret.destroy(&ignored, handle) catch {};
    secret.release(&ignored, handle) catch {};
    counters.vars().allocated.sub(1);
}
