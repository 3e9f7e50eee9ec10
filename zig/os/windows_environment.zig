//! The environment on Windows: the block of the process, which has UTF-16 text. What the C
//! runtime has copied for getenv() at its start is its own, and stays. Never run on Windows
//! itself by us: written from "GetEnvironmentVariableW function" and "SetEnvironmentVariableW
//! function" of Microsoft Learn.

const std = @import("std");
const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const seam = @import("../seam.zig");
const Staging = @import("../sources/staging.zig").Staging;
const utf16 = @import("../sources/utf16.zig");
const Cause = abi.Cause;
const Error = abi.Error;

/// UTF-16.
pub const Name = [:0]const u16;

extern "kernel32" fn GetLastError() callconv(.winapi) u32;
extern "kernel32" fn SetLastError(code: u32) callconv(.winapi) void;
extern "kernel32" fn GetEnvironmentVariableW(name: [*:0]const u16, buffer: ?[*]u16, size: u32) callconv(.winapi) u32;
extern "kernel32" fn SetEnvironmentVariableW(name: [*:0]const u16, value: ?[*:0]const u16) callconv(.winapi) c_int;

const error_envvar_not_found = 203; // winerror.h

pub fn terminated(name: []u8) Error!Name {
    if (name.len < 4 or name.len % 2 != 0) return error.InvalidArgument;
    if (!std.mem.isAligned(@intFromPtr(name.ptr), @alignOf(u16))) return error.InvalidArgument;
    const units: []const u16 = @alignCast(std.mem.bytesAsSlice(u16, name));
    if (units[units.len - 1] != 0) return error.InvalidArgument;
    return units[0 .. units.len - 1 :0];
}

pub fn create(cause: *Cause, name: Name, shape: secret.Shape) Error!u32 {
    var room = try read(cause, name, null, 0);
    while (true) {
        const staging: Staging = try .create(cause, .{
            .length = std.math.mul(u32, room, 2) catch return error.SourceTooLarge,
            .alignment = shape.alignment,
            .flags = shape.flags,
        });
        defer staging.discard();
        const units = units_of(try staging.open(cause));
        const length = try read(cause, name, units.ptr, room);
        if (length < room) return copy(cause, units[0..length], shape);
        // It grew meanwhile.
        room = length;
    }
}

/// Units without the zero at the end; if there is no room for all of them, how much it takes.
fn read(cause: *Cause, name: Name, buffer: ?[*]u16, room: u32) Error!u32 {
    if (seam.fails(cause, .GetEnvironmentVariable)) return error.SourceFailed;
    SetLastError(0);
    const length = GetEnvironmentVariableW(name, buffer, room);
    if (length != 0) return length;
    const code = GetLastError();
    if (code == error_envvar_not_found) return error.SourceMissing;
    if (code == 0) return error.SourceEmpty;
    cause.* = .{ .step = .GetEnvironmentVariable, .errno = @truncate(code) };
    return error.SourceFailed;
}

fn copy(cause: *Cause, units: []const u16, shape: secret.Shape) Error!u32 {
    const length = utf16.encode(units, null);
    const made: Staging = try .create(cause, .{
        .length = std.math.cast(u32, length) orelse return error.SourceTooLarge,
        .alignment = shape.alignment,
        .flags = shape.flags,
    });
    errdefer made.discard();
    _ = utf16.encode(units, (try made.open(cause)).ptr);
    try made.close(cause);
    return made.handle;
}

/// As many other characters first: what is behind the variable moves up when it goes, and may
/// not cover all of it.
pub fn scrub(name: Name) void {
    var ignored: Cause = .{};
    const room = read(&ignored, name, null, 0) catch return;
    const length = std.math.mul(u32, room, 2) catch return;
    const staging: Staging = Staging.create(&ignored, .{ .length = length, .alignment = 16, .flags = abi.flag_allow_unlocked }) catch {
        _ = SetEnvironmentVariableW(name, null);
        return;
    };
    defer staging.discard();
    if (staging.open(&ignored)) |bytes| {
        const units = units_of(bytes);
        @memset(units[0 .. room - 1], '-');
        units[room - 1] = 0;
        _ = SetEnvironmentVariableW(name, units[0 .. room - 1 :0]);
    } else |_| {}
    _ = SetEnvironmentVariableW(name, null);
}

/// Pages are aligned to 16 bytes at least.
fn units_of(bytes: []u8) []u16 {
    return @alignCast(std.mem.bytesAsSlice(u16, bytes[0 .. bytes.len & ~@as(usize, 1)]));
}
