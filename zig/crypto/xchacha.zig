//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439), in boxes:
//!
//!     box      nonce (24 bytes) | ciphertext | tag (16 bytes)
//!
//! See `hmac.zig` about what is left on the stack.

const std = @import("std");
const check = @import("check.zig").check;
const Aead = std.crypto.aead.chacha_poly.XChaCha20Poly1305;

pub const key_length = Aead.key_length;
pub const nonce_length = Aead.nonce_length;
pub const tag_length = Aead.tag_length;
pub const overhead = nonce_length + tag_length;

/// The counter of ChaCha20's blocks has 32 bits, and one block is the key of Poly1305.
pub const plaintext_length_max = 64 * ((1 << 32) - 1);

/// Fills a box whose first bytes are the nonce already: random, and never used before.
pub fn seal(key: *const [key_length]u8, aad: []const u8, plaintext: []const u8, box: []u8) void {
    check(plaintext.len <= plaintext_length_max);
    check(box.len == plaintext.len + overhead);
    const ciphertext = box[nonce_length..][0..plaintext.len];
    const tag = box[box.len - tag_length ..][0..tag_length];
    Aead.encrypt(ciphertext, tag, plaintext, aad, box[0..nonce_length].*, key.*);
}

/// Opens a box. One that is not authentic is not decrypted, not even in part; what is in
/// `plaintext` then says nothing.
pub fn open(key: *const [key_length]u8, aad: []const u8, box: []const u8, plaintext: []u8) error{NotAuthentic}!void {
    if (box.len < overhead) return error.NotAuthentic;
    check(plaintext.len == box.len - overhead);
    check(plaintext.len <= plaintext_length_max);
    const ciphertext = box[nonce_length..][0..plaintext.len];
    const tag = box[box.len - tag_length ..][0..tag_length];
    Aead.decrypt(plaintext, ciphertext, tag.*, aad, box[0..nonce_length].*, key.*) catch return error.NotAuthentic;
}
