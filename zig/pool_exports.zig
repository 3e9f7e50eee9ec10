//! The C ABI of pools: see `exports.zig`.

const abi = @import("abi.zig");
const ending = @import("ending.zig");
const numbers = @import("numbers.zig");
const pools = @import("pool/pool.zig");
const secrets = @import("pool/secrets.zig");
const statistics = @import("pool/statistics.zig");
const Cause = abi.Cause;
const whole = numbers.whole;

/// Makes a pool, and no page yet. Returns its handle.
export fn securememory_pool_create(label: ?[*]u8, length: f64, flags: f64, limit: f64, seals: f64) i32 {
    var cause: Cause = .{};
    ending.arm();
    const handle = create_pool(&cause, label, length, flags, limit, seals) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

fn create_pool(cause: *Cause, label: ?[*]u8, length: f64, flags: f64, limit: f64, seals: f64) abi.Error!u32 {
    const bytes: []const u8 = if (try whole(length) == 0) &.{} else try numbers.slice(u8, label, length);
    return pools.create(cause, .{
        .label = bytes,
        .flags = try whole(flags),
        .limit = try whole(limit),
        .seals = seals == 1,
    });
}

/// Wipes all secrets of a pool; none can be made in it any more.
export fn securememory_pool_close(handle: f64) i32 {
    return numbers.with_handle(handle, secrets.close_pool);
}

/// Makes a secret of random bytes. Returns its handle; it sleeps.
export fn securememory_pool_random(pool: f64, length: f64, epoch: f64) i32 {
    return create(pool, length, epoch, &.random);
}

/// Makes a secret of the `length` bytes at `source` and wipes those, on success only.
export fn securememory_pool_from(pool: f64, source: ?[*]u8, length: f64, epoch: f64) i32 {
    const bytes = numbers.slice(u8, source, length) catch |err| return abi.pack(err, .{});
    return create(pool, length, epoch, &.{ .bytes = bytes });
}

/// Makes a secret of zeros, which is awake.
export fn securememory_pool_zeros(pool: f64, length: f64, epoch: f64) i32 {
    return create(pool, length, epoch, &.zeros);
}

fn create(pool: f64, length: f64, epoch: f64, content: *const secrets.Content) i32 {
    var cause: Cause = .{};
    const handle = create_in(&cause, pool, length, epoch, content) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

fn create_in(cause: *Cause, pool: f64, length: f64, epoch: f64, content: *const secrets.Content) abi.Error!u32 {
    return secrets.create(cause, try whole(pool), try whole(length), try whole(epoch), content);
}

/// 1 if it was sealed, 0 if it had a slot.
export fn securememory_pool_wake(handle: f64) i32 {
    var cause: Cause = .{};
    const number = whole(handle) catch |err| return abi.pack(err, cause);
    const sealed = secrets.wake(&cause, number) catch |err| return abi.pack(err, cause);
    return @intFromBool(sealed);
}

export fn securememory_pool_sleep(handle: f64) i32 {
    const number = whole(handle) catch |err| return abi.pack(err, .{});
    secrets.sleep(number) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Destroys and releases a secret that was collected. 1 if it was there, 0 if it is another one by now.
export fn securememory_pool_collected(handle: f64, epoch: f64) i32 {
    var cause: Cause = .{};
    const there = collected(&cause, handle, epoch) catch |err| return abi.pack(err, cause);
    return @intFromBool(there);
}

fn collected(cause: *Cause, handle: f64, epoch: f64) abi.Error!bool {
    return secrets.collected(cause, try whole(handle), try whole(epoch));
}

/// Tells the pages of secrets apart that are awake.
export fn securememory_pool_page(handle: f64) i32 {
    const number = whole(handle) catch |err| return abi.pack(err, .{});
    const page = secrets.page_of(number) catch |err| return abi.pack(err, .{});
    return @intCast(page);
}

/// 1 if damage was found between it and a neighbour.
export fn securememory_pool_suspect(handle: f64) i32 {
    const number = whole(handle) catch |err| return abi.pack(err, .{});
    const suspect = secrets.is_suspect(number) catch |err| return abi.pack(err, .{});
    return @intFromBool(suspect);
}

/// Writes up to `count` numbers in the order of `abi.PoolStatistic`; returns how many.
export fn securememory_pool_statistics(handle: f64, out: ?[*]f64, count: f64) i32 {
    const written = write_statistics(handle, out, count) catch |err| return abi.pack(err, .{});
    return @intCast(written);
}

fn write_statistics(handle: f64, out: ?[*]f64, count: f64) abi.Error!usize {
    return statistics.write(try whole(handle), try numbers.slice(f64, out, count));
}
