//! The WebAssembly module: what `exports.zig` is to the native library. Each function converts
//! its numbers, delegates, and packs the outcome. See `abi.zig` for what the numbers mean.
//!
//! Numbers are those of WebAssembly: JavaScript has checked them, and an engine converts them.

const std = @import("std");
const abi = @import("abi.zig");
const counters = @import("counters.zig");
const decoded = @import("edge/decoded.zig");
const decode = @import("sources/decode.zig");
const hmac = @import("crypto/hmac.zig");
const keyed = @import("edge/keyed.zig");
const scratch = @import("edge/scratch.zig");
const secret = @import("edge/secret.zig");
const table = @import("table.zig");
const xchacha = @import("crypto/xchacha.zig");
const Cause = abi.Cause;

pub const panic = @import("panic.zig");

export fn securememory_abi_version() u32 {
    return abi.version;
}

/// Makes a secret of zeros, whose window for writing is open. Returns its handle.
export fn securememory_create(length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const record = secret.create(&cause, .{ .length = length, .alignment = alignment }) catch |err|
        return abi.pack(err, cause);
    return @intCast(record.handle());
}

/// Makes a secret of random bytes.
export fn securememory_create_random(length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const handle = secret.create_random(&cause, .{ .length = length, .alignment = alignment }) catch |err|
        return abi.pack(err, cause);
    return @intCast(handle);
}

/// Makes a copy of a secret.
export fn securememory_create_copy(handle: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const copied = secret.copy(&cause, handle, alignment) catch |err| return abi.pack(err, cause);
    return @intCast(copied);
}

/// Opens the first window: `protection` is 1 for reading, 2 for reading and writing.
export fn securememory_open(handle: u32, protection: u32) i32 {
    const access: table.Access = switch (protection) {
        1 => .read,
        2 => .write,
        else => return abi.pack(error.InvalidArgument, .{}),
    };
    secret.open(handle, access) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Closes the last one.
export fn securememory_close(handle: u32) i32 {
    secret.close(handle) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Wipes a secret.
export fn securememory_destroy(handle: u32) i32 {
    secret.destroy(handle) catch |err| return abi.pack(err, .{});
    return 0;
}

/// Wipes every secret. Returns how many there were.
export fn securememory_purge() i32 {
    return @intCast(secret.purge());
}

/// Where the payload is, or 0.
export fn securememory_address(handle: u32) usize {
    return secret.address(handle);
}

/// Bytes of the payload, or 0 if the handle is of no secret.
export fn securememory_length(handle: u32) u32 {
    return secret.length(handle);
}

/// 1 if the two are equal, 0 if not. Both windows must be open.
export fn securememory_equal(first: u32, second: u32) i32 {
    const same = secret.equal(first, second) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

export fn securememory_equal_bytes(handle: u32, bytes: [*]const u8, length: u32) i32 {
    const same = secret.equal_bytes(handle, bytes[0..length]) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

/// Room for the bytes of one call. Returns its address.
export fn securememory_scratch(length: u32) i32 {
    var cause: Cause = .{};
    const room = scratch.take(&cause, length) catch |err| return abi.pack(err, cause);
    return @intCast(@intFromPtr(room.ptr));
}

/// Wipes that room.
export fn securememory_scratch_end() void {
    scratch.end();
}

/// A number about all secrets, see `abi.Statistic`; those that the edge has.
export fn securememory_statistic(what: u32) f64 {
    return switch (what) {
        @backingInt(abi.Statistic.allocated) => @floatFromInt(counters.vars().allocated.get()),
        @backingInt(abi.Statistic.in_use) => @floatFromInt(counters.vars().in_use.get()),
        @backingInt(abi.Statistic.open_windows) => @floatFromInt(counters.vars().open_windows.get()),
        @backingInt(abi.Statistic.purges) => @floatFromInt(secret.purges),
        else => 0,
    };
}

/// Makes a secret of what a text stands for. Returns its handle, or 0 if the text is wrong; then
/// `position` is where.
export fn securememory_create_decoded(format: u32, text: [*]u8, length: u32, alignment: u32, position: *align(1) u32) i32 {
    var cause: Cause = .{};
    const known = std.enums.fromInt(decode.Format, format) orelse return abi.pack(error.InvalidArgument, .{});
    const handle = decoded.create(&cause, .{ .format = known, .bytes = text[0..length] }, alignment, position) catch |err|
        return switch (err) {
            error.NotDecodable => 0,
            else => |ours| abi.pack(ours, cause),
        };
    return @intCast(handle);
}

export fn securememory_hmac(handle: u32, hash: u32, data: [*]const u8, data_length: u32, out: [*]u8) i32 {
    const known = std.enums.fromInt(hmac.Hash, hash) orelse return abi.pack(error.InvalidArgument, .{});
    keyed.mac(handle, known, data[0..data_length], out[0..known.digest_length()]) catch |err| return abi.pack(err, .{});
    return 0;
}

/// The handle of a new secret that is the MAC.
export fn securememory_hmac_secret(handle: u32, hash: u32, data: [*]const u8, data_length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const known = std.enums.fromInt(hmac.Hash, hash) orelse return abi.pack(error.InvalidArgument, .{});
    const made = keyed.mac_secret(&cause, handle, known, data[0..data_length], alignment) catch |err|
        return abi.pack(err, cause);
    return @intCast(made);
}

/// 1 if it is the MAC, 0 if not.
export fn securememory_verify_hmac(handle: u32, hash: u32, data: [*]const u8, data_length: u32, mac: [*]const u8) i32 {
    const known = std.enums.fromInt(hmac.Hash, hash) orelse return abi.pack(error.InvalidArgument, .{});
    const given = mac[0..known.digest_length()];
    const same = keyed.verify(handle, known, data[0..data_length], given) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

/// Returns the handle of a new secret.
export fn securememory_derive(
    handle: u32,
    hash: u32,
    salt: [*]const u8,
    salt_length: u32,
    info: [*]const u8,
    info_length: u32,
    length: u32,
    alignment: u32,
) i32 {
    var cause: Cause = .{};
    const known = std.enums.fromInt(hmac.Hash, hash) orelse return abi.pack(error.InvalidArgument, .{});
    const made = keyed.derive(&cause, handle, known, salt[0..salt_length], info[0..info_length], .{
        .length = length,
        .alignment = alignment,
    }) catch |err| return abi.pack(err, cause);
    return @intCast(made);
}

/// `box` has room for `overhead` bytes more than the plaintext.
export fn securememory_encrypt(handle: u32, aad: [*]const u8, aad_length: u32, plaintext: [*]const u8, length: u32, box: [*]u8) i32 {
    var cause: Cause = .{};
    const room = box[0 .. length + xchacha.overhead];
    keyed.encrypt(&cause, handle, aad[0..aad_length], plaintext[0..length], room) catch |err| return abi.pack(err, cause);
    return 0;
}

export fn securememory_encrypt_secret(handle: u32, other: u32, aad: [*]const u8, aad_length: u32, box: [*]u8, box_length: u32) i32 {
    var cause: Cause = .{};
    keyed.encrypt_secret(&cause, handle, other, aad[0..aad_length], box[0..box_length]) catch |err|
        return abi.pack(err, cause);
    return 0;
}

/// 1, or 0 if the box is not authentic. `box_length` is `overhead` at least.
export fn securememory_decrypt(handle: u32, aad: [*]const u8, aad_length: u32, box: [*]const u8, box_length: u32, out: [*]u8) i32 {
    const plaintext = out[0 .. box_length - xchacha.overhead];
    keyed.decrypt(handle, aad[0..aad_length], box[0..box_length], plaintext) catch |err| return refused(err, .{});
    return 1;
}

/// The handle of a new secret, or 0 if the box is not authentic.
export fn securememory_decrypt_secret(handle: u32, aad: [*]const u8, aad_length: u32, box: [*]const u8, box_length: u32, alignment: u32) i32 {
    var cause: Cause = .{};
    const made = keyed.decrypt_secret(&cause, handle, aad[0..aad_length], box[0..box_length], alignment) catch |err|
        return refused(err, cause);
    return @intCast(made);
}

export fn securememory_sign(handle: u32, message: [*]const u8, length: u32, out: *[64]u8) i32 {
    keyed.sign(handle, message[0..length], out) catch |err| return abi.pack(err, .{});
    return 0;
}

export fn securememory_public_key(handle: u32, kind: u32, out: *[32]u8) i32 {
    const known = std.enums.fromInt(keyed.Kind, kind) orelse return abi.pack(error.InvalidArgument, .{});
    keyed.public_key(handle, known, out) catch |err| return abi.pack(err, .{});
    return 0;
}

/// The handle of a new secret, or 0 if the public key is of low order.
export fn securememory_agree(handle: u32, theirs: *const [32]u8, alignment: u32) i32 {
    var cause: Cause = .{};
    const made = keyed.agree(&cause, handle, theirs, alignment) catch |err| return refused(err, cause);
    return @intCast(made);
}

/// The handle of a new secret.
export fn securememory_from_password(
    handle: u32,
    nonce: [*]const u8,
    nonce_length: u32,
    memory_kib: u32,
    passes: u32,
    parallelism: u32,
    length: u32,
    alignment: u32,
) i32 {
    var cause: Cause = .{};
    const made = keyed.from_password(&cause, handle, nonce[0..nonce_length], .{
        .memory = memory_kib,
        .passes = passes,
        .parallelism = parallelism,
    }, .{ .length = length, .alignment = alignment }) catch |err| return abi.pack(err, cause);
    return @intCast(made);
}

fn refused(err: (abi.Error || keyed.Refusal), cause: Cause) i32 {
    return switch (err) {
        error.NotAuthentic, error.ZeroResult => 0,
        else => |ours| abi.pack(ours, cause),
    };
}
