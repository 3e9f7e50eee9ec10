//! The joined key: nothing of it is left on the stack, in vector registers, or anywhere in memory;
//! and a forked child has none.

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("../abi.zig");
const cpu = @import("../crypto/cpu.zig");
const enclave = @import("../enclave.zig");
const entries = @import("../entries.zig");
const key = @import("key.zig");
const residue = @import("../crypto/residue_test.zig");
const seal = @import("../seal.zig");
const secret = @import("../secret.zig");
const Cause = abi.Cause;
const Entry = entries.Entry;
const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;

extern fn securememory_crypto_sealer(out: ?[*]f64, count: f64) i32;

var entry: *Entry = undefined;
var index: u32 = 0;
var plain: [200]u8 = undefined;
var opened: [200]u8 = undefined;
var source: [200]u8 = undefined;
var target: u32 = 0;

fn start() !void {
    var address: f64 = 0;
    try expectEqual(@as(i32, 1), securememory_crypto_sealer(@ptrCast(&address), 1));
    try seal.use(@trunc(address));
    for (&plain, 0..) |*byte, place| byte.* = @truncate(0x39 +% place *% 113);
    var cause: Cause = .{};
    index = try entries.take(&cause, 9, plain.len, 0);
    entry = entries.at(index).?;
    entry.state = .live;
    try seal.put(&cause, entry, index, &plain);
}

fn end() void {
    seal.drop(entry);
    entries.give(index);
    entry.lock.release();
}

fn code(result: abi.Error!void) i32 {
    var cause: Cause = .{};
    result catch |err| return abi.pack(err, cause);
    cause = .{};
    return 0;
}

const calls = struct {
    pub fn put() i32 {
        var cause: Cause = .{};
        return code(seal.put(&cause, entry, index, &plain));
    }
    pub fn get() i32 {
        var cause: Cause = .{};
        return code(seal.get(&cause, entry, index, &opened));
    }
    pub fn get_forged() i32 {
        var cause: Cause = .{};
        const bytes: [*]u8 = @ptrFromInt(entry.box);
        bytes[3] ^= 1;
        defer bytes[3] ^= 1;
        return -code(seal.get(&cause, entry, index, &opened));
    }
    pub fn get_after_rest() i32 {
        _ = seal.tick();
        if (seal.tick() != 0) return -1;
        return get();
    }
    pub fn rest() i32 {
        _ = seal.tick();
        return @intCast(seal.tick());
    }
    pub fn from() i32 {
        var cause: Cause = .{};
        @memcpy(&source, &plain);
        target = enclave.create(&cause, .{ .bytes = &source }, 0) catch return -1;
        return 0;
    }
    pub fn open() i32 {
        var cause: Cause = .{};
        const made = enclave.open(&cause, target, 16, 0) catch return -1;
        secret.destroy(&cause, made) catch return -1;
        secret.release(&cause, made) catch return -1;
        enclave.close(target, null) catch return -1;
        return 0;
    }
};

/// A copy on the stack.
fn copies() i32 {
    var kept: [64][32]u8 = undefined;
    for (&kept) |*copy| @memcpy(copy, plain[0..32]);
    std.mem.doNotOptimizeAway(&kept);
    return 0;
}

test "neither the joined key nor the plaintext is left on the stack or in vector registers" {
    try start();
    defer end();
    const features = cpu.detect();
    var real: [32]u8 = undefined;
    inline for (@typeInfo(calls).@"struct".decl_names) |name| {
        // Another nonce: what the loop has worked out itself, the vector registers that a Windows function
        // gives back may still have.
        try expectEqual(@as(i32, 0), calls.put());
        const result = residue.watch(&@field(calls, name), features);
        try expect(result >= 0);
        var cause: Cause = .{};
        var unused: entries.Nonce = undefined;
        _ = try key.join(&cause, entry.key, &unused, &real);
        // The key that is worked out of it, and that of Poly1305.
        const label: seal.Label = .of(entry, index, 0, 0);
        const nonce: [24]u8 = std.mem.asBytes(&label.nonce).*;
        var once: [32]u8 = @splat(0);
        std.crypto.stream.chacha.XChaCha20IETF.xor(&once, &once, 0, real, nonce);
        const secrets = [_][]const u8{ &real, &once, &plain };
        for (secrets, 0..) |one, which| {
            const on_stack = residue.pieces(one, &residue.snapshot);
            const in_vectors = if (features.vectors) residue.pieces(one, std.mem.asBytes(&residue.vectors)) else 0;
            if (on_stack + in_vectors == 0) continue;
            std.debug.print("{s}: {d} pieces of secret {d} on the stack, {d} in registers\n", .{ name, on_stack, which, in_vectors });
            return error.Left;
        }
    }
    _ = residue.watch(&copies, features);
    try expect(residue.pieces(plain[0..32], &residue.snapshot) > 0);
}

/// How often `real` is in the memory of this process; it is given with every byte inverted, so that
/// what looks for it is not found.
fn found_in_memory(inverted: *const [32]u8) !u32 {
    const linux = std.os.linux;
    const maps: i32 = @intCast(linux.open("/proc/self/maps", .{}, 0));
    defer _ = linux.close(maps);
    const memory: i32 = @intCast(linux.open("/proc/self/mem", .{}, 0));
    defer _ = linux.close(memory);
    const text = @as([*]u8, @ptrFromInt(try mapped(1 << 20)))[0 .. 1 << 20];
    var length: usize = 0;
    while (length < text.len) {
        const count = linux.read(maps, text.ptr + length, text.len - length);
        if (count == 0 or count > text.len) break;
        length += count;
    }
    const window = @as([*]u8, @ptrFromInt(try mapped(1 << 16)))[0 .. 1 << 16];
    var found: u32 = 0;
    var lines = std.mem.tokenizeScalar(u8, text[0..length], '\n');
    while (lines.next()) |line| {
        const dash = std.mem.findScalar(u8, line, '-').?;
        const space = std.mem.findScalar(u8, line, ' ').?;
        if (line[space + 1] != 'r' or line[space + 2] != 'w') continue;
        var at = try std.fmt.parseInt(usize, line[0..dash], 16);
        const last = try std.fmt.parseInt(usize, line[dash + 1 .. space], 16);
        while (at < last) {
            // What it reads with is not looked at.
            const wanted = @min(window.len, last - at);
            const inside = at >= @intFromPtr(window.ptr) and at < @intFromPtr(window.ptr) + window.len;
            const count = if (inside) wanted else linux.pread(memory, window.ptr, wanted, @intCast(at));
            if (count == 0 or count > wanted) break;
            if (!inside) found += count_in(window[0..count], inverted);
            if (count < window.len) break;
            // One that lies across two windows is whole in the next.
            at += count - 31;
        }
        @memset(window, 0);
    }
    return found;
}

fn mapped(length: usize) !usize {
    var cause: Cause = .{};
    return @import("../os.zig").current.metadata(&cause, length);
}

fn count_in(bytes: []const u8, inverted: *const [32]u8) u32 {
    var found: u32 = 0;
    var place: usize = 0;
    next: while (place + 32 <= bytes.len) : (place += 1) {
        for (inverted, bytes[place..][0..32]) |wanted, byte| if (~wanted != byte) continue :next;
        found += 1;
    }
    return found;
}

noinline fn learn(inverted: *[32]u8) !void {
    var cause: Cause = .{};
    var unused: entries.Nonce = undefined;
    _ = try key.join(&cause, entry.key, &unused, inverted);
    for (inverted) |*byte| byte.* = ~byte.*;
}

var place_of_control: [32]u8 = @splat(0);

test "the key is nowhere in the memory of the process" {
    if (builtin.os.tag != .linux) return error.SkipZigTest;
    try start();
    defer end();
    var inverted: [32]u8 = undefined;
    try learn(&inverted);
    for (0..100) |_| {
        try expect(calls.put() == 0);
        try expect(calls.get() == 0);
    }
    try expectEqual(@as(u32, 0), try found_in_memory(&inverted));
    try expect(calls.rest() == 0);
    try expectEqual(@as(u32, 0), try found_in_memory(&inverted));
    // The search finds one that is there.
    for (&place_of_control, inverted) |*byte, other| byte.* = ~other;
    std.mem.doNotOptimizeAway(&place_of_control);
    try expectEqual(@as(u32, 1), try found_in_memory(&inverted));
    @memset(&place_of_control, 0);
}

fn child_code() u8 {
    var cause: Cause = .{};
    var bytes: [32]u8 = @splat(0x42);
    if (seal.get(&cause, entry, index, &opened) != error.Closed) return 1;
    if (seal.put(&cause, entry, index, &plain) != error.Closed) return 2;
    if (enclave.create(&cause, .{ .bytes = &bytes }, 0) != error.Closed) return 3;
    if (!std.mem.allEqual(u8, &bytes, 0x42)) return 4;
    if (seal.prepare(&cause) != error.Closed) return 5;
    seal.forget_key();
    if (enclave.create(&cause, .{ .bytes = &bytes }, 0) != error.Closed) return 6;
    return 0;
}

test "a forked child can neither open nor seal anything, whether the key was open or not" {
    if (builtin.os.tag != .linux) return error.SkipZigTest;
    const linux = std.os.linux;
    for ([_]bool{ true, false }) |at_rest| {
        try start();
        defer end();
        if (at_rest) try expect(calls.rest() == 0);
        const child: i32 = @intCast(linux.fork());
        if (child == 0) linux.exit_group(child_code());
        var status: i32 = 0;
        _ = linux.wait4(child, &status, 0, null);
        try expectEqual(@as(i32, 0), status);
        // Its parent goes on as before.
        try expect(calls.get() == 0);
        try std.testing.expectEqualSlices(u8, &plain, &opened);
    }
}
