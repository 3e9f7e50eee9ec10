//! Where tests make system calls fail. Compiled in only with `-Dfaults=true`, into
//! a library of its own name; in the library that ships, `fails` is a constant.
//!
//! Armed with `k`, the k-th call from then on fails with the given errno, and as many
//! after it as were asked for. Armed with `0`, none fails, and the calls are counted.

const std = @import("std");
const build_options = @import("build_options");
const abi = @import("abi.zig");

pub const enabled = build_options.faults;

pub const step_count = @typeInfo(abi.Step).@"enum".field_names.len;

var remaining: std.atomic.Value(u32) = .init(0);
var errno: std.atomic.Value(u32) = .init(0);
/// Calls since the last `arm`, by step; place 0 counts all of them.
var calls: [step_count]std.atomic.Value(u32) = @splat(.init(0));
var failures_left: std.atomic.Value(u32) = .init(0);
var second: std.atomic.Value(u32) = .init(0);
var second_errno: std.atomic.Value(u32) = .init(0);
/// Calls that were made to fail, by step, since the library was loaded.
var failed: [step_count]std.atomic.Value(u32) = @splat(.init(0));

/// True if the call that is about to be made has to fail; `cause` is filled in.
pub fn fails(cause: *abi.Cause, step: abi.Step) bool {
    if (!enabled) return false;
    _ = calls[0].fetchAdd(1, .monotonic);
    _ = calls[@backingInt(step)].fetchAdd(1, .monotonic);
    const left = remaining.load(.monotonic);
    if (left == 0) return false;
    if (left > 1) {
        remaining.store(left - 1, .monotonic);
        return false;
    }
    cause.* = .{ .step = step, .errno = @intCast(errno.load(.monotonic)) };
    _ = failed[0].fetchAdd(1, .monotonic);
    _ = failed[@backingInt(step)].fetchAdd(1, .monotonic);
    if (failures_left.fetchSub(1, .monotonic) == 1) {
        remaining.store(second.swap(0, .monotonic), .monotonic);
        errno.store(second_errno.load(.monotonic), .monotonic);
        failures_left.store(1, .monotonic);
    }
    return true;
}

/// `k` = 1 fails the next call, and so on for `times` calls.
pub fn arm(k: u32, with_errno: u16, times: u32) void {
    errno.store(with_errno, .monotonic);
    for (&calls) |*counter| counter.store(0, .monotonic);
    failures_left.store(times, .monotonic);
    second.store(0, .monotonic);
    remaining.store(k, .monotonic);
}

/// After `arm`: when that is done, the `k`-th call from then on fails as well.
pub fn arm_second(k: u32, with_errno: u16) void {
    second_errno.store(with_errno, .monotonic);
    second.store(k, .monotonic);
}

/// Calls of a step made since the last `arm`; `.none` asks for all calls.
pub fn count(step: abi.Step) u32 {
    return calls[@backingInt(step)].load(.monotonic);
}

/// Calls of a step that were made to fail so far; `.none` asks for all of them.
pub fn failures(step: abi.Step) u32 {
    return failed[@backingInt(step)].load(.monotonic);
}
