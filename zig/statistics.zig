//! Numbers about the process as a whole, none of them about content.

const std = @import("std");
const abi = @import("abi.zig");
const counters = @import("counters.zig");
const keys = @import("keys.zig");
const process = @import("process.zig");
const secret = @import("secret.zig");
const store = @import("store.zig");
const os = @import("os.zig").current;

/// Doubles, because every runtime reads them as plain numbers; counts stay exact up
/// to 2^53.
pub fn write(cause: *abi.Cause, out: []f64) abi.Error!usize {
    const known = try process.get(cause);
    const names = @typeInfo(abi.Statistic).@"enum".field_names;
    const count = @min(out.len, names.len);
    for (out[0..count], 0..) |*number, index| {
        const which: abi.Statistic = @fromBackingInt(@intCast(index));
        number.* = switch (which) {
            .allocated => whole(counters.allocated.get()),
            .in_use => whole(counters.in_use.get()),
            .open_windows => whole(counters.open_windows.get() + keys.open_count()),
            .arenas => whole(counters.arenas.get()),
            .pages => whole(counters.pages.get()),
            .pages_free => whole(store.free_count()),
            .pages_resting => whole(counters.pages_resting.get()),
            .pages_retired => whole(counters.pages_retired.get()),
            .locked_bytes => whole(counters.locked_bytes.get()),
            .lock_limit_bytes => lock_limit(),
            .system_locked_bytes => whole(os.locked_now()),
            .page_size_bytes => whole(known.page_size),
            .instance => whole(known.instance),
            .purges => whole(@atomicLoad(u32, &secret.purges, .seq_cst)),
            .secretmem_bytes => whole(counters.secretmem_bytes.get()),
            .keys => whole(keys.held()),
            .keyed_pages => whole(counters.keyed_pages.get()),
            .sealed => whole(counters.sealed.get()),
            .sealed_bytes => whole(counters.sealed_bytes.get()),
            .pool_pages => whole(counters.pool_pages.get()),
        };
    }
    return count;
}

fn whole(number: u64) f64 {
    return @floatFromInt(number);
}

/// Infinity if there is no limit, NaN if the system does not tell: a number that is
/// missing must not hide the error that it was wanted for.
fn lock_limit() f64 {
    var ignored: abi.Cause = .{};
    const bytes = os.lock_limit(&ignored) catch return std.math.nan(f64);
    return if (bytes == std.math.maxInt(u64)) std.math.inf(f64) else whole(bytes);
}
