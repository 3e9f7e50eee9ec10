//! The end of a process on Windows: see `../ending.zig`. ExitProcess calls the DllMain of
//! every library, ours in `exports.zig`.
//!
//! Then all other threads are gone, and whatever they held stays as it was; other
//! libraries may be gone as well, so nothing but kernel32 is called ("DllMain entry point",
//! "ExitProcess function" of Microsoft Learn).

const wipe = @import("../wipe.zig").wipe;

/// No other thread runs any more.
pub const alone = true;

// "GetModuleHandleExW function"; libloaderapi.h
const flag_pin: u32 = 1;
const flag_from_address: u32 = 4;

// "Memory Protection Constants"; winnt.h
const page_readwrite: u32 = 0x04;

// "DllMain entry point"; winnt.h
pub const process_detach: u32 = 0;

const Bool = c_int;

extern "kernel32" fn GetCurrentProcessId() callconv(.winapi) u32;
extern "kernel32" fn GetModuleHandleExW(u32, address: *const anyopaque, *?*anyopaque) callconv(.winapi) Bool;
extern "kernel32" fn VirtualProtect(usize, length: usize, new: u32, old: *u32) callconv(.winapi) Bool;

pub fn process_id() u32 {
    return GetCurrentProcessId();
}

/// Nothing to register; the library stays loaded until the process ends.
pub fn arm(handler: *const fn () callconv(.c) void) void {
    var module: ?*anyopaque = null;
    _ = GetModuleHandleExW(flag_pin | flag_from_address, @ptrCast(handler), &module);
}

/// Closed pages hold ciphertext, which is overwritten as it is.
pub fn overwrite(address: usize, length: usize) void {
    var before: u32 = 0;
    if (VirtualProtect(address, length, page_readwrite, &before) == 0) return;
    wipe(@as([*]u8, @ptrFromInt(address))[0..length]);
}
