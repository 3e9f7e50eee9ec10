//! Poly1305 (RFC 8439, section 2.5) with as many blocks at once as fit into vectors. One block
//! needs the one before it multiplied by r. With n lanes, each lane needs the blocks n before its
//! own multiplied by r^n, and the last time by r^n to r^1, lane by lane; the sum of all lanes is
//! what one block after the other would have made.
//!
//! Numbers are five limbs of 26 bits, one vector each, since vectors multiply 32 bits by 32. No
//! branch and no address depends on anything but the length.

const std = @import("std");
const bytes = @import("bytes.zig");
const Poly1305 = std.crypto.onetimeauth.Poly1305;

/// As many as there are in any vector.
pub const lanes_max = 8;
const lanes = @min(lanes_max, std.simd.suggestVectorLength(u64) orelse 1);
/// Fewer would take longer than one block after the other.
pub const worthwhile = @import("builtin").target.cpu.arch == .x86_64 and lanes >= 4;
const bytes_at_once = lanes * Poly1305.block_length;

/// What it takes to get started is worth so many bytes.
pub const bytes_min = 256;

const Lane = @Vector(lanes, u64);
const Limbs = [5]Lane;
const mask: Lane = @splat((1 << 26) - 1);

/// r^8 to r^1: the first limbs of all, the second ones, and so on.
pub const Powers = [5][lanes_max]u64;

pub fn powers_of(r: *const [2]u64, out: *Powers) void {
    var power: [3]u64 = .{ r[0], r[1], 0 };
    defer bytes.wipe(&power);
    // Not known to the compiler, which would write all of it eight times.
    var lane: usize = asm volatile (""
        : [count] "=r" (-> usize),
        : [given] "0" (@as(usize, lanes_max)),
    );
    while (lane > 0) {
        lane -= 1;
        for (out, split(&power)) |*limbs, limb| limbs[lane] = limb;
        times(&power, r);
    }
}

/// `r` has as few bits as the RFC leaves it, and its upper word is a multiple of four: 2^128 times
/// that is five quarters of it.
fn times(h: *[3]u64, r: *const [2]u64) void {
    const folded = r[1] + (r[1] >> 2);
    const first = wide(h[0], r[0]) + wide(h[1], folded);
    const second = wide(h[0], r[1]) + wide(h[1], r[0]) + h[2] * folded + (first >> 64);
    const third = h[2] * r[0] + @as(u64, @truncate(second >> 64));
    const low = @as(u128, @as(u64, @truncate(second))) << 64 | @as(u64, @truncate(first));
    const sum, const over = @addWithOverflow(low, (third >> 2) + (third & ~@as(u64, 3)));
    h.* = .{ @truncate(sum), @truncate(sum >> 64), (third & 3) + over };
}

inline fn wide(a: u64, b: u64) u128 {
    return @as(u128, a) * b;
}

/// What is multiplied with: the limbs, and all but the first times five.
const Factor = struct {
    limbs: Limbs,
    fives: [4]Lane,

    inline fn fold(factor: *Factor) void {
        inline for (&factor.fives, factor.limbs[1..]) |*five, limb| five.* = limb + (limb << @splat(2));
    }
};

/// Takes as much of `text` as fills vectors, at least once. Returns how much that was.
pub fn update(h_words: *[3]u64, powers: *const Powers, text: []const u8) usize {
    const whole = text.len / bytes_at_once * bytes_at_once;
    // In this order: that for all lanes, and that of the last time.
    var factors: [2]Factor = undefined;
    defer bytes.wipe(&factors);
    for (&factors[0].limbs, &factors[1].limbs, powers) |*all, *last, limbs| {
        all.* = @splat(limbs[lanes_max - lanes]);
        last.* = limbs[lanes_max - lanes ..].*;
    }
    for (&factors) |*factor| factor.fold();
    var h: Limbs = undefined;
    defer bytes.wipe(&h);
    const none: Lane = @splat(0);
    for (&h, split(h_words)) |*limb, word| limb.* = @select(u64, first_lane, @as(Lane, @splat(word)), none);
    var done: usize = 0;
    while (done < whole) : (done += bytes_at_once) {
        const factor = &factors[@intFromBool(done + bytes_at_once == whole)];
        add(&h, text[done..][0..bytes_at_once]);
        h = multiplied(h, factor);
    }
    join(&h, h_words);
    return whole;
}

const first_lane: @Vector(lanes, bool) = [1]bool{true} ++ @as([lanes - 1]bool, @splat(false));

/// Each block with the bit behind it.
inline fn add(h: *Limbs, text: *const [bytes_at_once]u8) void {
    const words: *align(1) const [2]Lane = @ptrCast(text);
    const low = @shuffle(u64, words[0], words[1], every_other(0));
    const high = @shuffle(u64, words[0], words[1], every_other(1));
    h[0] += low & mask;
    h[1] += (low >> @splat(26)) & mask;
    h[2] += (low >> @splat(52) | high << @splat(12)) & mask;
    h[3] += (high >> @splat(14)) & mask;
    h[4] += high >> @splat(40) | @as(Lane, @splat(1 << 24));
}

fn every_other(comptime start: i32) [lanes]i32 {
    var indices: [lanes]i32 = undefined;
    for (&indices, 0..) |*index, lane| {
        const word = 2 * @as(i32, lane) + start;
        index.* = if (word < lanes) word else ~(word - lanes);
    }
    return indices;
}

/// Modulo 2^130 - 5. Limbs of `a` have up to 29 bits, those of the result up to 27.
inline fn multiplied(a: Limbs, b: *const Factor) Limbs {
    var sums: Limbs = undefined;
    inline for (&sums, 0..) |*sum, place| {
        sum.* = product_of(a[0], b.limbs[place]);
        inline for (1..5) |index| {
            const other = if (index <= place) b.limbs[place - index] else b.fives[place + 4 - index];
            sum.* += product_of(a[index], other);
        }
    }
    return carried(carried(sums));
}

/// All carries at once: one after the other they would wait for each other.
inline fn carried(sums: Limbs) Limbs {
    const last = sums[4] >> @splat(26);
    var limbs: Limbs = undefined;
    limbs[0] = (sums[0] & mask) + last + (last << @splat(2));
    inline for (1..5) |index| limbs[index] = (sums[index] & mask) + (sums[index - 1] >> @splat(26));
    return limbs;
}

/// Of the lower halves. In assembly, since the compiler also multiplies the upper ones.
inline fn product_of(a: Lane, b: Lane) Lane {
    return asm ("vpmuludq %[b], %[a], %[product]"
        : [product] "=v" (-> Lane),
        : [a] "v" (a),
          [b] "v" (b),
    );
}

/// A number of 131 bits at most.
inline fn split(words: *const [3]u64) [5]u64 {
    const m: u64 = (1 << 26) - 1;
    return .{
        words[0] & m,
        words[0] >> 26 & m,
        (words[0] >> 52 | words[1] << 12) & m,
        words[1] >> 14 & m,
        words[1] >> 40 | words[2] << 24,
    };
}

/// The sum of all lanes, as `Poly1305` has it: three words, of which the last is small.
fn join(h: *const Limbs, out: *[3]u64) void {
    var sums: [5]u64 = undefined;
    for (&sums, h) |*sum, limb| sum.* = @reduce(.Add, limb);
    var carry: u64 = 0;
    for (&sums) |*sum| {
        sum.* += carry;
        carry = sum.* >> 26;
        sum.* &= (1 << 26) - 1;
    }
    var low = @as(u128, sums[0]) + (@as(u128, sums[1]) << 26) + (@as(u128, sums[2]) << 52) +
        (@as(u128, sums[3]) << 78) + (@as(u128, sums[4] & 0xff_ffff) << 104);
    const more, const over = @addWithOverflow(low, carry * 5);
    low = more;
    out.* = .{ @truncate(low), @truncate(low >> 64), (sums[4] >> 24) + over };
}
