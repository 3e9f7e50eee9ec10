//! A program in no JavaScript that loads the library, as a runtime does, and uses it:
//! through musl's `dlopen`, or Windows's LoadLibrary.
//!
//!     use <library>          prints what it found
//!     use <library> stray    reads a secret outside its window, which has to end it
//!     use locked             (Windows) whether the system tells that a locked page is locked

const std = @import("std");
const builtin = @import("builtin");

const on_windows = builtin.target.os.tag == .windows;

extern "c" fn dlopen(path: [*:0]const u8, mode: c_int) ?*anyopaque;
extern "c" fn dlsym(library: *anyopaque, name: [*:0]const u8) ?*anyopaque;
extern "c" fn dlclose(library: *anyopaque) c_int;
const rtld_now = 2; // <dlfcn.h>

const windows = struct {
    extern "kernel32" fn LoadLibraryA(path: [*:0]const u8) callconv(.winapi) ?*anyopaque;
    extern "kernel32" fn GetProcAddress(library: *anyopaque, name: [*:0]const u8) callconv(.winapi) ?*anyopaque;
    extern "kernel32" fn VirtualAlloc(usize, usize, kind: u32, protect: u32) callconv(.winapi) ?[*]u8;
    extern "kernel32" fn VirtualLock([*]u8, usize) callconv(.winapi) c_int;
    extern "kernel32" fn GetCurrentProcess() callconv(.winapi) ?*anyopaque;
    extern "kernel32" fn K32QueryWorkingSetEx(?*anyopaque, *[2]usize, u32) callconv(.winapi) c_int;
};

fn load(path: [*:0]const u8) ?*anyopaque {
    return if (on_windows) windows.LoadLibraryA(path) else dlopen(path, rtld_now);
}

fn symbol(comptime Function: type, library: *anyopaque, name: [*:0]const u8) !*const Function {
    const found = if (on_windows) windows.GetProcAddress(library, name) else dlsym(library, name);
    return @ptrCast(@alignCast(found orelse return error.MissingSymbol));
}

fn expect(ok: bool) !void {
    if (!ok) return error.Unexpected;
}

pub fn main(init: std.process.Init) !void {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len < 2) return error.Usage;
    if (on_windows and std.mem.eql(u8, arguments[1], "locked")) return tell_lock();
    const library = load(arguments[1]) orelse return error.CannotLoad;
    const F = f64;
    const version = try symbol(fn () callconv(.c) u32, library, "securememory_abi_version");
    const create_from = try symbol(fn ([*]u8, F, F, F) callconv(.c) i32, library, "securememory_create_from");
    const create_random = try symbol(fn (F, F, F) callconv(.c) i32, library, "securememory_create_random");
    const open = try symbol(fn (F, F) callconv(.c) i32, library, "securememory_open");
    const close = try symbol(fn (F) callconv(.c) i32, library, "securememory_close");
    const address = try symbol(fn (F) callconv(.c) ?[*]u8, library, "securememory_address");
    const status = try symbol(fn (F) callconv(.c) i32, library, "securememory_status");
    const diagnose = try symbol(fn (F, F) callconv(.c) i32, library, "securememory_diagnose");
    const destroy = try symbol(fn (F) callconv(.c) i32, library, "securememory_destroy");
    const release = try symbol(fn (F) callconv(.c) i32, library, "securememory_release");

    var source: [32]u8 = @splat(0x5A);
    const allow_unlocked = 1;
    const handle = create_from(&source, source.len, 16, allow_unlocked);
    try expect(handle > 0);
    const number: f64 = @floatFromInt(handle);
    try expect(std.mem.allEqual(u8, &source, 0));
    const payload = address(number) orelse return error.NoAddress;
    if (arguments.len > 2) {
        try expect(diagnose(1, 0) == 1);
        std.debug.print("before\n", .{});
        const stray = @as(*volatile u8, &payload[5]).*;
        std.debug.print("read {d}\n", .{stray});
        return;
    }

    try expect(open(number, 1) == 0);
    try expect(std.mem.allEqual(u8, payload[0..32], 0x5A));
    try expect(close(number) == 0);
    try expect(open(number, 2) == 0);
    payload[0] = 9;
    try expect(close(number) == 0);
    try expect(open(number, 1) == 0);
    try expect(payload[0] == 9 and payload[31] == 0x5A);
    const open_status = status(number);
    try expect(close(number) == 0);
    const closed_status = status(number);
    try expect(destroy(number) == 0 and release(number) == 0);

    const random = create_random(100_000, 16, allow_unlocked);
    try expect(random > 0);
    const random_number: f64 = @floatFromInt(random);
    try expect(open(random_number, 1) == 0);
    var seen: [256]bool = @splat(false);
    for (address(random_number).?[0..100_000]) |byte| seen[byte] = true;
    try expect(std.mem.allEqual(bool, &seen, true));
    // It ends open: the end of the process wipes it.
    if (!on_windows) try expect(dlclose(library) == 0);
    std.debug.print("version {d}, open {d}, closed {d}\n", .{ version(), open_status & 3, closed_status & 3 });
}

/// "PSAPI_WORKING_SET_EX_BLOCK": bit 0 is Valid, bit 22 is Locked.
fn tell_lock() !void {
    const commit_and_reserve = 0x3000;
    const readwrite = 4;
    const page = windows.VirtualAlloc(0, 4096, commit_and_reserve, readwrite) orelse return error.NoMemory;
    try expect(windows.VirtualLock(page, 4096) != 0);
    @as(*volatile u8, &page[0]).* = 1;
    var information: [2]usize = .{ @intFromPtr(page), 0 };
    try expect(windows.K32QueryWorkingSetEx(windows.GetCurrentProcess(), &information, @sizeOf(@TypeOf(information))) != 0);
    std.debug.print("valid {d}, locked {d}\n", .{ information[1] & 1, information[1] >> 22 & 1 });
}
