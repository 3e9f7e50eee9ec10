//! Variables that two libraries have in common: the core and the extra one
//! (`extra_library.zig`). Both are made of the same files, and have their own code of them; there is
//! one set of variables, the core's, whose places it tells the other one.
//!
//! A file with variables has them in a struct `Variables`, of which it has one, and asks here for the
//! one that counts. In the core that is known when it is compiled; in the other it is one load.
//! Both are built together, by one compiler, and their versions are compared before this is used.

const std = @import("std");
const builtin = @import("builtin");
const os = @import("os.zig").current;
pub const is_extra = @import("build_options").is_extra;

/// Whose variables; the order is that of `places`.
pub const Which = enum {
    boxes,
    counters,
    entries,
    invariant,
    keys,
    labels,
    nonces,
    pages,
    pools,
    process,
    ranges,
    rekey,
    retired,
    rungs,
    seal,
    sealing_key,
    secret,
    store,
    table,
    system,
    terminal,
};

pub const count = @typeInfo(Which).@"enum".field_names.len;

var places: [count]usize = @splat(0);

pub inline fn of(comptime which: Which, own: anytype) @TypeOf(own) {
    if (!is_extra) return own;
    return @ptrFromInt(places[@backingInt(which)]);
}

/// As `of`, for what may be needed before `use`.
pub fn of_or_own(comptime which: Which, own: anytype) @TypeOf(own) {
    if (!is_extra or places[@backingInt(which)] == 0) return own;
    return @ptrFromInt(places[@backingInt(which)]);
}

/// Takes the places that the core has told; false if they are none. Every thread may call it: it is
/// told the same.
pub fn use(told: []const usize) bool {
    if (told.len != count) return false;
    for (told) |place| if (place == 0) return false;
    for (places[0..told.len], told) |*place, address| @atomicStore(usize, place, address, .monotonic);
    return true;
}

/// The places of this library's variables, for the other one.
pub fn tell(out: *[count]usize) void {
    inline for (std.enums.values(Which), out) |which, *place| {
        place.* = @intFromPtr(switch (which) {
            .boxes => &@import("seal/boxes.zig").own,
            .counters => &@import("counters.zig").own,
            .entries => &@import("entries.zig").own,
            .invariant => &@import("invariant.zig").own,
            .keys => &@import("keys.zig").own,
            .labels => &@import("labels.zig").own,
            .nonces => &@import("seal/nonces.zig").own,
            .pages => &@import("pool/page.zig").own,
            .pools => &@import("pool/pool.zig").own,
            .process => &@import("process.zig").own,
            .ranges => &@import("ranges.zig").own,
            .rekey => &@import("seal/rekey.zig").own,
            .retired => &@import("retired.zig").own,
            .rungs => &@import("rungs.zig").own,
            .seal => &@import("seal.zig").own,
            .sealing_key => &@import("seal/key.zig").own,
            .secret => &@import("secret.zig").own,
            .store => &@import("store.zig").own,
            .table => &@import("table.zig").own,
            .terminal => &@import("os.zig").terminal.own,
            .system => if (builtin.target.os.tag == .windows) &os.own else &nothing,
        });
    }
}

/// Where a system has no variables.
var nothing: u8 = 0;
