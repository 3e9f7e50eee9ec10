//! What hides a secret while no window is open: ChaCha20 (RFC 8439's cipher, with the 64-bit nonce
//! of its author) under a key that is made with the first secret. Each text gets a nonce of its own.
//!
//! The key is in the same memory. This keeps secrets out of what shows only parts of the memory, and
//! out of the sight of code that reads what it should not; who reads all of it on purpose can decrypt.

const std = @import("std");
const abi = @import("../abi.zig");
const os = @import("../os.zig").current;
const stack = @import("stack.zig");
const ChaCha = std.crypto.stream.chacha.ChaCha20With64BitNonce;

var key: [ChaCha.key_length]u8 = @splat(0);
var ready = false;
/// Texts so far. No nonce comes twice: at one a nanosecond, in 500 years.
var texts: u64 = 0;

/// Not earlier: some embedders give no random bytes while a module starts.
pub fn start(cause: *abi.Cause) abi.Error!void {
    if (ready) return;
    os.random(cause, &key) catch return error.RandomFailed;
    ready = true;
}

/// Encrypts what was written. Returns the nonce, which is not secret.
pub fn seal(ciphertext: []u8, plaintext: []const u8) u64 {
    texts += 1;
    xor(ciphertext, plaintext, texts);
    return texts;
}

pub fn open(plaintext: []u8, ciphertext: []const u8, nonce: u64) void {
    xor(plaintext, ciphertext, nonce);
}

fn xor(out: []u8, in: []const u8, nonce: u64) void {
    defer stack.wipe_small();
    var bytes: [8]u8 = undefined;
    std.mem.writeInt(u64, &bytes, nonce, .little);
    @call(.never_inline, ChaCha.xor, .{ out, in, 0, key, bytes });
}
