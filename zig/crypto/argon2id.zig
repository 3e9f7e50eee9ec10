//! Argon2id (RFC 9106), version 0x13.
//!
//! The working memory is the caller's, who wipes it afterwards. Lanes are worked one after the
//! other: the result is the RFC's for any parallelism, since what threads would do at the same
//! time does not depend on each other.
//!
//! Not the one of Zig's std: with its BLAKE2b it is 13 KiB of code, a fifth of what the crypto
//! library may be, wants an allocator and threads, and leaves what it works with on the stack.
//! The tests compare the two. See `hmac.zig` about what is left on the stack here.

const std = @import("std");
const check = @import("check.zig").check;
const compress = @import("argon2_block.zig").compress;
const blake2b = @import("blake2b.zig");
const Blake2b = blake2b.Blake2b;
const Block = @import("argon2_block.zig").Block;
const wipe = std.crypto.secureZero;

pub const nonce_length_min = 8;
pub const length_min = 4;
pub const parallelism_max = (1 << 24) - 1;

const version = 0x13;
const type_id = 2;
const slices = 4;
const block_bytes = @sizeOf(Block);

pub const Params = struct {
    /// KiB.
    memory: u32,
    passes: u32,
    parallelism: u32,
    /// What the RFC's vectors have beside the password; nothing else here uses them.
    secret: []const u8 = "",
    associated_data: []const u8 = "",

    pub fn valid(params: Params) bool {
        if (params.passes < 1) return false;
        if (params.parallelism < 1) return false;
        if (params.parallelism > parallelism_max) return false;
        return params.memory / 8 >= params.parallelism;
    }

    /// Bytes of working memory, or null if this machine has no such numbers.
    pub fn memory_bytes(params: Params) ?usize {
        check(params.valid());
        return std.math.cast(usize, @as(u64, params.lane_blocks()) * params.parallelism * block_bytes);
    }

    fn lane_blocks(params: Params) u32 {
        return params.memory / (slices * params.parallelism) * slices;
    }
};

/// The first hash, H0 of section 3.2: all that becomes of the password.
pub const Start = [blake2b.digest_length_max]u8;

/// Three steps in one. `memory` is `params.memory_bytes()` long; what is in it does not matter.
pub fn derive(memory: []align(16) u8, password: []const u8, nonce: []const u8, params: Params, out: []u8) void {
    var start: Start = undefined;
    defer wipe(u8, &start);
    begin(password, nonce, params, out.len, &start);
    fill(memory, params, &start);
    finish(memory, params, out);
}

/// The first step, for a result of `length` bytes, and the only one that needs the password.
pub fn begin(password: []const u8, nonce: []const u8, params: Params, length: usize, start: *Start) void {
    check(params.valid());
    check(nonce.len >= nonce_length_min);
    check(length >= length_min);
    for ([_]usize{ password.len, nonce.len, length }) |one| check(one <= std.math.maxInt(u32));
    var context: Blake2b = .init(start.len);
    defer context.wipe();
    const result_length: u32 = @intCast(length);
    for ([_]u32{ params.parallelism, result_length, params.memory, params.passes, version, type_id }) |number| {
        context.update(std.mem.asBytes(&number));
    }
    for ([_][]const u8{ password, nonce, params.secret, params.associated_data }) |bytes| {
        const count: u32 = @intCast(bytes.len);
        context.update(std.mem.asBytes(&count));
        context.update(bytes);
    }
    context.final(start);
}

/// The second, which is what takes the time. Wipes `start` as soon as it is in the memory.
pub fn fill(memory: []align(16) u8, params: Params, start: *Start) void {
    const work: Work = .of(memory, params);
    work.begin(start);
    wipe(u8, start);
    for (0..params.passes) |pass| {
        for (0..slices) |slice| {
            for (0..params.parallelism) |lane| {
                work.fill(.{ .pass = @intCast(pass), .slice = @intCast(slice), .lane = @intCast(lane) });
            }
        }
    }
}

/// The third: the result. It is as long as the first step was told.
pub fn finish(memory: []align(16) u8, params: Params, out: []u8) void {
    const work: Work = .of(memory, params);
    work.finish(out);
}

/// H' of section 3.3: a hash of any length, here of two parts of a text.
fn long_hash(out: []u8, first: []const u8, second: []const u8) void {
    const half = blake2b.digest_length_max / 2;
    const length: u32 = @intCast(out.len);
    var digest: [blake2b.digest_length_max]u8 = undefined;
    defer wipe(u8, &digest);
    var context: Blake2b = .init(@min(out.len, digest.len));
    defer context.wipe();
    context.update(std.mem.asBytes(&length));
    context.update(first);
    context.update(second);
    if (out.len <= digest.len) return context.final(out);
    context.final(&digest);
    var rest = out;
    while (true) {
        @memcpy(rest[0..half], digest[0..half]);
        rest = rest[half..];
        context = .init(@min(rest.len, digest.len));
        context.update(&digest);
        if (rest.len <= digest.len) return context.final(rest);
        context.final(&digest);
    }
}

/// A quarter of a lane, in one pass.
const Segment = struct {
    pass: u32,
    slice: u32,
    lane: u32,

    /// The blocks it refers to do not depend on the password: in the first half of the first pass.
    fn independent(segment: Segment) bool {
        return segment.pass == 0 and segment.slice < slices / 2;
    }
};

const Work = struct {
    blocks: []Block,
    params: Params,
    lane_blocks: u32,

    fn of(memory: []align(16) u8, params: Params) Work {
        check(params.valid());
        check(memory.len == params.memory_bytes());
        return .{
            .blocks = std.mem.bytesAsSlice(Block, memory),
            .params = params,
            .lane_blocks = params.lane_blocks(),
        };
    }

    /// The first two blocks of each lane.
    fn begin(work: *const Work, start: *const Start) void {
        for (0..work.params.parallelism) |lane| {
            for (0..2) |index| {
                const place = [2]u32{ @intCast(index), @intCast(lane) };
                long_hash(std.mem.asBytes(work.at(@intCast(lane), @intCast(index))), start, std.mem.asBytes(&place));
            }
        }
    }

    fn at(work: *const Work, lane: u32, index: u32) *Block {
        return &work.blocks[@as(usize, lane) * work.lane_blocks + index];
    }

    fn fill(work: *const Work, segment: Segment) void {
        const length = work.lane_blocks / slices;
        var addresses: Addresses = undefined;
        addresses.begin(work, segment);
        const first: u32 = if (segment.pass == 0 and segment.slice == 0) 2 else 0;
        for (first..length) |number| {
            const index: u32 = @intCast(number);
            const current = segment.slice * length + index;
            const before = work.at(segment.lane, (current + work.lane_blocks - 1) % work.lane_blocks);
            if (segment.independent() and (index == first or index % addresses.block.len == 0)) addresses.next();
            const random = if (segment.independent()) addresses.block[index % addresses.block.len] else before[0];
            const reference = work.refer(segment, index, random);
            compress(work.at(segment.lane, current), before, reference, segment.pass > 0);
        }
    }

    /// Section 3.4: the block that a random number stands for.
    fn refer(work: *const Work, segment: Segment, index: u32, random: u64) *const Block {
        const length = work.lane_blocks / slices;
        const first_slice = segment.pass == 0 and segment.slice == 0;
        const other: u32 = @intCast((random >> 32) % work.params.parallelism);
        const lane = if (first_slice) segment.lane else other;
        // What is done already: in this pass, or the three quarters before this one.
        const done = if (segment.pass == 0) segment.slice * length else work.lane_blocks - length;
        const area: u64 = if (lane == segment.lane) done + index - 1 else if (index == 0) done - 1 else done;
        const low: u64 = @as(u32, @truncate(random));
        const back = (area * (low * low >> 32)) >> 32;
        const start: u64 = if (segment.pass == 0) 0 else (segment.slice + 1) % slices * length;
        return work.at(lane, @intCast((start + area - 1 - back) % work.lane_blocks));
    }

    fn finish(work: *const Work, out: []u8) void {
        const last = work.lane_blocks - 1;
        const sum = work.at(0, last);
        for (1..work.params.parallelism) |lane| {
            for (sum, work.at(@intCast(lane), last)) |*word, added| word.* ^= added;
        }
        long_hash(out, std.mem.asBytes(sum), "");
    }
};

/// Random numbers that depend on nothing but the place.
const Addresses = struct {
    zero: Block,
    input: Block,
    block: Block,

    /// Not by literals, which would be kilobytes of zeros in the library.
    fn begin(addresses: *Addresses, work: *const Work, segment: Segment) void {
        @memset(std.mem.asBytes(addresses), 0);
        addresses.input[0] = segment.pass;
        addresses.input[1] = segment.lane;
        addresses.input[2] = segment.slice;
        addresses.input[3] = work.blocks.len;
        addresses.input[4] = work.params.passes;
        addresses.input[5] = type_id;
    }

    /// In a frame of its own: one of more than a page would need Zig's runtime library on Windows.
    noinline fn next(addresses: *Addresses) void {
        addresses.input[6] += 1;
        var once: Block = undefined;
        compress(&once, &addresses.zero, &addresses.input, false);
        compress(&addresses.block, &addresses.zero, &once, false);
    }
};
