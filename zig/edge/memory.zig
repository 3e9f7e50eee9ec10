//! The module's memory: what is handed out is never taken back, and it grows in the end only.
//!
//! Growing detaches every view that JavaScript has of it. So it grows only while no window is
//! open: whoever is in one would find its bytes gone.

const std = @import("std");
const counters = @import("../counters.zig");

pub const page_bytes = 65536;

/// As the module declares it, see build.zig. An isolate of Cloudflare's has 128 MiB in all.
pub const bytes_max = 128 * 1024 * 1024;

/// Where whatever is handed out begins: nothing straddles a line of the processor's cache.
pub const alignment = 64;

/// Growing costs a detached view for each secret, so it does not come in small steps.
const growth_min = 1024 * 1024;

pub const Refusal = error{
    /// A window is open.
    WindowOpen,
    /// The memory has as many bytes as it may, or the embedder gives no more.
    Exhausted,
};

/// What a failed call says of it, in place of an operating system's number.
pub fn errno(reason: Refusal) u16 {
    return switch (reason) {
        error.WindowOpen => 1,
        error.Exhausted => 2,
    };
}

/// The linker's: the first byte that is nobody's.
extern var __heap_base: u8;

/// The first byte that was never handed out; 0 before the first.
var top: usize = 0;

/// Zeroed memory, for good.
pub fn take(length: usize) Refusal!usize {
    const start = std.mem.alignForward(usize, @max(top, @intFromPtr(&__heap_base)), alignment);
    if (length > bytes_max - start) return error.Exhausted;
    try grow_to(start + length);
    top = start + length;
    return start;
}

fn grow_to(end: usize) Refusal!void {
    const have = size();
    if (end <= have) return;
    if (counters.vars().open_windows.get() != 0) return error.WindowOpen;
    const wanted = std.mem.alignForward(usize, end - have, page_bytes);
    const pages = @min(@max(wanted, growth_min), bytes_max - have) / page_bytes;
    if (@wasmMemoryGrow(0, pages) >= 0) return;
    if (@wasmMemoryGrow(0, wanted / page_bytes) >= 0) return;
    return error.Exhausted;
}

pub fn size() usize {
    return @wasmMemorySize(0) * page_bytes;
}
