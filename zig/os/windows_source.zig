//! Reading from files and standard input: "CreateFileW function", "ReadFile function",
//! "GetStdHandle function" of Microsoft Learn. Paths are UTF-16, as JavaScript has them.
//!
//! There is no waiting apart from reading: a window stays open while ReadFile waits.

const std = @import("std");
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const os = @import("../os.zig");
const Cause = abi.Cause;
const Failed = os.Failed;

pub const File = ?*anyopaque;
/// What paths are made of, and end with one zero of.
pub const Unit = u16;

// fileapi.h, winnt.h
const generic_read: u32 = 0x8000_0000;
/// Others may read, write and delete the file meanwhile, as on every other system.
const share_all: u32 = 0x7;
const open_existing: u32 = 3;
const attribute_normal: u32 = 0x80;

// processenv.h: ((DWORD)-10)
const std_input_handle: u32 = 0xFFFF_FFF6;

// winerror.h: the two ways in which a pipe and a file say that this was all.
const error_handle_eof: u16 = 38;
const error_broken_pipe: u16 = 109;

extern "kernel32" fn CreateFileW([*:0]const u16, access: u32, share: u32, ?*anyopaque, how: u32, attributes: u32, File) callconv(.winapi) File;
extern "kernel32" fn ReadFile(File, [*]u8, u32, got: *u32, ?*anyopaque) callconv(.winapi) c_int;
extern "kernel32" fn CloseHandle(File) callconv(.winapi) c_int;
extern "kernel32" fn GetStdHandle(which: u32) callconv(.winapi) File;
extern "kernel32" fn GetLastError() callconv(.winapi) u32;

/// Handles are not inherited unless that is asked for.
pub fn open(cause: *Cause, path: [*:0]const Unit) Failed!File {
    if (seam.fails(cause, .CreateFile)) return error.SystemCall;
    const file = CreateFileW(path, generic_read, share_all, null, open_existing, attribute_normal, null);
    return if (is_file(file)) file else failed(cause, .CreateFile);
}

/// Standard input: numbers of other descriptors are those of a C library that we do not know.
pub fn existing(cause: *Cause, fd: u32) abi.Error!File {
    if (fd != 0) return error.NotSupported;
    if (seam.fails(cause, .GetStdHandle)) return error.SourceFailed;
    const file = GetStdHandle(std_input_handle);
    if (is_file(file)) return file;
    return switch (failed(cause, .GetStdHandle)) {
        error.SystemCall => error.SourceFailed,
    };
}

pub fn close(file: File) void {
    _ = CloseHandle(file);
}

pub fn wait(_: *Cause, _: File) Failed!void {}

pub fn wants_ordinary_memory(_: *const Cause) bool {
    return false;
}

/// Bytes that were read; 0 at the end.
pub fn read(cause: *Cause, file: File, into: []u8) Failed!?usize {
    if (seam.fails(cause, .ReadFile)) return error.SystemCall;
    var got: u32 = 0;
    const count: u32 = @intCast(@min(into.len, 1 << 30));
    if (ReadFile(file, into.ptr, count, &got, null) != 0) return got;
    const failure = failed(cause, .ReadFile);
    return switch (cause.errno) {
        error_handle_eof, error_broken_pipe => 0,
        else => failure,
    };
}

/// Neither INVALID_HANDLE_VALUE nor, for standard input that there is none of, null.
fn is_file(file: File) bool {
    const number = @intFromPtr(file);
    return number != 0 and number != std.math.maxInt(usize);
}

fn failed(cause: *Cause, step: abi.Step) Failed {
    cause.* = .{ .step = step, .errno = @truncate(GetLastError()) };
    return error.SystemCall;
}
