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
            .allocated => whole(counters.vars().allocated.get()),
            .in_use => whole(counters.vars().in_use.get()),
            .open_windows => whole(counters.vars().open_windows.get() + keys.open_count()),
            .arenas => whole(counters.vars().arenas.get()),
            .pages => whole(counters.vars().pages.get()),
            .pages_free => whole(store.free_count()),
            .pages_resting => whole(counters.vars().pages_resting.get()),
            .pages_retired => whole(counters.vars().pages_retired.get()),
            .locked_bytes => whole(counters.vars().locked_bytes.get()),
            .lock_limit_bytes => lock_limit(),
            .system_locked_bytes => whole(os.locked_now()),
            .page_size_bytes => whole(known.page_size),
            .instance => whole(known.instance),
            .purges => whole(@atomicLoad(u32, &secret.vars().purges, .seq_cst)),
            .secretmem_bytes => whole(counters.vars().secretmem_bytes.get()),
            .keys => whole(keys.held()),
            .keyed_pages => whole(counters.vars().keyed_pages.get()),
            .sealed => whole(counters.vars().sealed.get() -| counters.vars().sealed_hot.get()),
            .sealed_bytes => whole(counters.vars().sealed_bytes.get()),
            .pool_pages => whole(counters.vars().pool_pages.get()),
        };
    }
    return count;
}

noinline fn whole(number: u64) f64 {
    return @floatFromInt(number);
}

/// Infinity if there is no limit, NaN if the system does not tell: a number that is
/// missing must not hide the error that it was wanted for.
fn lock_limit() f64 {
    var ignored: abi.Cause = .{};
    const bytes = os.lock_limit(&ignored) catch return std.math.nan(f64);
    return if (bytes == std.math.maxInt(u64)) std.math.inf(f64) else whole(bytes);
}
