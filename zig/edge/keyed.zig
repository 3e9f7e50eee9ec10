//! Keyed operations, with the key where it is. Each wipes the stack below it: Zig's std leaves keys
//! and schedules there.
//!
//! What needs memory comes first: it cannot grow once a window is open, and a key that nobody has
//! open is opened for the operation alone.

const std = @import("std");
const abi = @import("../abi.zig");
const argon2id = @import("../crypto/argon2id.zig");
const blocks = @import("blocks.zig");
const compare = @import("../compare.zig");
const ed25519 = @import("../crypto/ed25519.zig");
const hkdf = @import("../crypto/hkdf.zig");
const hmac = @import("../crypto/hmac.zig");
const os = @import("../os.zig").current;
const secret = @import("secret.zig");
const stack = @import("stack.zig");
const table = @import("../table.zig");
const wipe = @import("../wipe.zig").wipe;
const x25519 = @import("../crypto/x25519.zig");
const xchacha = @import("../crypto/xchacha.zig");
const Cause = abi.Cause;
const Error = abi.Error;
const Hash = hmac.Hash;
const Record = table.Record;

pub const Kind = enum(u1) { ed25519 = 0, x25519 = 1 };

/// What an operation ends with beside our errors: a box that is not authentic, a public key of low
/// order.
pub const Refusal = error{ NotAuthentic, ZeroResult };

/// A key whose window is open for the time of an operation.
const Key = struct {
    record: *Record,
    opened: bool,

    fn borrow(handle: u32) Error!Key {
        const opened = try secret.open_if_closed(handle);
        return .{ .record = try secret.find_open(handle), .opened = opened };
    }

    fn give_back(key: Key) void {
        if (key.opened) secret.shut(key.record);
    }

    fn bytes(key: Key) []const u8 {
        return key.record.payload();
    }

    fn exact(key: Key) Error!*const [32]u8 {
        const all = key.bytes();
        return if (all.len == 32) all[0..32] else error.InvalidArgument;
    }
};

pub fn mac(handle: u32, hash: Hash, data: []const u8, out: []u8) Error!void {
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    @call(.never_inline, hmac.mac, .{ hash, key.bytes(), data, out });
}

pub fn mac_secret(cause: *Cause, handle: u32, hash: Hash, data: []const u8, alignment: u32) Error!u32 {
    const made = try secret.create(cause, .{ .length = @intCast(hash.digest_length()), .alignment = alignment });
    errdefer secret.abandon(made);
    try mac(handle, hash, data, made.payload());
    secret.shut(made);
    return made.handle();
}

pub fn verify(handle: u32, hash: Hash, data: []const u8, given: []const u8) Error!bool {
    var place: [64]u8 = undefined;
    const expected = place[0..hash.digest_length()];
    defer wipe(expected);
    try mac(handle, hash, data, expected);
    return given.len == expected.len and compare.equal(expected, given);
}

pub fn derive(cause: *Cause, handle: u32, hash: Hash, salt: []const u8, info: []const u8, shape: blocks.Shape) Error!u32 {
    if (shape.length > hkdf.length_max(hash)) return error.InvalidArgument;
    const made = try secret.create(cause, shape);
    errdefer secret.abandon(made);
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    @call(.never_inline, hkdf.derive, .{ hash, key.bytes(), salt, info, made.payload() });
    secret.shut(made);
    return made.handle();
}

pub fn encrypt(cause: *Cause, handle: u32, aad: []const u8, plaintext: []const u8, box: []u8) Error!void {
    const key: Key = try .borrow(handle);
    defer key.give_back();
    os.random(cause, box[0..xchacha.nonce_length]) catch return error.RandomFailed;
    defer stack.wipe_large();
    @call(.never_inline, xchacha.seal, .{ try key.exact(), aad, plaintext, box });
}

pub fn encrypt_secret(cause: *Cause, handle: u32, other: u32, aad: []const u8, box: []u8) Error!void {
    const plaintext: Key = try .borrow(other);
    defer plaintext.give_back();
    try encrypt(cause, handle, aad, plaintext.bytes(), box);
}

pub fn decrypt(handle: u32, aad: []const u8, box: []const u8, plaintext: []u8) (Error || Refusal)!void {
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    return @call(.never_inline, xchacha.open, .{ try key.exact(), aad, box, plaintext });
}

pub fn decrypt_secret(cause: *Cause, handle: u32, aad: []const u8, box: []const u8, alignment: u32) (Error || Refusal)!u32 {
    if (box.len <= xchacha.overhead) return error.NotAuthentic;
    const made = try secret.create(cause, .{
        .length = @intCast(box.len - xchacha.overhead),
        .alignment = alignment,
    });
    errdefer secret.abandon(made);
    try decrypt(handle, aad, box, made.payload());
    secret.shut(made);
    return made.handle();
}

pub fn sign(handle: u32, message: []const u8, out: *[ed25519.signature_length]u8) Error!void {
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    @call(.never_inline, ed25519.sign, .{ try key.exact(), message, out });
}

pub fn public_key(handle: u32, kind: Kind, out: *[32]u8) Error!void {
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    switch (kind) {
        .ed25519 => @call(.never_inline, ed25519.public_key, .{ try key.exact(), out }),
        .x25519 => @call(.never_inline, x25519.public_key, .{ try key.exact(), out }),
    }
}

pub fn agree(cause: *Cause, handle: u32, theirs: *const [32]u8, alignment: u32) (Error || Refusal)!u32 {
    const made = try secret.create(cause, .{ .length = 32, .alignment = alignment });
    errdefer secret.abandon(made);
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    try @call(.never_inline, x25519.agree, .{ try key.exact(), theirs, made.payload()[0..32] });
    secret.shut(made);
    return made.handle();
}

pub fn from_password(cause: *Cause, handle: u32, nonce: []const u8, params: argon2id.Params, shape: blocks.Shape) Error!u32 {
    if (!params.valid() or nonce.len < argon2id.nonce_length_min) return error.InvalidArgument;
    if (shape.length < argon2id.length_min) return error.InvalidArgument;
    const needed = params.memory_bytes() orelse return error.AllocationFailed;
    const working = try blocks.take(cause, .{
        .length = std.math.cast(u32, needed) orelse return error.AllocationFailed,
        .alignment = 16,
    }, .scratch);
    defer blocks.give(working);
    const made = try secret.create(cause, shape);
    errdefer secret.abandon(made);
    const key: Key = try .borrow(handle);
    defer key.give_back();
    defer stack.wipe_large();
    const memory: []align(16) u8 = @alignCast(working.payload());
    @call(.never_inline, argon2id.derive, .{ memory, key.bytes(), nonce, params, made.payload() });
    secret.shut(made);
    return made.handle();
}
