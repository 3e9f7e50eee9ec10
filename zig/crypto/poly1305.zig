//! The authenticator of RFC 8439, section 2.8, over the Poly1305 of Zig's std.

const std = @import("std");
const root = @import("root");
const Poly1305 = std.crypto.onetimeauth.Poly1305;

pub const key_length = Poly1305.key_length;
pub const tag_length = Poly1305.mac_length;

/// The tag of additional data and a ciphertext, under a key that is used once.
pub fn tag(key: *const [key_length]u8, aad: []const u8, ciphertext: []const u8, out: *[tag_length]u8) void {
    if (@hasDecl(root, "hot")) root.hot.poly1305(key, aad, ciphertext, out) else portable(key, aad, ciphertext, out);
}

pub fn portable(key: *const [key_length]u8, aad: []const u8, ciphertext: []const u8, out: *[tag_length]u8) void {
    // Its own `final` wipes it.
    var authenticator: Poly1305 = .init(key);
    authenticator.update(aad);
    authenticator.pad();
    authenticator.update(ciphertext);
    authenticator.pad();
    var lengths: [16]u8 = undefined;
    std.mem.writeInt(u64, lengths[0..8], aad.len, .little);
    std.mem.writeInt(u64, lengths[8..16], ciphertext.len, .little);
    authenticator.update(&lengths);
    authenticator.final(out);
}
