//! The C ABI of sealing and of enclaves: see `exports.zig`.

const std = @import("std");
const abi = @import("abi.zig");
const enclave = @import("enclave.zig");
const numbers = @import("numbers.zig");
const rekeying = @import("seal/rekey.zig");
const Cause = abi.Cause;
const whole = numbers.whole;

/// Makes an enclave of a secret whose window is open. Returns its handle.
export fn securememory_enclave_seal(handle: f64, epoch: f64) i32 {
    const number = whole(handle) catch |err| return abi.pack(err, .{});
    return create(.{ .secret = number }, epoch);
}

/// Makes one of the `length` bytes at `source` and wipes those, on success only.
export fn securememory_enclave_from(source: ?[*]u8, length: f64, epoch: f64) i32 {
    const bytes = numbers.slice(u8, source, length) catch |err| return abi.pack(err, .{});
    return create(.{ .bytes = bytes }, epoch);
}

noinline fn create(source: enclave.Source, epoch: f64) i32 {
    var cause: Cause = .{};
    const made = create_in(&cause, source, epoch) catch |err| return abi.pack(err, cause);
    return @intCast(made);
}

fn create_in(cause: *Cause, source: enclave.Source, epoch: f64) abi.Error!u32 {
    return enclave.create(cause, source, @truncate(try whole(epoch)));
}

/// Makes a secret of an enclave. Returns its handle.
export fn securememory_enclave_open(handle: f64, alignment: f64, flags: f64) i32 {
    var cause: Cause = .{};
    const made = open(&cause, handle, alignment, flags) catch |err| return abi.pack(err, cause);
    return @intCast(made);
}

/// Opens a scratch and decrypts into its first bytes. Returns how many.
export fn securememory_enclave_lend(handle: f64, scratch: f64) i32 {
    var cause: Cause = .{};
    const length = lend(&cause, handle, scratch) catch |err| return abi.pack(err, cause);
    return std.math.cast(i32, length) orelse abi.pack(error.InvalidArgument, .{});
}

/// Wipes the scratch and closes it.
export fn securememory_enclave_take_back(scratch: f64) i32 {
    return numbers.with_handle(scratch, enclave.take_back);
}

export fn securememory_enclave_close(handle: f64) i32 {
    close(handle, null) catch |err| return abi.pack(err, .{});
    return 0;
}

/// 1 if it was there.
export fn securememory_enclave_collected(handle: f64, epoch: f64) i32 {
    close(handle, epoch) catch |err| return if (err == error.Closed) 0 else abi.pack(err, .{});
    return 1;
}

fn close(handle: f64, epoch: ?f64) abi.Error!void {
    const wanted: ?u16 = if (epoch) |number| @truncate(try whole(number)) else null;
    return enclave.close(try whole(handle), wanted);
}

/// Bytes of an enclave, or 0 if the handle is of none.
export fn securememory_enclave_length(handle: f64) u32 {
    const number = whole(handle) catch return 0;
    return enclave.length_of(number);
}

/// Encrypts everything that is sealed under another key. Returns how many there were.
export fn securememory_rekey() i32 {
    var cause: Cause = .{};
    const moved = rekeying.rekey(&cause) catch |err| return abi.pack(err, cause);
    return @intCast(moved);
}

fn open(cause: *Cause, handle: f64, alignment: f64, flags: f64) abi.Error!u32 {
    return enclave.open(cause, try whole(handle), try whole(alignment), try whole(flags));
}

fn lend(cause: *Cause, handle: f64, scratch: f64) abi.Error!u32 {
    return enclave.lend(cause, try whole(handle), try whole(scratch));
}
