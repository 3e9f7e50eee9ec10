//! The C ABI of secrets that come from outside, straight into their pages: see `exports.zig` and
//! `sources/`.

const std = @import("std");
const abi = @import("abi.zig");
const ending = @import("ending.zig");
const environment = @import("sources/environment.zig");
const numbers = @import("numbers.zig");
const os_layer = @import("os.zig");
const prompt = @import("sources/prompt.zig");
const read = @import("sources/read.zig");
const Cause = abi.Cause;
const shape = numbers.shape;
const whole = numbers.whole;

/// Makes a secret of a file's content: of `path`, which ends with a zero, or of the descriptor
/// `descriptor` if `path_length` is 0. `trims` is 1 to leave a line feed at the end out. Returns
/// its handle.
export fn securememory_create_read(
    path: ?[*]const u8,
    path_length: f64,
    descriptor: f64,
    max: f64,
    trims: f64,
    alignment: f64,
    flags: f64,
) i32 {
    var cause: Cause = .{};
    ending.arm();
    const handle = create_read(&cause, path, path_length, descriptor, max, trims, alignment, flags) catch |err|
        return abi.pack(err, cause);
    return @intCast(handle);
}

fn create_read(
    cause: *Cause,
    path: ?[*]const u8,
    path_length: f64,
    descriptor: f64,
    max: f64,
    trims: f64,
    alignment: f64,
    flags: f64,
) abi.Error!u32 {
    return read.read(cause, .{
        .path = if (path_length == 0) null else try path_of(path, path_length),
        .descriptor = try whole(descriptor),
        .max = try whole(max),
        .trims = trims != 0,
        .alignment = try whole(alignment),
        .flags = try whole(flags),
    });
}

fn path_of(path: ?[*]const u8, length: f64) abi.Error![*:0]const os_layer.source.Unit {
    const Unit = os_layer.source.Unit;
    const count = try whole(length) / @sizeOf(Unit);
    const start = path orelse return error.InvalidArgument;
    if (!std.mem.isAligned(@intFromPtr(start), @alignOf(Unit))) return error.InvalidArgument;
    const units = @as([*]const Unit, @ptrCast(@alignCast(start)))[0..count];
    if (count == 0 or units[count - 1] != 0) return error.InvalidArgument;
    return units[0 .. count - 1 :0];
}

// Secrets of what the process was started with, and of what somebody types.

/// Makes a secret of an environment variable, whose name ends with a zero. If `scrub` is 1, the
/// variable is gone afterwards. Returns its handle.
export fn securememory_create_environment(name: ?[*]u8, length: f64, scrub: f64, alignment: f64, flags: f64) i32 {
    return create_asked(name, length, 1, alignment, flags, scrub == 1);
}

/// Makes a secret of what is typed at the terminal, at most `max` bytes, after a question.
/// Returns its handle.
export fn securememory_create_prompt(question: ?[*]u8, length: f64, max: f64, alignment: f64, flags: f64) i32 {
    return create_asked(question, length, max, alignment, flags, null);
}

/// Asks the environment, or whoever is at the terminal if nothing is said about scrubbing.
fn create_asked(text: ?[*]u8, length: f64, max: f64, alignment: f64, flags: f64, scrub: ?bool) i32 {
    var cause: Cause = .{};
    ending.arm();
    const handle = asked(&cause, text, length, max, alignment, flags, scrub) catch |err|
        return abi.pack(err, cause);
    return @intCast(handle);
}

fn asked(cause: *Cause, text: ?[*]u8, length: f64, max: f64, alignment: f64, flags: f64, scrub: ?bool) abi.Error!u32 {
    const start = text orelse return error.InvalidArgument;
    const given = start[0..try whole(length)];
    const wanted = try shape(max, alignment, flags);
    if (scrub) |scrubs| return environment.create(cause, given, wanted, scrubs);
    return prompt.create(cause, given, wanted);
}
