//! How the core seals secrets, though ciphers are the crypto library's: by a table of functions,
//! whose address JavaScript hands from one library to the other. Both are built from this file.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), with the tag behind the ciphertext. The functions
//! leave nothing of the key or the plaintext on the stack or in registers.

pub const version: u32 = 1;

pub const key_length = 32;
pub const nonce_length = 24;
pub const tag_length = 16;

pub const Key = [key_length]u8;
pub const Nonce = [nonce_length]u8;

pub const Sealer = extern struct {
    version: u32,
    reserved: u32,
    /// Writes `length` bytes of ciphertext and a tag to `box`.
    seal: *const fn (
        key: *const Key,
        nonce: *const Nonce,
        aad: [*]const u8,
        aad_length: usize,
        plaintext: [*]const u8,
        length: usize,
        box: [*]u8,
    ) callconv(.c) void,
    /// The opposite: 1, or 0 if the box is not authentic; then nothing was written.
    open: *const fn (
        key: *const Key,
        nonce: *const Nonce,
        aad: [*]const u8,
        aad_length: usize,
        box: [*]const u8,
        length: usize,
        plaintext: [*]u8,
    ) callconv(.c) u32,
};
