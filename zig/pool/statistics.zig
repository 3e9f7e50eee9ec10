//! Numbers about one pool, none of them about content.

const std = @import("std");
const abi = @import("../abi.zig");
const pools = @import("pool.zig");

pub fn write(handle: u32, out: []f64) abi.Error!usize {
    const pool = try pools.acquire(handle);
    defer pool.lock.release();
    var quarantined: u64 = 0;
    for (pool.classes) |*class| quarantined += class.quarantine.length;
    const secrets = @atomicLoad(u32, &pool.secrets, .monotonic);
    const numbers: std.EnumArray(abi.PoolStatistic, u64) = .init(.{
        .secrets = secrets,
        .hot = @min(pool.hot, secrets),
        .pages = pool.pages,
        .locked_bytes = pool.bytes,
        .limit_bytes = pool.limit,
        .hits = pool.hits,
        .misses = pool.misses,
        .seals = pool.seals_done,
        .slots_free = pool.free,
        .quarantined = quarantined,
        .retired = pool.retired,
        .suspect = pool.suspects,
    });
    const count = @min(out.len, numbers.values.len);
    for (out[0..count], numbers.values[0..count]) |*to, number| {
        // A signed number takes less code to convert.
        to.* = if (number == pools.no_limit) std.math.inf(f64) else @floatFromInt(@as(i64, @intCast(number)));
    }
    return count;
}
