//! The C ABI of the crypto library, the second of the package: keyed operations on secrets that
//! the core lends it (see `lender.zig`). Numbers are as in `exports.zig`: doubles from
//! JavaScript, and results that are negative where something failed.
//!
//! `open` is 1 where the call is to open the secret's window and close it again, and 0 where a
//! window is open already. A key never leaves its page but for the registers, and for the stack
//! below a call, which is wiped: see `crypto/residue.zig`.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const argon2id = @import("crypto/argon2id.zig");
const compare = @import("compare.zig");
const ed25519 = @import("crypto/ed25519.zig");
const hkdf = @import("crypto/hkdf.zig");
const hmac = @import("crypto/hmac.zig");
const lending = @import("lender.zig");
const os = @import("os.zig").current;
const residue = @import("crypto/residue.zig");
const sealing = @import("sealer.zig");
const x25519 = @import("crypto/x25519.zig");
const xchacha = @import("crypto/xchacha.zig");
const Scratch = @import("crypto/scratch.zig").Scratch;
const depth = @import("crypto/depth.zig");
const whole = abi.whole;

pub const panic = @import("panic.zig");

/// Where `crypto/` finds the compiled variants of its inner loops.
pub const hot = @import("crypto/variants.zig");

/// A check failed: nothing that this library does can be trusted any more.
pub fn stop() noreturn {
    @branchHint(.cold);
    os.write_error("securememory: an internal invariant of the crypto library failed\n");
    @trap();
}

var lender: ?*const lending.Lender = null;

export fn securememory_crypto_abi_version() u32 {
    return abi.version;
}

/// Takes the address of the core's lender. Every thread that loads the library may call it.
export fn securememory_crypto_start(address: f64) i32 {
    start(address) catch |err| return failed(err);
    return 0;
}

/// Writes the MAC to `out`, which has its length. Returns that.
export fn securememory_crypto_hmac(
    handle: f64,
    open: f64,
    hash: f64,
    data: ?[*]const u8,
    data_length: f64,
    out: ?[*]u8,
    out_length: f64,
) i32 {
    const target = place(out, out_length) catch |err| return failed(err);
    return authenticate(handle, open, hash, data, data_length, target) catch |err| return failed(err);
}

/// The same into a new secret of the MAC's length, whose handle it returns.
export fn securememory_crypto_hmac_secret(
    handle: f64,
    open: f64,
    hash: f64,
    data: ?[*]const u8,
    data_length: f64,
    alignment: f64,
    flags: f64,
) i32 {
    return authenticate_secret(handle, open, hash, data, data_length, alignment, flags) catch |err|
        return failed(err);
}

/// 1 if the MAC is right, 0 if not, in a time that does not tell where it is wrong.
export fn securememory_crypto_verify_hmac(
    handle: f64,
    open: f64,
    hash: f64,
    data: ?[*]const u8,
    data_length: f64,
    mac: ?[*]const u8,
    mac_length: f64,
) i32 {
    return verify(handle, open, hash, data, data_length, mac, mac_length) catch |err| return failed(err);
}

/// HKDF. Returns the handle of a new secret.
export fn securememory_crypto_derive(
    handle: f64,
    open: f64,
    hash: f64,
    salt: ?[*]const u8,
    salt_length: f64,
    info: ?[*]const u8,
    info_length: f64,
    length: f64,
    alignment: f64,
    flags: f64,
) i32 {
    return derive(handle, open, hash, salt, salt_length, info, info_length, length, alignment, flags) catch |err|
        return failed(err);
}

/// Writes a box to `out`, which has the length for it.
export fn securememory_crypto_encrypt(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    plaintext: ?[*]const u8,
    plaintext_length: f64,
    out: ?[*]u8,
    out_length: f64,
) i32 {
    return encrypt(handle, open, aad, aad_length, plaintext, plaintext_length, out, out_length) catch |err|
        return failed(err);
}

/// The same for a plaintext that is another secret, or the key itself.
export fn securememory_crypto_encrypt_secret(
    handle: f64,
    open: f64,
    other: f64,
    other_open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    out: ?[*]u8,
    out_length: f64,
) i32 {
    return encrypt_secret(handle, open, other, other_open, aad, aad_length, out, out_length) catch |err|
        return failed(err);
}

/// Writes the plaintext of a box to `out`, which has its length, if the box is authentic.
export fn securememory_crypto_decrypt(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    box: ?[*]const u8,
    box_length: f64,
    out: ?[*]u8,
    out_length: f64,
) i32 {
    return decrypt(handle, open, aad, aad_length, box, box_length, out, out_length) catch |err| return failed(err);
}

/// The same into a new secret, whose handle it returns.
export fn securememory_crypto_decrypt_secret(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    box: ?[*]const u8,
    box_length: f64,
    alignment: f64,
    flags: f64,
) i32 {
    return decrypt_secret(handle, open, aad, aad_length, box, box_length, alignment, flags) catch |err|
        return failed(err);
}

/// Writes the signature to `out`, which has its length.
export fn securememory_crypto_sign(
    handle: f64,
    open: f64,
    message: ?[*]const u8,
    message_length: f64,
    out: ?[*]u8,
    out_length: f64,
) i32 {
    return sign(handle, open, message, message_length, out, out_length) catch |err| return failed(err);
}

/// Writes the public key to `out`: 0 for Ed25519, 1 for X25519.
export fn securememory_crypto_public_key(handle: f64, open: f64, kind: f64, out: ?[*]u8, out_length: f64) i32 {
    return public_key(handle, open, kind, out, out_length) catch |err| return failed(err);
}

/// X25519. Returns the handle of a new secret.
export fn securememory_crypto_agree(
    handle: f64,
    open: f64,
    other: ?[*]const u8,
    other_length: f64,
    alignment: f64,
    flags: f64,
) i32 {
    return agree(handle, open, other, other_length, alignment, flags) catch |err| return failed(err);
}

/// Argon2id of a secret that is a password. Returns the handle of a new secret.
export fn securememory_crypto_from_password(
    handle: f64,
    open: f64,
    nonce: ?[*]const u8,
    nonce_length: f64,
    memory_kib: f64,
    passes: f64,
    parallelism: f64,
    length: f64,
    alignment: f64,
    flags: f64,
) i32 {
    var cause: abi.Cause = .{};
    return from_password(
        &cause,
        handle,
        open,
        nonce,
        nonce_length,
        memory_kib,
        passes,
        parallelism,
        length,
        alignment,
        flags,
    ) catch |err| return abi.pack(err, cause);
}

/// Written when it is asked for, as the core's lender is.
var table: sealing.Sealer = undefined;

/// Writes one number, the address of what the core seals secrets with: see `sealer.zig`.
export fn securememory_crypto_sealer(out: ?[*]f64, count: f64) i32 {
    const length = whole(count) catch |err| return failed(err);
    const target = out orelse return failed(error.InvalidArgument);
    if (length < 1) return failed(error.InvalidArgument);
    hot.start();
    table.version = sealing.version;
    table.reserved = 0;
    table.seal = &sealer_seal;
    table.open = &sealer_open;
    target[0] = @floatFromInt(@intFromPtr(&table));
    return 1;
}

fn sealer_seal(
    key: *const sealing.Key,
    nonce: *const sealing.Nonce,
    aad: [*]const u8,
    aad_length: usize,
    plaintext: [*]const u8,
    length: usize,
    box: [*]u8,
) callconv(.c) void {
    run(depth.box, xchacha.seal_behind, .{ key, nonce, aad[0..aad_length], plaintext[0..length], box });
}

fn sealer_open(
    key: *const sealing.Key,
    nonce: *const sealing.Nonce,
    aad: [*]const u8,
    aad_length: usize,
    box: [*]const u8,
    length: usize,
    plaintext: [*]u8,
) callconv(.c) u32 {
    run(depth.box, xchacha.open_behind, .{ key, nonce, aad[0..aad_length], box, plaintext[0..length] }) catch return 0;
    return 1;
}

/// In place of the one of Zig's std: there is nothing to do.
pub fn DllMainCRTStartup(
    _: std.os.windows.HINSTANCE,
    _: std.os.windows.DWORD,
    _: ?*anyopaque,
) callconv(.winapi) std.os.windows.BOOL {
    return .TRUE;
}

comptime {
    if (builtin.target.os.tag == .windows) {
        @export(&DllMainCRTStartup, .{ .name = "DllMainCRTStartup", .visibility = .hidden });
    }
}

fn failed(err: abi.Error) i32 {
    return abi.pack(err, .{});
}

fn start(address: f64) abi.Error!void {
    // Every double below is a whole number, and every address of a user's is.
    if (!(address >= 1 and address < 1 << 53)) return error.InvalidArgument;
    const number: u64 = @trunc(address);
    if (!std.mem.isAligned(number, @alignOf(lending.Lender))) return error.InvalidArgument;
    const given: *const lending.Lender = @ptrFromInt(number);
    if (given.version != lending.version) return error.NotSupported;
    hot.start();
    @atomicStore(?*const lending.Lender, &lender, given, .release);
}

fn core() abi.Error!*const lending.Lender {
    return @atomicLoad(?*const lending.Lender, &lender, .acquire) orelse error.NotSupported;
}

/// A secret that was borrowed. What its functions return is the result of the whole call.
const Key = struct {
    from: *const lending.Lender,
    handle: u32,
    open: u32,
    bytes: []const u8 = &.{},

    fn of(handle: f64, open: f64) abi.Error!Key {
        const opens = try whole(open);
        if (opens > 1) return error.InvalidArgument;
        return .{ .from = try core(), .handle = try whole(handle), .open = opens };
    }

    /// 0, or negative if it was refused.
    fn borrow(key: *Key) i32 {
        var lent: lending.Bytes = undefined;
        const result = key.from.borrow(key.handle, key.open, &lent);
        if (result >= 0) key.bytes = lent.start[0..lent.length];
        return result;
    }

    /// `result`, unless the window cannot be closed.
    fn give_back(key: *const Key, result: i32) i32 {
        const given = key.from.give_back(key.handle, key.open);
        return if (given < 0) given else result;
    }

    fn refuse(key: *const Key, err: abi.Error) i32 {
        return key.give_back(failed(err));
    }

    /// Borrows one that has to be 32 bytes long.
    fn borrow_32(key: *Key) i32 {
        const refused = key.borrow();
        if (refused >= 0 and key.bytes.len != 32) return key.refuse(error.KeyLength);
        return refused;
    }

    fn bytes_32(key: *const Key) *const [32]u8 {
        if (key.bytes.len != 32) stop();
        return key.bytes[0..32];
    }
};

/// A secret that is being made from another one.
const Made = struct {
    key: *const Key,
    handle: u32 = 0,
    bytes: []u8 = &.{},

    const Shape = struct {
        length: u32,
        alignment: u32,
        flags: u32,

        fn of(length: u32, alignment: f64, flags: f64) abi.Error!Shape {
            return .{ .length = length, .alignment = try whole(alignment), .flags = try whole(flags) };
        }
    };

    /// Negative if it was refused; then the key is given back.
    fn make(made: *Made, shape: Shape) i32 {
        var lent: lending.Bytes = undefined;
        const result = made.key.from.create(shape.length, shape.alignment, shape.flags, &lent);
        if (result < 0) return made.key.give_back(result);
        made.handle = @intCast(result);
        made.bytes = lent.start[0..lent.length];
        return result;
    }

    /// Gives the key back first: if that fails, there is no new secret.
    fn finish(made: *const Made) i32 {
        const closed = made.key.give_back(0);
        if (closed >= 0) return made.key.from.finish(made.handle);
        made.key.from.abandon(made.handle);
        return closed;
    }

    fn abandon(made: *const Made, err: abi.Error) i32 {
        made.key.from.abandon(made.handle);
        return made.key.refuse(err);
    }
};

/// Calls an operation in a frame of its own, and wipes behind it.
inline fn run(comptime bytes: usize, comptime operation: anytype, arguments: anytype) @typeInfo(@TypeOf(operation)).@"fn".return_type.? {
    const result = @call(.never_inline, operation, arguments);
    residue.wipe(bytes, if (hot.wider()) .avx512 else if (hot.wide()) .avx else .baseline);
    return result;
}

fn authenticate(handle: f64, open: f64, hash: f64, data: ?[*]const u8, data_length: f64, out: []u8) abi.Error!i32 {
    const known = try hash_of(hash);
    const message = try given_bytes(data, data_length);
    if (out.len != known.digest_length()) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow();
    if (refused < 0) return refused;
    run(depth.mac, hmac.mac, .{ known, key.bytes, message, out });
    return key.give_back(@intCast(out.len));
}

fn authenticate_secret(
    handle: f64,
    open: f64,
    hash: f64,
    data: ?[*]const u8,
    data_length: f64,
    alignment: f64,
    flags: f64,
) abi.Error!i32 {
    const known = try hash_of(hash);
    const message = try given_bytes(data, data_length);
    const shape: Made.Shape = try .of(@intCast(known.digest_length()), alignment, flags);
    var key: Key = try .of(handle, open);
    const refused = key.borrow();
    if (refused < 0) return refused;
    var made: Made = .{ .key = &key };
    const result = made.make(shape);
    if (result < 0) return result;
    run(depth.hash, hmac.mac, .{ known, key.bytes, message, made.bytes });
    return made.finish();
}

fn verify(
    handle: f64,
    open: f64,
    hash: f64,
    data: ?[*]const u8,
    data_length: f64,
    mac: ?[*]const u8,
    mac_length: f64,
) abi.Error!i32 {
    const known = try hash_of(hash);
    const given = try given_bytes(mac, mac_length);
    var room: [64]u8 = undefined;
    defer std.crypto.secureZero(u8, &room);
    const right = room[0..known.digest_length()];
    const result = try authenticate(handle, open, hash, data, data_length, right);
    if (result < 0) return result;
    if (given.len != right.len) return 0;
    return @intFromBool(run(depth.mac, compare.equal, .{ right, given }));
}

fn derive(
    handle: f64,
    open: f64,
    hash: f64,
    salt: ?[*]const u8,
    salt_length: f64,
    info: ?[*]const u8,
    info_length: f64,
    length: f64,
    alignment: f64,
    flags: f64,
) abi.Error!i32 {
    const known = try hash_of(hash);
    const salt_bytes = try given_bytes(salt, salt_length);
    const info_bytes = try given_bytes(info, info_length);
    const shape: Made.Shape = try .of(try whole(length), alignment, flags);
    if (shape.length == 0 or shape.length > hkdf.length_max(known)) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow();
    if (refused < 0) return refused;
    var made: Made = .{ .key = &key };
    const result = made.make(shape);
    if (result < 0) return result;
    run(depth.hash, hkdf.derive, .{ known, key.bytes, salt_bytes, info_bytes, made.bytes });
    return made.finish();
}

fn encrypt(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    plaintext: ?[*]const u8,
    plaintext_length: f64,
    out: ?[*]u8,
    out_length: f64,
) abi.Error!i32 {
    const additional = try given_bytes(aad, aad_length);
    const content = try given_bytes(plaintext, plaintext_length);
    const box = try place(out, out_length);
    if (box.len != content.len + xchacha.overhead) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    return key.give_back(seal(&key, additional, content, box));
}

fn encrypt_secret(
    handle: f64,
    open: f64,
    other: f64,
    other_open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    out: ?[*]u8,
    out_length: f64,
) abi.Error!i32 {
    const additional = try given_bytes(aad, aad_length);
    const box = try place(out, out_length);
    var key: Key = try .of(handle, open);
    const content: Key = try .of(other, other_open);
    if (key.handle == content.handle) {
        const refused = key.borrow_32();
        if (refused < 0) return refused;
        return key.give_back(seal_checked(&key, additional, key.bytes, box));
    }
    const handles = [2]u32{ key.handle, content.handle };
    const opens = [2]u32{ key.open, content.open };
    var lent: [2]lending.Bytes = undefined;
    var result = key.from.borrow_pair(&handles, &opens, &lent);
    if (result < 0) return result;
    key.bytes = lent[0].start[0..lent[0].length];
    const plaintext = lent[1].start[0..lent[1].length];
    result = if (key.bytes.len != 32) failed(error.KeyLength) else seal_checked(&key, additional, plaintext, box);
    const given = key.from.give_back_pair(&handles, &opens);
    return if (given < 0) given else result;
}

fn seal_checked(key: *const Key, additional: []const u8, content: []const u8, box: []u8) i32 {
    if (box.len != content.len + xchacha.overhead) return failed(error.InvalidArgument);
    return seal(key, additional, content, box);
}

fn seal(key: *const Key, additional: []const u8, content: []const u8, box: []u8) i32 {
    const random = key.from.random(box.ptr, xchacha.nonce_length);
    if (random < 0) return random;
    sealer_seal(
        key.bytes_32(),
        box[0..xchacha.nonce_length],
        additional.ptr,
        additional.len,
        content.ptr,
        content.len,
        box.ptr + xchacha.nonce_length,
    );
    return 0;
}

fn decrypt(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    box: ?[*]const u8,
    box_length: f64,
    out: ?[*]u8,
    out_length: f64,
) abi.Error!i32 {
    const additional = try given_bytes(aad, aad_length);
    const sealed = try given_bytes(box, box_length);
    const target = try place(out, out_length);
    if (sealed.len < xchacha.overhead) return error.NotAuthentic;
    if (target.len != sealed.len - xchacha.overhead) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    unseal(&key, additional, sealed, target) catch |err| return key.refuse(err);
    return key.give_back(0);
}

fn decrypt_secret(
    handle: f64,
    open: f64,
    aad: ?[*]const u8,
    aad_length: f64,
    box: ?[*]const u8,
    box_length: f64,
    alignment: f64,
    flags: f64,
) abi.Error!i32 {
    const additional = try given_bytes(aad, aad_length);
    const sealed = try given_bytes(box, box_length);
    if (sealed.len < xchacha.overhead) return error.NotAuthentic;
    // No secret is empty, whether the box is authentic or not.
    if (sealed.len == xchacha.overhead) return error.InvalidArgument;
    const shape: Made.Shape = try .of(@intCast(sealed.len - xchacha.overhead), alignment, flags);
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    var made: Made = .{ .key = &key };
    const result = made.make(shape);
    if (result < 0) return result;
    unseal(&key, additional, sealed, made.bytes) catch |err| return made.abandon(err);
    return made.finish();
}

/// The box has the plaintext's length and the overhead.
fn unseal(key: *const Key, additional: []const u8, box: []const u8, plaintext: []u8) abi.Error!void {
    const opened = sealer_open(
        key.bytes_32(),
        box[0..xchacha.nonce_length],
        additional.ptr,
        additional.len,
        box.ptr + xchacha.nonce_length,
        plaintext.len,
        plaintext.ptr,
    );
    if (opened == 0) return error.NotAuthentic;
}

fn sign(handle: f64, open: f64, message: ?[*]const u8, message_length: f64, out: ?[*]u8, out_length: f64) abi.Error!i32 {
    const content = try given_bytes(message, message_length);
    const target = try place(out, out_length);
    if (target.len != ed25519.signature_length) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    run(depth.curve, ed25519.sign, .{ key.bytes_32(), content, target[0..ed25519.signature_length] });
    return key.give_back(0);
}

fn public_key(handle: f64, open: f64, kind: f64, out: ?[*]u8, out_length: f64) abi.Error!i32 {
    const number = try whole(kind);
    const target = try place(out, out_length);
    if (number > 1) return error.InvalidArgument;
    if (target.len != 32) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    if (number == 0) {
        run(depth.curve, ed25519.public_key, .{ key.bytes_32(), target[0..32] });
    } else {
        run(depth.curve, x25519.public_key, .{ key.bytes_32(), target[0..32] });
    }
    return key.give_back(0);
}

fn agree(handle: f64, open: f64, other: ?[*]const u8, other_length: f64, alignment: f64, flags: f64) abi.Error!i32 {
    const point = try given_bytes(other, other_length);
    if (point.len != x25519.key_length) return error.InvalidArgument;
    const shape: Made.Shape = try .of(x25519.key_length, alignment, flags);
    var key: Key = try .of(handle, open);
    const refused = key.borrow_32();
    if (refused < 0) return refused;
    var made: Made = .{ .key = &key };
    const result = made.make(shape);
    if (result < 0) return result;
    run(depth.curve, x25519.agree, .{ key.bytes_32(), point[0..32], made.bytes[0..32] }) catch |err|
        return made.abandon(err);
    return made.finish();
}

fn from_password(
    cause: *abi.Cause,
    handle: f64,
    open: f64,
    nonce: ?[*]const u8,
    nonce_length: f64,
    memory_kib: f64,
    passes: f64,
    parallelism: f64,
    length: f64,
    alignment: f64,
    flags: f64,
) abi.Error!i32 {
    const salt = try given_bytes(nonce, nonce_length);
    const params: argon2id.Params = .{
        .memory = try whole(memory_kib),
        .passes = try whole(passes),
        .parallelism = try whole(parallelism),
    };
    const shape: Made.Shape = try .of(try whole(length), alignment, flags);
    if (!params.valid()) return error.InvalidArgument;
    if (salt.len < argon2id.nonce_length_min) return error.InvalidArgument;
    if (shape.length < argon2id.length_min) return error.InvalidArgument;
    var key: Key = try .of(handle, open);
    // Before the record is locked: it takes a while.
    const scratch: Scratch = try .map(cause, params.memory_bytes() orelse return error.AllocationFailed);
    defer scratch.unmap();
    var first_hash: argon2id.Start = undefined;
    defer std.crypto.secureZero(u8, &first_hash);
    var made: Made = .{ .key = &key };
    var result = key.borrow();
    if (result < 0) return result;
    // Where there is no room for the result, that shows before the work.
    result = made.make(shape);
    if (result < 0) return result;
    made.key.from.abandon(made.handle);
    run(depth.password, argon2id.begin, .{ key.bytes, salt, params, shape.length, &first_hash });
    result = key.give_back(0);
    if (result < 0) return result;
    // Nothing is locked meanwhile: a purge waits for nobody's password.
    run(depth.password, argon2id.fill, .{ scratch.bytes, params, &first_hash });
    // If the password is gone by now, so is what was made of it.
    result = key.borrow();
    if (result < 0) return result;
    result = made.make(shape);
    if (result < 0) return result;
    run(depth.password, argon2id.finish, .{ scratch.bytes, params, made.bytes });
    return made.finish();
}

fn hash_of(number: f64) abi.Error!hmac.Hash {
    return switch (try whole(number)) {
        0 => .sha256,
        1 => .sha512,
        else => error.InvalidArgument,
    };
}

/// Nothing may come without an address.
fn given_bytes(from: ?[*]const u8, length: f64) abi.Error![]const u8 {
    const count = try whole(length);
    if (count == 0) return &.{};
    return (from orelse return error.InvalidArgument)[0..count];
}

fn place(to: ?[*]u8, length: f64) abi.Error![]u8 {
    const count = try whole(length);
    if (count == 0) return &.{};
    return (to orelse return error.InvalidArgument)[0..count];
}
