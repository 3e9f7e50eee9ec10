//! The C ABI. Each function converts its numbers, delegates, and packs the outcome;
//! nothing else happens here. See `abi.zig` for what the numbers mean.
//!
//! Numbers arrive as JavaScript has them, as doubles, and are checked here: no runtime
//! wraps or truncates one on the way, and all three pass them without a conversion in
//! JavaScript. (node:ffi wraps a function with an integer parameter in one that checks
//! it, and then V8 no longer calls it directly: a window took 1.9 times the floor.)

const std = @import("std");
const builtin = @import("builtin");
const abi = @import("abi.zig");
const keys = @import("keys.zig");
const pool_windows = @import("pool/windows.zig");
const pools = @import("pool/pool.zig");
const process = @import("process.zig");
const rungs = @import("rungs.zig");
const entries = @import("entries.zig");
const decode = @import("sources/decode.zig");
const diagnose = @import("diagnose.zig");
const labels = @import("labels.zig");
const lend = @import("lend.zig");
const seal = @import("seal.zig");
const secret = @import("secret.zig");
const statistics = @import("statistics.zig");
const seam = @import("seam.zig");
const shared = @import("shared.zig");
const harden = @import("harden.zig");
const numbers = @import("numbers.zig");
const os_layer = @import("os.zig");
const ending = @import("ending.zig");
const node_api = @import("node_api.zig");
const Cause = abi.Cause;
const slice = numbers.slice;
const whole = numbers.whole;
const with_handle = numbers.with_handle;

pub const panic = @import("panic.zig");

export fn securememory_abi_version() u32 {
    return abi.version;
}

/// Makes a secret of zeros. Returns its handle.
export fn securememory_create(length: f64, alignment: f64, flags: f64) i32 {
    return create(length, alignment, flags, .zeros);
}

/// Makes a secret of random bytes from the system's generator.
export fn securememory_create_random(length: f64, alignment: f64, flags: f64) i32 {
    return create(length, alignment, flags, .random);
}

/// Makes a secret of the `length` bytes at `source` and wipes those, on success only.
export fn securememory_create_from(source: ?[*]u8, length: f64, alignment: f64, flags: f64) i32 {
    const bytes = slice(u8, source, length) catch |err| return abi.pack(err, .{});
    return create(length, alignment, flags, .{ .bytes = bytes });
}

/// Makes a copy of a secret whose window is open.
export fn securememory_create_copy(handle: f64, alignment: f64, flags: f64) i32 {
    var cause: Cause = .{};
    const copied = copy(&cause, handle, alignment, flags) catch |err| return abi.pack(err, cause);
    return @intCast(copied);
}

/// Opens a window: `protection` is 1 for reading, 2 for reading and writing. Under the gate
/// `pkey` for this thread alone, and each thread has to; then `tick` has to be called now
/// and then until it returns 0.
export fn securememory_open(handle: f64, protection: f64) i32 {
    var cause: Cause = .{};
    open(&cause, handle, protection) catch |err| return abi.pack(err, cause);
    return 0;
}

export fn securememory_close(handle: f64) i32 {
    var cause: Cause = .{};
    const number = abi.whole(handle) catch |err| return abi.pack(err, cause);
    secret.close(&cause, number) catch |err| return abi.pack(err, cause);
    return 0;
}

/// Opens a window for reading that every thread can use.
export fn securememory_open_wide(handle: f64) i32 {
    return with_handle(handle, secret.open_wide);
}

export fn securememory_close_wide(handle: f64) i32 {
    return with_handle(handle, secret.close_wide);
}

/// 1 if each thread has to open the secret for itself, 0 if one opens it for all.
export fn securememory_gate(handle: f64) i32 {
    const number = whole(handle) catch |err| return abi.pack(err, .{});
    const gate = secret.gate_of(number) catch |err| return abi.pack(err, .{});
    return @backingInt(gate);
}

/// The idle rule of protection keys: pages that no window has used for so many milliseconds
/// become inaccessible to all threads, and so do the halves of the key that secrets are sealed with.
/// Returns how many keys are still in use.
export fn securememory_tick(idle: f64) i32 {
    const milliseconds = floor(idle) catch |err| return abi.pack(err, .{});
    return @intCast(seal.tick() + keys.tick(milliseconds));
}

/// A thread that may have been started inside a window gives up the rights it was born with.
export fn securememory_thread_start() void {
    keys.deny_all();
    pool_windows.forget_thread();
}

/// 0 if the host has what `what` (see `abi.Probe`) asks for, else why not.
export fn securememory_probe(what: f64) i32 {
    var cause: Cause = .{};
    probe(&cause, what) catch |err| return abi.pack(err, cause);
    return 0;
}

/// See `abi.Hibernation`.
export fn securememory_hibernation() i32 {
    var cause: Cause = .{};
    const known = process.get(&cause) catch |err| return abi.pack(err, cause);
    return @backingInt(rungs.hibernation(known.page_size));
}

/// Wipes a secret; its address stays taken until `release` or `retire`.
export fn securememory_destroy(handle: f64) i32 {
    return with_handle(handle, secret.destroy);
}

/// The address of a destroyed secret may be used again.
export fn securememory_release(handle: f64) i32 {
    return with_handle(handle, secret.release);
}

/// The address of a destroyed secret may never be used again.
export fn securememory_retire(handle: f64) i32 {
    return with_handle(handle, secret.retire);
}

/// Where the payload is, or null. Reading it outside a window faults.
export fn securememory_address(handle: f64) ?*anyopaque {
    const number = whole(handle) catch return null;
    return @ptrFromInt(secret.address(number));
}

/// Bytes of the payload, or 0 if the handle is of no secret.
export fn securememory_length(handle: f64) u32 {
    const number = whole(handle) catch return 0;
    return secret.length(number);
}

/// 1 if the two are equal, 0 if not. Both windows must be open.
export fn securememory_equal(first: f64, second: f64) i32 {
    const same = equal(first, second) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

export fn securememory_equal_bytes(handle: f64, bytes: ?[*]const u8, length: f64) i32 {
    const same = equal_bytes(handle, bytes, length) catch |err| return abi.pack(err, .{});
    return @intFromBool(same);
}

/// Bits of `abi.Status`, read back from the system.
export fn securememory_status(handle: f64) i32 {
    var cause: Cause = .{};
    const number = whole(handle) catch |err| return abi.pack(err, cause);
    const status = secret.status(&cause, number) catch |err| return abi.pack(err, cause);
    return @as(i32, @as(u31, @backingInt(status)));
}

/// Wipes every secret of the process. Returns how many there were.
export fn securememory_purge() i32 {
    var cause: Cause = .{};
    const wiped = secret.purge(&cause) catch |err| return abi.pack(err, cause);
    return @intCast(wiped);
}

/// Address of a u32 that every purge changes.
export fn securememory_purge_count() ?*anyopaque {
    return &secret.vars().purges;
}

/// Address of a u32 that changes before any handle of an entry can be had a second time.
export fn securememory_epoch() ?*anyopaque {
    return &entries.vars().epoch;
}

/// Address of a u32 that a purge changes, and the pool's end. Null if there is no such pool.
export fn securememory_pool_word(handle: f64) ?*anyopaque {
    return pools.word_of(whole(handle) catch return null);
}

/// Writes up to `count` numbers in the order of `abi.Statistic`; returns how many.
export fn securememory_statistics(out: ?[*]f64, count: f64) i32 {
    var cause: Cause = .{};
    const target = slice(f64, out, count) catch |err| return abi.pack(err, cause);
    const written = statistics.write(&cause, target) catch |err| return abi.pack(err, cause);
    return @intCast(written);
}

/// Applies the parts of `flags` that exist here; returns the bits of `abi.Hardened`.
export fn securememory_harden(flags: f64) i32 {
    var cause: Cause = .{};
    const wanted = whole(flags) catch |err| return abi.pack(err, cause);
    const done = harden.apply(&cause, wanted) catch |err| return abi.pack(err, cause);
    return @as(i32, @as(u31, @backingInt(done)));
}

/// Takes it back; returns the parts that are as they were.
export fn securememory_unharden() i32 {
    var cause: Cause = .{};
    const done = harden.undo(&cause) catch |err| return abi.pack(err, cause);
    return @intCast(done);
}

/// The end of the process: see `ending.zig`. Linux takes it from a section, Windows by the
/// library's entry point; its last parameter tells the end from an unloading.
const at_end = &ending.run;

/// In place of the one of Zig's std, which would bring memory of each thread's own with it.
pub fn DllMainCRTStartup(
    _: std.os.windows.HINSTANCE,
    reason: std.os.windows.DWORD,
    process_ends: ?*anyopaque,
) callconv(.winapi) std.os.windows.BOOL {
    if (reason == os_layer.ending.process_detach and process_ends != null) ending.run();
    return .TRUE;
}

comptime {
    _ = @import("moves.zig");
    // Where size does not matter: what tests load needs no second library.
    if (@import("build_options").whole) {
        _ = @import("pool_exports.zig");
        _ = @import("enclave_exports.zig");
        _ = @import("source_exports.zig");
    }
    switch (builtin.target.os.tag) {
        .linux => @export(&at_end, .{ .name = "at_end", .section = ".fini_array", .visibility = .hidden }),
        .windows => @export(&DllMainCRTStartup, .{ .name = "DllMainCRTStartup", .visibility = .hidden }),
        else => {},
    }
}

/// Names a secret in the lines about faults. A label is shown: it is not content.
export fn securememory_label(handle: f64, bytes: ?[*]u8, length: f64) i32 {
    var cause: Cause = .{};
    label(&cause, handle, bytes, length) catch |err| return abi.pack(err, cause);
    return 0;
}

/// Turns the lines about faults on (1) or off (0), for the whole process. If `as_default` is
/// 1, only if nobody has said anything. Returns 1 if they are on and the handler is in place.
export fn securememory_diagnose(on: f64, as_default: f64) i32 {
    return @intFromBool(diagnose.set(on != 0, as_default != 0));
}

/// The library as a module of Node-API: see `node_api.zig`. The name is Node-API's.
export fn napi_register_module_v1(env: node_api.Env, exports: node_api.Value) node_api.Value {
    return node_api.Module(node_api.Process).register(env, exports);
}

/// One that has to fit into 32 bits, without its fraction. Not by @floor: x86_64 has no
/// instruction for it before SSE4.1, and the function that it calls instead brings 40 KiB
/// of floating point with it on Windows (see `os/windows.zig`).
fn floor(number: f64) abi.Error!u32 {
    // False for NaN, too.
    if (!(number >= 0 and number < std.math.maxInt(u32) + 1)) return error.InvalidArgument;
    return @trunc(number);
}

fn create(length: f64, alignment: f64, flags: f64, content: secret.Content) i32 {
    var cause: Cause = .{};
    ending.arm();
    const wanted = numbers.shape(length, alignment, flags) catch |err| return abi.pack(err, cause);
    const handle = secret.create(&cause, wanted, content) catch |err| return abi.pack(err, cause);
    return @intCast(handle);
}

fn copy(cause: *Cause, handle: f64, alignment: f64, flags: f64) abi.Error!u32 {
    return secret.copy(cause, try whole(handle), null, try whole(alignment), try whole(flags));
}

fn probe(cause: *Cause, what: f64) abi.Error!void {
    const number = try whole(what);
    if (number >= @typeInfo(abi.Probe).@"enum".field_names.len) return error.InvalidArgument;
    const wanted: abi.Probe = @fromBackingInt(@intCast(number));
    const known = try process.get(cause);
    return rungs.probe(cause, known.page_size, wanted);
}

fn label(cause: *Cause, handle: f64, bytes: ?[*]u8, length: f64) abi.Error!void {
    const number = try whole(handle);
    // The pool's is its secrets' as well.
    if (entries.is_entry(number)) return;
    return labels.set(cause, number, try slice(u8, bytes, length));
}

fn open(cause: *Cause, handle: f64, protection: f64) abi.Error!void {
    const wanted: abi.Protection = switch (try abi.whole(protection)) {
        1 => .read,
        2 => .write,
        else => return error.InvalidArgument,
    };
    return secret.open(cause, try abi.whole(handle), wanted);
}

fn equal(first: f64, second: f64) abi.Error!bool {
    return secret.equal(try whole(first), try whole(second));
}

fn equal_bytes(handle: f64, bytes: ?[*]const u8, length: f64) abi.Error!bool {
    const count = try whole(length);
    const given = if (bytes) |start| start[0..count] else &[0]u8{};
    return secret.equal_bytes(try whole(handle), given);
}

/// Makes a secret of the bytes that a text stands for (see `decode.Format`), and wipes the text, on
/// success only. If it is wrong, `position` gets where.
export fn securememory_create_decoded(
    text: ?[*]u8,
    length: f64,
    format: f64,
    alignment: f64,
    flags: f64,
    position: ?*f64,
) i32 {
    var cause: Cause = .{};
    ending.arm();
    const handle = create_decoded(&cause, text, length, format, alignment, flags, position) catch |err|
        return abi.pack(err, cause);
    return @intCast(handle);
}

fn create_decoded(
    cause: *Cause,
    text: ?[*]u8,
    length: f64,
    format: f64,
    alignment: f64,
    flags: f64,
    position: ?*f64,
) abi.Error!u32 {
    const number = try whole(format);
    if (number > @backingInt(decode.Format.base64url)) return error.InvalidArgument;
    const out = position orelse return error.InvalidArgument;
    const start = text orelse return error.InvalidArgument;
    const source: decode.Text = .{ .bytes = start[0..try whole(length)], .format = @fromBackingInt(@intCast(number)) };
    var at: usize = 0;
    const count = source.decode(null, &at) catch |err| {
        out.* = @floatFromInt(at);
        return err;
    };
    if (count == 0) return error.SourceEmpty;
    return secret.create(cause, .{
        .length = @intCast(count),
        .alignment = try whole(alignment),
        .flags = try whole(flags),
    }, .{ .text = source });
}

/// Writes one number, the address of what the crypto library borrows secrets by: see `lender.zig`.
export fn securememory_lender(out: ?[*]f64, count: f64) i32 {
    const target = slice(f64, out, count) catch |err| return abi.pack(err, .{});
    if (target.len < 1) return abi.pack(error.InvalidArgument, .{});
    target[0] = @floatFromInt(lend.address());
    return 1;
}

/// Takes the address of the crypto library's table: see `sealer.zig`. Every thread may call it.
export fn securememory_use_sealer(address: f64) i32 {
    use_sealer(address) catch |err| return abi.pack(err, .{});
    return 0;
}

fn use_sealer(address: f64) abi.Error!void {
    // Every double below is a whole number, and every address of a user's is.
    if (!(address >= 1 and address < 1 << 53)) return error.InvalidArgument;
    return seal.use(@trunc(address));
}

/// Writes where the core's variables are, for the extra library alone: see `shared.zig`. Returns how
/// many words there are; they are no numbers for anyone else.
export fn securememory_shared(out: ?[*]usize, count: f64) i32 {
    var cause: Cause = .{};
    const target = slice(usize, out, count) catch |err| return abi.pack(err, .{});
    if (target.len < shared.count) return abi.pack(error.InvalidArgument, .{});
    // What is made there is wiped at the end like anything else, and when an invariant fails.
    ending.arm();
    _ = secret.prepare(&cause) catch |err| return abi.pack(err, cause);
    shared.tell(target[0..shared.count]);
    return shared.count;
}

// Only in the library that tests load.

fn fault_arm(k: u32, errno: u32, times: u32) callconv(.c) i32 {
    seam.arm(k, @truncate(errno), times);
    return 0;
}

fn fault_count(step: u32) callconv(.c) u32 {
    if (step >= seam.step_count) return 0;
    return seam.count(@fromBackingInt(@intCast(step)));
}

fn fault_failures(step: u32) callconv(.c) u32 {
    if (step >= seam.step_count) return 0;
    return seam.failures(@fromBackingInt(@intCast(step)));
}

/// Where the box of a sealed secret is, or null: for tests that change it.
fn fault_box(handle: f64) callconv(.c) ?*anyopaque {
    const entry = entries.acquire(abi.whole(handle) catch return null) catch return null;
    defer entry.lock.release();
    return @ptrFromInt(entry.box);
}

comptime {
    if (seam.enabled) {
        @export(&fault_box, .{ .name = "securememory_fault_box" });
        @export(&fault_arm, .{ .name = "securememory_fault_arm" });
        @export(&fault_count, .{ .name = "securememory_fault_count" });
        @export(&fault_failures, .{ .name = "securememory_fault_failures" });
    }
}
