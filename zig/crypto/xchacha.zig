//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439), in boxes:
//!
//!     box      nonce (24 bytes) | ciphertext | tag (16 bytes)
//!
//! See `hmac.zig` about what is left on the stack.

const std = @import("std");
const bytes = @import("bytes.zig");
const chacha20 = @import("chacha20.zig");
const check = @import("check.zig").check;
const poly1305 = @import("poly1305.zig");

pub const key_length = 32;
pub const nonce_length = 24;
pub const tag_length = poly1305.tag_length;
pub const overhead = nonce_length + tag_length;

/// The counter of blocks has 32 bits, and one block is the key of Poly1305.
pub const plaintext_length_max = 64 * ((1 << 32) - 1);

/// Fills a box whose first bytes are the nonce already: random, and never used before.
pub fn seal(key: *const [key_length]u8, aad: []const u8, plaintext: []const u8, box: []u8) void {
    check(plaintext.len <= plaintext_length_max);
    check(box.len == plaintext.len + overhead);
    seal_behind(key, box[0..nonce_length], aad, plaintext, box[nonce_length..].ptr);
}

/// The same without the nonce in the box.
pub fn seal_behind(key: *const [key_length]u8, nonce: *const [nonce_length]u8, aad: []const u8, plaintext: []const u8, box: [*]u8) void {
    var inner: Inner = .init(key, nonce);
    defer inner.wipe_all();
    const ciphertext = box[0..plaintext.len];
    inner.xor(plaintext, ciphertext);
    inner.tag(aad, ciphertext, box[plaintext.len..][0..tag_length]);
}

/// Opens a box. One that is not authentic is not decrypted, not even in part: `plaintext`
/// stays as it is.
pub fn open(key: *const [key_length]u8, aad: []const u8, box: []const u8, plaintext: []u8) error{NotAuthentic}!void {
    if (box.len < overhead) return error.NotAuthentic;
    check(plaintext.len == box.len - overhead);
    return open_behind(key, box[0..nonce_length], aad, box[nonce_length..].ptr, plaintext);
}

pub fn open_behind(key: *const [key_length]u8, nonce: *const [nonce_length]u8, aad: []const u8, box: [*]const u8, plaintext: []u8) error{NotAuthentic}!void {
    check(plaintext.len <= plaintext_length_max);
    var inner: Inner = .init(key, nonce);
    defer inner.wipe_all();
    const ciphertext = box[0..plaintext.len];
    var computed: [tag_length]u8 = undefined;
    defer bytes.wipe(&computed);
    inner.tag(aad, ciphertext, &computed);
    const given = box[plaintext.len..][0..tag_length];
    if (!std.crypto.timing_safe.eql([tag_length]u8, computed, given.*)) return error.NotAuthentic;
    inner.xor(ciphertext, plaintext);
}

/// ChaCha20-Poly1305 of RFC 8439, with the key and the nonce that XChaCha20 derives.
pub const Inner = struct {
    state: chacha20.State,

    fn init(key: *const [key_length]u8, nonce: *const [nonce_length]u8) Inner {
        var derived: [key_length]u8 = undefined;
        defer bytes.wipe(&derived);
        hchacha20(key, nonce[0..16], &derived);
        return .init_inner(&derived, &(@as([4]u8, @splat(0)) ++ nonce[16..].*));
    }

    pub fn init_inner(key: *const [key_length]u8, nonce: *const [12]u8) Inner {
        return .{ .state = chacha20.state_of(key, 1, nonce) };
    }

    pub fn wipe_all(inner: *Inner) void {
        bytes.wipe(inner);
    }

    pub fn xor(inner: *const Inner, from: []const u8, to: []u8) void {
        chacha20.xor(&inner.state, from, to);
    }

    /// RFC 8439, section 2.8: its key is the first half of the block before the others.
    pub fn tag(inner: *const Inner, aad: []const u8, ciphertext: []const u8, out: *[tag_length]u8) void {
        var state = inner.state;
        defer bytes.wipe(&state);
        state[12] = 0;
        var key: [16]u32 = undefined;
        defer bytes.wipe(&key);
        chacha20.block(&state, &key);
        poly1305.tag(std.mem.asBytes(&key)[0..poly1305.key_length], aad, ciphertext, out);
    }
};

/// Section 2.2 of the draft: the first and last row of a block, before the words it started
/// with are added. They are added in `chacha20.zig`, so here they are taken away again.
fn hchacha20(key: *const [key_length]u8, nonce: *const [16]u8, out: *[key_length]u8) void {
    var state = chacha20.state_of(key, bytes.read(u32, nonce[0..4], .little), nonce[4..16]);
    defer bytes.wipe(&state);
    var block: [16]u32 = undefined;
    defer bytes.wipe(&block);
    chacha20.block(&state, &block);
    for ([_]usize{ 0, 1, 2, 3, 12, 13, 14, 15 }, 0..) |index, place| {
        bytes.write(u32, out[4 * place ..][0..4], block[index] -% state[index], .little);
    }
}
