//! Functions that must take a time that depends on no secret byte, beside a naive one
//! that does: what finds nothing in the first has to find something in the last.
//!
//!     constant_time secret <function>   under valgrind, with the bytes marked secret
//!     constant_time times <attempts>    measured, until an attempt is good
//!
//! `times` prints one line per attempt: for each function the largest |t| of Welch's test
//! over the pairs of classes and several croppings, after Reparaz, Balasch and
//! Verbauwhede, "Dude, is my code constant time?", 2017.

const std = @import("std");
const compare = @import("compare");
const canary = @import("canary");
const linux = std.os.linux;

const Function = enum { compare, canary, naive };
const size = 1024;
const Bytes = [size]u8;
const pattern: canary.Pattern = .{ 0x3D, 0xA1, 0x07, 0x5C, 0xE2, 0x99, 0x40, 0xB6, 0x18, 0xF3, 0x6A, 0xC4, 0x2E, 0x81, 0xDB, 0x75 };

/// Never inlined, so that the compiler knows nothing of the bytes.
noinline fn same(function: Function, a: []const u8, b: []const u8) bool {
    return switch (function) {
        .compare => compare.equal(a, b),
        .canary => canary.intact(a, pattern),
        .naive => naive(a, b),
    };
}

/// Stops at the first difference, as a comparison that is not for secrets does.
fn naive(a: []const u8, b: []const u8) bool {
    for (a, b) |left, right| if (left != right) return false;
    return true;
}

pub fn main(init: std.process.Init.Minimal) !void {
    var arguments = init.args.iterate();
    _ = arguments.next();
    const what = arguments.next() orelse return error.Usage;
    const operand = arguments.next() orelse return error.Usage;
    if (std.mem.eql(u8, what, "times")) return run_times(try std.fmt.parseInt(u32, operand, 10));
    return run_secret(std.meta.stringToEnum(Function, operand) orelse return error.Usage);
}

/// Lengths with and without a rest beside whole vectors; equal bytes, and a difference
/// at the start, in the middle and at the end.
fn run_secret(function: Function) !void {
    for ([_]usize{ 1, 16, 31, 32, 33, 100, size }) |length| {
        for ([_]?usize{ null, 0, length / 2, length - 1 }) |different| {
            var a: Bytes = undefined;
            canary.fill(a[0..length], pattern);
            var b = a;
            if (different) |index| a[index] ^= 0x80;
            for ([_][]u8{ a[0..length], b[0..length] }) |bytes| for (bytes) |*byte| {
                std.crypto.timing_safe.classify(byte);
            };
            var result = same(function, a[0..length], b[0..length]);
            // What is learnt is public: equal or not.
            std.crypto.timing_safe.declassify(&result);
            if (result != (different == null)) return error.Wrong;
        }
    }
}

const functions = std.enums.values(Function);
const measurements = 600_000;
/// Equal, the first byte differs, the last byte differs.
const class_count = 3;

const Measurement = struct { function: Function, class: u8, cycles: u64 };
var measured: [measurements]Measurement = undefined;

/// The core's functions stay below the first, the naive one gets above the second.
const limit_constant = 4.5;
const limit_naive = 10;

fn run_times(attempts: u32) !void {
    for (0..attempts) |_| {
        try measure();
        var largest: [functions.len]f64 = undefined;
        for (functions, &largest) |function, *t| t.* = evaluate(function);
        std.debug.print("compare {d:.2}, canary {d:.2}, naive {d:.2}\n", .{ largest[0], largest[1], largest[2] });
        if (largest[0] < limit_constant and largest[1] < limit_constant and largest[2] > limit_naive) return;
    }
}

/// All functions and classes in random order: whatever else the machine does meets all alike.
fn measure() !void {
    var random: std.Random.DefaultPrng = .init(try seed());
    var base: Bytes = undefined;
    canary.fill(&base, pattern);
    // One buffer for all classes: another address would be another time.
    var input = base;
    for (&measured) |*one| {
        const function = functions[random.random().uintLessThan(usize, functions.len)];
        const class = random.random().uintLessThan(u8, class_count);
        // Both places are written for every class, so that the caches are the same.
        input[0] = base[0] ^ @as(u8, @intFromBool(class == 1));
        input[size - 1] = base[size - 1] ^ @as(u8, @intFromBool(class == 2));
        const before = clock();
        const result = same(function, &input, &base);
        const after = clock();
        std.mem.doNotOptimizeAway(result);
        one.* = .{ .function = function, .class = class, .cycles = after -% before };
    }
}

fn evaluate(function: Function) f64 {
    var largest: f64 = 0;
    for ([_]f64{ 0.5, 0.7, 0.9, 1 }) |part| {
        const limit = percentile(function, part);
        for ([_][2]u8{ .{ 0, 1 }, .{ 0, 2 }, .{ 1, 2 } }) |pair| {
            largest = @max(largest, @abs(welch(function, pair, limit)));
        }
    }
    return largest;
}

/// The time below which this part of all measurements is: what an interruption made
/// longer than that says nothing about the function.
fn percentile(function: Function, part: f64) u64 {
    const Static = struct {
        var sorted: [measurements]u64 = undefined;
    };
    var count: usize = 0;
    for (&measured) |*one| if (one.function == function) {
        Static.sorted[count] = one.cycles;
        count += 1;
    };
    std.mem.sortUnstable(u64, Static.sorted[0..count], {}, std.sort.asc(u64));
    const last: f64 = @floatFromInt(count - 1);
    const index: usize = @trunc(part * last);
    return Static.sorted[index];
}

/// Welch's t between two classes over the measurements of at most `limit`.
fn welch(function: Function, pair: [2]u8, limit: u64) f64 {
    var count: [2]f64 = .{ 0, 0 };
    var mean: [2]f64 = .{ 0, 0 };
    var squares: [2]f64 = .{ 0, 0 };
    for (&measured) |*one| {
        if (one.function != function or one.cycles > limit) continue;
        const which: usize = if (one.class == pair[0]) 0 else if (one.class == pair[1]) 1 else continue;
        // Welford's way: no sum of large squares.
        const value: f64 = @floatFromInt(one.cycles);
        count[which] += 1;
        const distance = value - mean[which];
        mean[which] += distance / count[which];
        squares[which] += distance * (value - mean[which]);
    }
    // A class of which nothing is left differs from the other as much as can be.
    if (count[0] < 2 or count[1] < 2) return std.math.inf(f64);
    const variance = squares[0] / (count[0] - 1) / count[0] + squares[1] / (count[1] - 1) / count[1];
    if (variance == 0) return if (mean[0] == mean[1]) 0 else std.math.inf(f64);
    return (mean[0] - mean[1]) / @sqrt(variance);
}

fn seed() !u64 {
    var bytes: [8]u8 = undefined;
    if (linux.getrandom(&bytes, bytes.len, 0) != bytes.len) return error.NoRandom;
    return @bitCast(bytes);
}

/// The processor's counter, between fences: nothing before it is still running.
inline fn clock() u64 {
    var low: u32 = undefined;
    var high: u32 = undefined;
    asm volatile (
        \\ lfence
        \\ rdtsc
        \\ lfence
        : [low] "={eax}" (low),
          [high] "={edx}" (high),
        :
        : .{ .memory = true });
    return @as(u64, high) << 32 | low;
}
