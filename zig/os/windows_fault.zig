//! The fault handler on Windows: a vectored exception handler, called before those that were
//! there, and before any frame's. It always lets the search for a handler go on.
//!
//! Sources: "AddVectoredExceptionHandler function", "EXCEPTION_RECORD structure" and
//! "PVECTORED_EXCEPTION_HANDLER callback function" of Microsoft Learn; winnt.h, ntstatus.h.

const std = @import("std");
const fault = @import("../fault.zig");
const os = @import("windows.zig");

const Explain = *const fn (fault.Fault, *fault.Buffer) ?[]const u8;

const status_access_violation: u32 = 0xC000_0005;
const status_in_page_error: u32 = 0xC000_0006;
const exception_continue_search: i32 = 0;

const ExceptionRecord = extern struct {
    code: u32,
    flags: u32,
    record: ?*ExceptionRecord,
    address: ?*anyopaque,
    parameters: u32,
    information: [15]usize,
};

const ExceptionPointers = extern struct {
    record: *const ExceptionRecord,
    context: ?*anyopaque,
};

comptime {
    std.debug.assert(@sizeOf(ExceptionRecord) == 152);
    std.debug.assert(@offsetOf(ExceptionRecord, "information") == 32);
}

const VectoredHandler = *const fn (*const ExceptionPointers) callconv(.winapi) i32;

extern "kernel32" fn AddVectoredExceptionHandler(first: u32, VectoredHandler) callconv(.winapi) ?*anyopaque;
extern "kernel32" fn GetLastError() callconv(.winapi) u32;
extern "kernel32" fn SetLastError(code: u32) callconv(.winapi) void;

var handler: ?*anyopaque = null;
var explain: ?Explain = null;

/// The caller holds a lock. False if the system refused. To be in front of a handler that
/// came later is not needed: exceptions are shown to every one until one of them ends it.
pub fn install(with: Explain, _: bool) bool {
    explain = with;
    if (handler == null) handler = AddVectoredExceptionHandler(1, on_exception);
    return handler != null;
}

fn on_exception(pointers: *const ExceptionPointers) callconv(.winapi) i32 {
    if (fault_of(pointers.record)) |about| {
        const last_error = GetLastError();
        defer SetLastError(last_error);
        var buffer: fault.Buffer = undefined;
        if (explain.?(about, &buffer)) |line| os.write_error(line);
    }
    return exception_continue_search;
}

/// The first number says how the memory was accessed (0 read, 1 written, 8 run), the second
/// is the address.
fn fault_of(record: *const ExceptionRecord) ?fault.Fault {
    const refusal: fault.Refusal = switch (record.code) {
        status_access_violation => .protection,
        status_in_page_error => .memory,
        else => return null,
    };
    if (record.parameters < 2) return null;
    const access: fault.Access = switch (record.information[0]) {
        0 => .read,
        1 => .write,
        8 => .run,
        else => .some,
    };
    return .{ .address = record.information[1], .access = access, .refusal = refusal };
}
