//! A spin lock for critical sections of a few instructions and at most a few
//! system calls. There is no libc, hence no pthread mutex; a futex would buy
//! nothing where waits last microseconds.

const std = @import("std");
const os = @import("os.zig").current;

pub const Lock = struct {
    held: std.atomic.Value(u32) = .init(0),

    pub fn acquire(lock: *Lock) void {
        if (!lock.try_acquire()) lock.wait();
    }

    /// Apart, since it is rare and there are many locks.
    noinline fn wait(lock: *Lock) void {
        var spins: u32 = 0;
        while (!lock.try_acquire()) {
            // The holder may have lost its processor: after a while give it ours.
            spins +%= 1;
            if (spins % 64 == 0) os.yield() else std.atomic.spinLoopHint();
        }
    }

    pub fn try_acquire(lock: *Lock) bool {
        return lock.held.swap(1, .acquire) == 0;
    }

    pub fn release(lock: *Lock) void {
        lock.held.store(0, .release);
    }
};

test "two threads never hold the lock at once" {
    const Shared = struct {
        var lock: Lock = .{};
        var count: u64 = 0;

        fn work() void {
            for (0..50_000) |_| {
                lock.acquire();
                defer lock.release();
                // Read and write apart, so that an overlap would lose a count.
                const seen = @as(*volatile u64, &count).*;
                @as(*volatile u64, &count).* = seen + 1;
            }
        }
    };
    const first = try std.Thread.spawn(.{}, Shared.work, .{});
    const second = try std.Thread.spawn(.{}, Shared.work, .{});
    first.join();
    second.join();
    try std.testing.expectEqual(@as(u64, 100_000), Shared.count);
}
