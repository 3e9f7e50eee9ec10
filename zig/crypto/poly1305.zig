//! The authenticator of RFC 8439, section 2.8, over the Poly1305 of Zig's std.

const std = @import("std");
const bytes = @import("bytes.zig");
const root = @import("root");
const vector = @import("poly1305_vector.zig");
const Poly1305 = std.crypto.onetimeauth.Poly1305;

pub const key_length = Poly1305.key_length;
pub const tag_length = Poly1305.mac_length;

/// Works on whole vectors, for a processor that has wide ones.
pub const Bulk = *const fn (h: *[3]u64, powers: *const vector.Powers, text: [*]const u8, length: usize) callconv(.c) usize;

/// The tag of additional data and a ciphertext, under a key that is used once.
pub fn tag(key: *const [key_length]u8, aad: []const u8, ciphertext: []const u8, out: *[tag_length]u8) void {
    if (@hasDecl(root, "hot")) root.hot.poly1305(key, aad, ciphertext, out) else portable(key, aad, ciphertext, out, null);
}

pub fn portable(key: *const [key_length]u8, aad: []const u8, ciphertext: []const u8, out: *[tag_length]u8, bulk: ?Bulk) void {
    // Its own `final` wipes it.
    var authenticator: Poly1305 = .init(key);
    authenticator.update(aad);
    authenticator.pad();
    const done = if (bulk) |work| in_bulk(&authenticator, ciphertext, work) else 0;
    authenticator.update(ciphertext[done..]);
    authenticator.pad();
    var lengths: [16]u8 = undefined;
    bytes.write(u64, lengths[0..8], aad.len, .little);
    bytes.write(u64, lengths[8..16], ciphertext.len, .little);
    authenticator.update(&lengths);
    authenticator.final(out);
}

fn in_bulk(authenticator: *Poly1305, text: []const u8, work: Bulk) usize {
    if (text.len < vector.bytes_min) return 0;
    var powers: vector.Powers = undefined;
    defer bytes.wipe(&powers);
    vector.powers_of(&authenticator.r, &powers);
    return work(&authenticator.h, &powers, text.ptr, text.len);
}
