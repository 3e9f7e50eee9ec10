//! What the crypto library leaves behind: the calls as they ship, with a lender that lends a
//! known key. The stack below them is painted before and read afterwards.

const std = @import("std");
const builtin = @import("builtin");
const argon2id = @import("argon2id.zig");
const cpu = @import("cpu.zig");
const hkdf = @import("hkdf.zig");
const hmac = @import("hmac.zig");
const lending = @import("../lender.zig");
const expect = std.testing.expect;

extern fn securememory_crypto_start(address: f64) i32;
extern fn securememory_crypto_hmac(f64, f64, f64, ?[*]const u8, f64, ?[*]u8, f64) i32;
extern fn securememory_crypto_hmac_secret(f64, f64, f64, ?[*]const u8, f64, f64, f64) i32;
extern fn securememory_crypto_verify_hmac(f64, f64, f64, ?[*]const u8, f64, ?[*]const u8, f64) i32;
extern fn securememory_crypto_derive(f64, f64, f64, ?[*]const u8, f64, ?[*]const u8, f64, f64, f64, f64) i32;
extern fn securememory_crypto_encrypt(f64, f64, ?[*]const u8, f64, ?[*]const u8, f64, ?[*]u8, f64) i32;
extern fn securememory_crypto_decrypt(f64, f64, ?[*]const u8, f64, ?[*]const u8, f64, ?[*]u8, f64) i32;
extern fn securememory_crypto_sign(f64, f64, ?[*]const u8, f64, ?[*]u8, f64) i32;
extern fn securememory_crypto_public_key(f64, f64, f64, ?[*]u8, f64) i32;
extern fn securememory_crypto_agree(f64, f64, ?[*]const u8, f64, f64, f64) i32;
extern fn securememory_crypto_from_password(f64, f64, ?[*]const u8, f64, f64, f64, f64, f64, f64, f64) i32;

const painted = 0xA5;
const room = 64 * 1024;
/// Where a call's own frame is, and that of the loop that reads.
const frames = 1024;

var key: [32]u8 = undefined;
var made: [64]u8 = undefined;
pub var snapshot: [room]u8 = undefined;
pub var vectors: [32][64]u8 = @splat(@splat(0));
var borrowed: u32 = 0;

const lender: lending.Lender = .{
    .version = lending.version,
    .reserved = 0,
    .borrow = &borrow,
    .give_back = &give_back,
    .borrow_pair = &borrow_pair,
    .give_back_pair = &give_back_pair,
    .create = &create,
    .finish = &finish,
    .abandon = &abandon,
    .random = &random,
};

fn borrow(_: u32, _: u32, lent: *lending.Bytes) callconv(.c) i32 {
    borrowed += 1;
    lent.* = .{ .start = &key, .length = key.len };
    return 0;
}
fn give_back(_: u32, _: u32) callconv(.c) i32 {
    borrowed -= 1;
    return 0;
}
fn borrow_pair(_: *const [2]u32, _: *const [2]u32, lent: *[2]lending.Bytes) callconv(.c) i32 {
    borrowed += 1;
    lent.* = @splat(.{ .start = &key, .length = key.len });
    return 0;
}
fn give_back_pair(_: *const [2]u32, _: *const [2]u32) callconv(.c) i32 {
    borrowed -= 1;
    return 0;
}
fn create(length: u32, _: u32, _: u32, lent: *lending.Bytes) callconv(.c) i32 {
    lent.* = .{ .start = &made, .length = length };
    return 7;
}
fn finish(handle: u32) callconv(.c) i32 {
    return @intCast(handle);
}
fn abandon(_: u32) callconv(.c) void {}
fn random(bytes: [*]u8, length: usize) callconv(.c) i32 {
    @memset(bytes[0..length], 3);
    return 0;
}

var message: [1000]u8 = @splat(9);
var out: [1040]u8 = undefined;
var box: [1040]u8 = undefined;

const password_params: argon2id.Params = .{ .memory = 64, .passes = 2, .parallelism = 2 };

pub const Call = *const fn () i32;
const calls = struct {
    pub fn hmac_256() i32 {
        return securememory_crypto_hmac(1, 1, 0, &message, message.len, &out, 32);
    }
    pub fn hmac_512() i32 {
        return securememory_crypto_hmac(1, 1, 1, &message, message.len, &out, 64);
    }
    pub fn hmac_secret_256() i32 {
        return securememory_crypto_hmac_secret(1, 1, 0, &message, message.len, 16, 0);
    }
    pub fn hmac_secret_512() i32 {
        return securememory_crypto_hmac_secret(1, 1, 1, &message, message.len, 16, 0);
    }
    pub fn verify() i32 {
        return securememory_crypto_verify_hmac(1, 1, 1, &message, message.len, &out, 64);
    }
    pub fn derive_256() i32 {
        return securememory_crypto_derive(1, 1, 0, &message, 16, &message, 30, 64, 16, 0);
    }
    pub fn derive_512() i32 {
        return securememory_crypto_derive(1, 1, 1, &message, 16, &message, 30, 64, 16, 0);
    }
    pub fn encrypt() i32 {
        return securememory_crypto_encrypt(1, 1, null, 0, &message, message.len, &box, box.len);
    }
    pub fn decrypt() i32 {
        return securememory_crypto_decrypt(1, 1, null, 0, &box, box.len, &out, message.len);
    }
    pub fn decrypt_forged() i32 {
        box[0] ^= 1;
        defer box[0] ^= 1;
        return -securememory_crypto_decrypt(1, 1, null, 0, &box, box.len, &out, message.len);
    }
    pub fn sign() i32 {
        return securememory_crypto_sign(1, 1, &message, message.len, &out, 64);
    }
    pub fn public_ed25519() i32 {
        return securememory_crypto_public_key(1, 1, 0, &out, 32);
    }
    pub fn public_x25519() i32 {
        return securememory_crypto_public_key(1, 1, 1, &out, 32);
    }
    pub fn agree() i32 {
        return securememory_crypto_agree(1, 1, &point, 32, 16, 0);
    }
    pub fn password() i32 {
        return securememory_crypto_from_password(1, 1, &message, 16, password_params.memory, password_params.passes, password_params.parallelism, made.len, 16, 0);
    }
    /// What the library wipes: a copy on the stack, and in vector registers.
    pub fn control() i32 {
        // The frame of what reads the stack takes the place of the first ones.
        var copies: [64][32]u8 = @splat(key);
        std.mem.doNotOptimizeAway(&copies);
        if (builtin.target.cpu.arch == .x86_64 and cpu.detect().wide_vectors) {
            asm volatile ("vmovdqu64 (%[from]), %%zmm31"
                :
                : [from] "r" (&copies),
            );
        }
        return 0;
    }
    /// Reaches further down than any depth.
    pub fn deep() i32 {
        var area: [room / 2]u8 = undefined;
        for (&area) |*byte| @as(*volatile u8, byte).* = 1;
        return area[5];
    }
};

var point: [32]u8 = @as([31]u8, @splat(0)) ++ [1]u8{9};

noinline fn paint() void {
    const bottom: [*]volatile u8 = @ptrFromInt(@frameAddress() - room);
    for (0..room - 64) |index| bottom[index] = painted;
}

noinline fn read() void {
    const bottom: [*]volatile u8 = @ptrFromInt(@frameAddress() - room);
    for (0..room - 64) |index| snapshot[index] = bottom[index];
}

pub noinline fn watch(call: Call, features: cpu.Features) i32 {
    paint();
    const result = call();
    if (builtin.target.cpu.arch == .x86_64) {
        if (features.wide_vectors) store_wide_vectors() else if (features.vectors) store_vectors();
    }
    read();
    return result;
}

inline fn store_vectors() void {
    inline for (0..16) |index| {
        asm volatile (std.fmt.comptimePrint("vmovdqu %%ymm{d}, (%[to])", .{index})
            :
            : [to] "r" (&vectors[index]),
            : .{ .memory = true });
    }
}

inline fn store_wide_vectors() void {
    inline for (0..32) |index| {
        asm volatile (std.fmt.comptimePrint("vmovdqu64 %%zmm{d}, (%[to])", .{index})
            :
            : [to] "r" (&vectors[index]),
            : .{ .memory = true });
    }
}

/// How many 8-byte pieces of `secret` are in `place`.
pub fn pieces(secret: []const u8, place: []const u8) usize {
    var found: usize = 0;
    for (0..secret.len - 7) |start| {
        if (std.mem.find(u8, place, secret[start..][0..8]) != null) found += 1;
    }
    return found;
}

fn untouched_below() usize {
    return std.mem.findNone(u8, &snapshot, &.{painted}) orelse snapshot.len;
}

/// The lowest bytes that are not as painted are zeros that a wipe left: it reached further down
/// than whatever it wiped.
pub fn wiped_to_the_bottom() bool {
    const bottom = untouched_below();
    return snapshot.len - bottom > 256 and std.mem.allEqual(u8, snapshot[bottom..][0..256], 0);
}

test "no keyed operation leaves anything of the key on the stack or in vector registers" {
    for (&key, 0..) |*byte, index| byte.* = @truncate(0x41 + index *% 73);
    try expect(securememory_crypto_start(@floatFromInt(@intFromPtr(&lender))) == 0);
    const features = cpu.detect();

    // What is worked out of the key on the way.
    var inner_pad = key;
    for (&inner_pad) |*byte| byte.* ^= 0x36;
    var outer_pad = key;
    for (&outer_pad) |*byte| byte.* ^= 0x5c;
    var expanded: [64]u8 = undefined;
    std.crypto.hash.sha2.Sha512.hash(&key, &expanded, .{});
    var extracted: [32]u8 = undefined;
    hmac.mac(.sha256, message[0..16], &key, &extracted);
    // The key of Poly1305, under the nonce that `random` gives.
    var once: [32]u8 = @splat(0);
    std.crypto.stream.chacha.XChaCha20IETF.xor(&once, &once, 0, key, @splat(3));
    var first_hash: argon2id.Start = undefined;
    argon2id.begin(&key, message[0..16], password_params, made.len, &first_hash);
    const secrets = [_][]const u8{ &key, &inner_pad, &outer_pad, &expanded, &extracted, &first_hash, &once };

    inline for (@typeInfo(calls).@"struct".decl_names) |name| {
        if (comptime std.mem.eql(u8, name, "control") or std.mem.eql(u8, name, "deep")) continue;
        const result = watch(&@field(calls, name), features);
        try expect(result >= 0);
        try std.testing.expectEqual(@as(u32, 0), borrowed);
        for (secrets, 0..) |secret, index| {
            const on_stack = pieces(secret, &snapshot);
            const in_vectors = if (features.vectors) pieces(secret, std.mem.asBytes(&vectors)) else 0;
            if (on_stack + in_vectors == 0) continue;
            std.debug.print("{s}: {d} pieces of secret {d} on the stack, {d} in registers\n", .{ name, on_stack, index, in_vectors });
            return error.Left;
        }
        if (!wiped_to_the_bottom()) {
            std.debug.print("{s}: goes deeper than it wipes: {d} bytes\n", .{ name, snapshot.len - untouched_below() });
            return error.Deeper;
        }
    }

    // Both looks can fail.
    _ = watch(&calls.control, features);
    try expect(pieces(&key, &snapshot) > 0);
    if (features.wide_vectors) try expect(pieces(&key, std.mem.asBytes(&vectors)) > 0);
    _ = watch(&calls.deep, features);
    try expect(!wiped_to_the_bottom());
}
