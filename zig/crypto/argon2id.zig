//! Argon2id (RFC 9106), version 0x13.
//!
//! The working memory is the caller's, who wipes it afterwards. Lanes are worked one after
//! the other: the result is the RFC's for any parallelism, since what threads would do at
//! the same time does not depend on each other. See `hmac.zig` about the stack.

const std = @import("std");
const builtin = @import("builtin");
const check = @import("check.zig").check;
const argon2 = std.crypto.pwhash.argon2;

pub const nonce_length_min = 8;
pub const length_min = 4;

/// The RFC's own bound is 2^24 - 1; Zig's std counts eight times this in 24 bits.
pub const parallelism_max = (1 << 21) - 1;

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
        const quantum = 4 * params.parallelism;
        const blocks: u64 = params.memory / quantum * quantum;
        return std.math.cast(usize, blocks * 1024);
    }
};

/// `memory` is `params.memory_bytes()` long; what is in it does not matter.
pub fn derive(memory: []align(16) u8, password: []const u8, nonce: []const u8, params: Params, out: []u8) void {
    check(params.valid());
    check(memory.len == params.memory_bytes());
    check(nonce.len >= nonce_length_min);
    check(out.len >= length_min);
    for ([_]usize{ password.len, nonce.len, out.len }) |length| check(length <= std.math.maxInt(u32));
    var fixed: std.heap.FixedBufferAllocator = .init(memory);
    const wanted: argon2.Params = .{
        .t = params.passes,
        .m = params.memory,
        .p = @intCast(params.parallelism),
        .secret = params.secret,
        .ad = params.associated_data,
    };
    argon2.kdf(fixed.allocator(), out, password, nonce, wanted, .argon2id, io) catch
        @panic("Argon2id refused what was checked before");
}

/// For threads, of which a single-threaded build makes none; the other one of std's works
/// one lane after the other as well.
const io: std.Io = if (builtin.single_threaded) undefined else .failing;
