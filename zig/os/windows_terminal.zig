//! Asking at the console, CONIN$ and CONOUT$, whatever standard input and output are. Never run
//! on Windows itself by us: written from "CreateFileW function", "GetConsoleMode function",
//! "SetConsoleMode function", "ReadConsoleW function", "WriteConsoleW function",
//! "SetConsoleCtrlHandler function" and "FlushConsoleInputBuffer function" of Microsoft Learn.
//!
//! CTRL+C stays the system's: it comes to a thread of its own, where handlers are called, the
//! last one first. Ours puts the console back as it was and passes the event on; then the
//! process ends, or a handler of the runtime takes it and the call here fails.

const std = @import("std");
const abi = @import("../abi.zig");
const seam = @import("../seam.zig");
const Line = @import("../sources/line.zig").Line;
const Staging = @import("../sources/staging.zig").Staging;
const utf16 = @import("../sources/utf16.zig");
const shared = @import("../shared.zig");
const Cause = abi.Cause;
const Error = abi.Error;
const Step = abi.Step;

const Handle = ?*anyopaque;
const Bool = c_int;

extern "kernel32" fn GetLastError() callconv(.winapi) u32;
extern "kernel32" fn CreateFileW([*:0]const u16, access: u32, share: u32, ?*anyopaque, how: u32, u32, Handle) callconv(.winapi) Handle;
extern "kernel32" fn CloseHandle(Handle) callconv(.winapi) Bool;
extern "kernel32" fn GetConsoleMode(Handle, mode: *u32) callconv(.winapi) Bool;
extern "kernel32" fn SetConsoleMode(Handle, mode: u32) callconv(.winapi) Bool;
extern "kernel32" fn FlushConsoleInputBuffer(Handle) callconv(.winapi) Bool;
extern "kernel32" fn ReadConsoleW(Handle, [*]u16, count: u32, read: *u32, ?*anyopaque) callconv(.winapi) Bool;
extern "kernel32" fn WriteConsoleW(Handle, [*]const u16, count: u32, written: *u32, ?*anyopaque) callconv(.winapi) Bool;
extern "kernel32" fn MultiByteToWideChar(page: u32, flags: u32, [*]const u8, c_int, ?[*]u16, c_int) callconv(.winapi) c_int;
extern "kernel32" fn SetConsoleCtrlHandler(*const fn (u32) callconv(.winapi) Bool, add: Bool) callconv(.winapi) Bool;

const generic_read: u32 = 0x8000_0000;
const generic_write: u32 = 0x4000_0000;
const file_share_both: u32 = 3;
const open_existing: u32 = 3;
const enable_processed_input: u32 = 1;
const enable_line_input: u32 = 2;
const enable_echo_input: u32 = 4;
const cp_utf8: u32 = 65001;
const error_operation_aborted: u32 = 995;

const keys: @import("../sources/line.zig").Keys = .{ .erase = 0x7F, .word = 0x17, .kill = 0x15, .end = 0x1A };

const Variables = struct {
    /// The console while somebody asks, for the thread that CTRL+C comes to.
    console: std.atomic.Value(usize) = .init(0),
    mode_before: u32 = 0,
    interrupted: std.atomic.Value(bool) = .init(false),
};

pub var own: Variables = .{};

inline fn vars() *Variables {
    return shared.of(.terminal, &own);
}

/// Nothing is left to be passed on: the system has done so.
pub const Signals = struct {
    pub fn stopped(_: *const Signals) bool {
        return false;
    }

    pub fn raise(_: *const Signals) void {}
};

fn on_event(_: u32) callconv(.winapi) Bool {
    vars().interrupted.store(true, .seq_cst);
    const input = vars().console.load(.seq_cst);
    if (input != 0) _ = SetConsoleMode(@ptrFromInt(input), vars().mode_before);
    return 0;
}

/// The process ends while another of its threads asks.
pub fn at_end() void {
    const input = vars().console.swap(0, .seq_cst);
    if (input != 0) _ = SetConsoleMode(@ptrFromInt(input), vars().mode_before);
}

pub fn ask(cause: *Cause, question: []const u8, staging: Staging, _: *Signals) Error!usize {
    const input = try open(cause, std.unicode.utf8ToUtf16LeStringLiteral("CONIN$"));
    defer _ = CloseHandle(input);
    const output = try open(cause, std.unicode.utf8ToUtf16LeStringLiteral("CONOUT$"));
    defer _ = CloseHandle(output);
    if (seam.fails(cause, .GetConsoleMode) or GetConsoleMode(input, &vars().mode_before) == 0) return failed(cause, .GetConsoleMode);

    vars().interrupted.store(false, .seq_cst);
    vars().console.store(@intFromPtr(input), .seq_cst);
    _ = SetConsoleCtrlHandler(on_event, 1);
    defer {
        _ = SetConsoleCtrlHandler(on_event, 0);
        vars().console.store(0, .seq_cst);
    }
    const hidden = vars().mode_before & ~(enable_line_input | enable_echo_input) | enable_processed_input;
    if (seam.fails(cause, .SetConsoleMode) or SetConsoleMode(input, hidden) == 0) return failed(cause, .SetConsoleMode);
    defer {
        _ = SetConsoleMode(input, vars().mode_before);
        write(output, "\r\n");
    }
    // What was typed ahead.
    _ = FlushConsoleInputBuffer(input);
    write(output, question);
    return answer(cause, input, output, staging);
}

/// One character at a time is on the stack, and wiped: the console has UTF-16.
fn answer(cause: *Cause, input: Handle, output: Handle, staging: Staging) Error!usize {
    var line: Line = .{};
    const bytes = try staging.open(cause);
    // A window for as long as somebody types: the system waits where it reads.
    var pair: [2]u16 = undefined;
    defer std.crypto.secureZero(u16, &pair);
    var halves: usize = 0;
    while (!vars().interrupted.load(.seq_cst)) {
        var count: u32 = 0;
        if (seam.fails(cause, .ReadConsole) or ReadConsoleW(input, pair[halves..].ptr, 1, &count, null) == 0) {
            if (GetLastError() == error_operation_aborted) break;
            return failed(cause, .ReadConsole);
        }
        if (count == 0) continue;
        halves += 1;
        if (halves == 1 and pair[0] & 0xFC00 == 0xD800) continue;
        var encoded: [6]u8 = undefined;
        defer std.crypto.secureZero(u8, &encoded);
        const length = utf16.encode(pair[0..halves], &encoded);
        halves = 0;
        const before = line.length;
        for (encoded[0..length]) |byte| {
            bytes[line.length] = byte;
            switch (line.take(bytes, keys)) {
                .more => {},
                .refused => {
                    // A character is there as a whole, or not at all.
                    if (line.length > before) line.length = before;
                    write(output, "\x07");
                    break;
                },
                .ended => return error.SourceEnded,
                .done => return if (line.too_long) error.SourceTooLarge else line.length,
            }
        }
    }
    return error.SourceInterrupted;
}

fn open(cause: *Cause, name: [*:0]const u16) Error!Handle {
    if (seam.fails(cause, .CreateFile)) return error.SourceFailed;
    const handle = CreateFileW(name, generic_read | generic_write, file_share_both, null, open_existing, 0, null);
    // INVALID_HANDLE_VALUE
    if (@intFromPtr(handle) == std.math.maxInt(usize)) return failed(cause, .CreateFile);
    return handle;
}

fn failed(cause: *Cause, step: Step) Error {
    if (cause.step != step) cause.* = .{ .step = step, .errno = @truncate(GetLastError()) };
    return error.SourceFailed;
}

/// In pieces: it takes UTF-16, and the question is UTF-8.
fn write(output: Handle, text: []const u8) void {
    var rest = text;
    while (rest.len > 0) {
        var units: [128]u16 = undefined;
        // No piece ends inside a character.
        var length = @min(rest.len, units.len);
        while (length < rest.len and length > 0 and rest[length] & 0xC0 == 0x80) length -= 1;
        if (length == 0) return;
        const count = MultiByteToWideChar(cp_utf8, 0, rest.ptr, @intCast(length), &units, units.len);
        var written: u32 = 0;
        if (count <= 0 or WriteConsoleW(output, &units, @intCast(count), &written, null) == 0) return;
        rest = rest[length..];
    }
}
