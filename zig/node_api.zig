//! The library as a module of Node-API, beside its C ABI: for runtimes that let us call
//! the library and yet make no view of native memory for us. That is Deno with a permission
//! for this one library (`--allow-ffi=<path>`): it loads modules by the same permission, and
//! refuses every pointer (denoland/deno#15511).
//!
//! A module would be free to hand out views of any address. This one makes views of what
//! this library has and of nothing else: of a secret, by its handle, and of the numbers that
//! purges, pools' ends and epochs change. They go by the names of the calls that give a pointer
//! elsewhere.
//!
//! The functions of Node-API are the process's own. They are looked up when a module is
//! made, so that nothing is missing where there is no Node-API.
//!
//! Sources: Node-API in the manual of Node; js_native_api.h for the types.

const std = @import("std");
const abi = @import("abi.zig");
const entries = @import("entries.zig");
const pools = @import("pool/pool.zig");
const pool_secrets = @import("pool/secrets.zig");
const secret = @import("secret.zig");
const os = @import("os.zig").current;

pub const Env = ?*anyopaque;
pub const Value = ?*anyopaque;
const Info = ?*anyopaque;
const Callback = *const fn (Env, Info) callconv(.c) Value;

/// `napi_status`: 0 is success.
const Status = c_int;

/// The functions that are used, with their types.
const Api = struct {
    const napi_create_function = fn (Env, ?[*]const u8, usize, Callback, ?*anyopaque, *Value) callconv(.c) Status;
    const napi_set_named_property = fn (Env, Value, [*:0]const u8, Value) callconv(.c) Status;
    const napi_get_cb_info = fn (Env, Info, *usize, [*]Value, ?*Value, ?*?*anyopaque) callconv(.c) Status;
    const napi_get_value_double = fn (Env, Value, *f64) callconv(.c) Status;
    const napi_create_external_arraybuffer = fn (Env, ?*anyopaque, usize, ?*anyopaque, ?*anyopaque, *Value) callconv(.c) Status;
    const napi_throw_error = fn (Env, ?[*:0]const u8, [*:0]const u8) callconv(.c) Status;
};

/// Calls a function of the process. False if there is none of that name, or it failed.
fn call(comptime host: type, comptime name: [:0]const u8, arguments: anytype) bool {
    const function = host.function(@field(Api, name), name) orelse return false;
    return @call(.auto, function, arguments) == 0;
}

/// The module, by the functions that `host` finds: those of this process, or a test's.
pub fn Module(comptime host: type) type {
    return struct {
        /// Gives `exports` its functions. Whoever loads it sees what is missing.
        pub fn register(env: Env, exports: Value) Value {
            define(env, exports, "securememory_address", view_of_secret);
            define(env, exports, "securememory_purge_count", view_of_purge_count);
            define(env, exports, "securememory_epoch", view_of_epoch);
            define(env, exports, "securememory_pool_word", view_of_pool);
            return exports;
        }

        fn define(env: Env, exports: Value, comptime name: [:0]const u8, callback: Callback) void {
            var function: Value = null;
            if (!call(host, "napi_create_function", .{ env, name.ptr, name.len, callback, null, &function })) return;
            _ = call(host, "napi_set_named_property", .{ env, exports, name.ptr, function });
        }

        /// An ArrayBuffer over the payload of the secret whose handle is the argument;
        /// undefined if there is none. Reading it outside a window faults.
        fn view_of_secret(env: Env, info: Info) callconv(.c) Value {
            const handle = handle_of(env, info) orelse return null;
            // The handle has a generation: both are of one secret, or the second is 0.
            const address = secret.address(handle);
            const length = secret.length(handle);
            if (address == 0 or length == 0) return null;
            return view(env, @ptrFromInt(address), length);
        }

        /// An ArrayBuffer over the u32 that a purge changes and the end of the pool whose handle is the
        /// argument; undefined if there is none.
        fn view_of_pool(env: Env, info: Info) callconv(.c) Value {
            const handle = handle_of(env, info) orelse return null;
            const word = pools.word_of(handle) orelse return null;
            return view(env, word, @sizeOf(u32));
        }

        fn handle_of(env: Env, info: Info) ?u32 {
            var count: usize = 1;
            var arguments: [1]Value = .{null};
            var number: f64 = 0;
            if (!call(host, "napi_get_cb_info", .{ env, info, &count, &arguments, null, null })) return null;
            if (!call(host, "napi_get_value_double", .{ env, arguments[0], &number })) return null;
            return abi.whole(number) catch null;
        }

        /// An ArrayBuffer over the u32 that changes before a handle of an entry comes again.
        fn view_of_epoch(env: Env, _: Info) callconv(.c) Value {
            return view(env, &entries.vars().epoch, @sizeOf(u32));
        }

        /// An ArrayBuffer over the u32 that every purge changes.
        fn view_of_purge_count(env: Env, _: Info) callconv(.c) Value {
            return view(env, &secret.vars().purges, @sizeOf(@TypeOf(secret.vars().purges)));
        }

        /// Without a finalizer: the memory is never the runtime's to free.
        fn view(env: Env, address: *anyopaque, length: usize) Value {
            var buffer: Value = null;
            const made = call(host, "napi_create_external_arraybuffer", .{ env, address, length, null, null, &buffer });
            if (made) return buffer;
            _ = call(host, "napi_throw_error", .{ env, null, "The runtime makes no view of native memory" });
            return null;
        }
    };
}

/// What the process has.
pub const Process = struct {
    pub fn function(comptime Function: type, comptime name: [:0]const u8) ?*const Function {
        return os.process_function(Function, name);
    }
};

test "a process without Node-API is not missed: the module is empty" {
    var exports: u8 = 0;
    try std.testing.expectEqual(null, Process.function(Api.napi_create_function, "napi_create_function"));
    try std.testing.expectEqual(@as(Value, &exports), Module(Process).register(null, &exports));
}

/// A runtime of one function call at a time.
const Fake = struct {
    var functions: [4]?Callback = @splat(null);
    var names: [4][*:0]const u8 = undefined;
    var defined: usize = 0;
    var argument: f64 = 0;
    var refuses: bool = false;
    var thrown: bool = false;
    /// Of the last view: stands for its ArrayBuffer.
    var made: struct { address: usize, length: usize } = undefined;

    fn function(comptime Function: type, comptime name: [:0]const u8) ?*const Function {
        return &@field(Fake, name);
    }

    fn napi_create_function(_: Env, _: ?[*]const u8, _: usize, callback: Callback, _: ?*anyopaque, value: *Value) callconv(.c) Status {
        functions[defined] = callback;
        value.* = @ptrCast(&functions[defined]);
        return 0;
    }

    fn napi_set_named_property(_: Env, _: Value, name: [*:0]const u8, _: Value) callconv(.c) Status {
        names[defined] = name;
        defined += 1;
        return 0;
    }

    fn napi_get_cb_info(_: Env, _: Info, count: *usize, arguments: [*]Value, _: ?*Value, _: ?*?*anyopaque) callconv(.c) Status {
        count.* = 1;
        arguments[0] = &argument;
        return 0;
    }

    fn napi_get_value_double(_: Env, value: Value, number: *f64) callconv(.c) Status {
        std.debug.assert(value == @as(Value, &argument));
        number.* = argument;
        return 0;
    }

    fn napi_create_external_arraybuffer(_: Env, address: ?*anyopaque, length: usize, finalizer: ?*anyopaque, _: ?*anyopaque, value: *Value) callconv(.c) Status {
        std.debug.assert(finalizer == null);
        if (refuses) return 22; // napi_no_external_buffers_allowed
        made = .{ .address = @intFromPtr(address), .length = length };
        value.* = &made;
        return 0;
    }

    fn napi_throw_error(_: Env, _: ?[*:0]const u8, _: [*:0]const u8) callconv(.c) Status {
        thrown = true;
        return 0;
    }

    fn view_of(number: f64) Value {
        argument = number;
        return functions[0].?(null, null);
    }
};

test "the module makes views of live secrets, of pools' words and of two counts, and of nothing else" {
    var exports: u8 = 0;
    try std.testing.expectEqual(@as(Value, &exports), Module(Fake).register(null, &exports));
    try std.testing.expectEqual(@as(usize, 4), Fake.defined);
    try std.testing.expectEqualStrings("securememory_address", std.mem.span(Fake.names[0]));
    try std.testing.expectEqualStrings("securememory_purge_count", std.mem.span(Fake.names[1]));
    try std.testing.expectEqualStrings("securememory_epoch", std.mem.span(Fake.names[2]));
    try std.testing.expectEqualStrings("securememory_pool_word", std.mem.span(Fake.names[3]));

    var cause: abi.Cause = .{};
    const handle = try secret.create(&cause, .{ .length = 33, .alignment = 16, .flags = 0 }, .zeros);
    const number: f64 = @floatFromInt(handle);
    try std.testing.expectEqual(@as(Value, &Fake.made), Fake.view_of(number));
    try std.testing.expectEqual(secret.address(handle), Fake.made.address);
    try std.testing.expectEqual(@as(usize, 33), Fake.made.length);
    for ([_]f64{ number + 1, number + 0.5, -number, 0, std.math.nan(f64), std.math.inf(f64) }) |other| {
        try std.testing.expectEqual(null, Fake.view_of(other));
    }
    try std.testing.expect(!Fake.thrown);

    Fake.refuses = true;
    try std.testing.expectEqual(null, Fake.view_of(number));
    try std.testing.expect(Fake.thrown);
    Fake.refuses = false;

    try secret.destroy(&cause, handle);
    try std.testing.expectEqual(null, Fake.view_of(number));
    try secret.release(&cause, handle);
    try std.testing.expectEqual(null, Fake.view_of(number));

    try std.testing.expectEqual(@as(Value, &Fake.made), Fake.functions[1].?(null, null));
    try std.testing.expectEqual(@intFromPtr(&secret.vars().purges), Fake.made.address);
    try std.testing.expectEqual(@as(usize, 4), Fake.made.length);

    try std.testing.expectEqual(@as(Value, &Fake.made), Fake.functions[2].?(null, null));
    try std.testing.expectEqual(@intFromPtr(&entries.vars().epoch), Fake.made.address);
    try std.testing.expectEqual(@as(usize, 4), Fake.made.length);

    const pool = try pools.create(&cause, .{ .label = &.{}, .flags = 0, .limit = 0, .seals = false });
    Fake.argument = @floatFromInt(pool);
    try std.testing.expectEqual(@as(Value, &Fake.made), Fake.functions[3].?(null, null));
    try std.testing.expectEqual(@intFromPtr(pools.word_of(pool).?), Fake.made.address);
    try std.testing.expectEqual(@as(usize, 4), Fake.made.length);
    Fake.argument += 1;
    try std.testing.expectEqual(null, Fake.functions[3].?(null, null));
    try pool_secrets.close_pool(&cause, pool);
}
