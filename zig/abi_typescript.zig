//! Writes the tables of `abi.zig` as TypeScript: see `zig build abi`.

const std = @import("std");
const abi = @import("abi.zig");

pub fn main(init: std.process.Init) !void {
    var buffer: [4096]u8 = undefined;
    var file = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &file.interface;
    try out.print(
        \\// Written by `zig build abi` from zig/abi.zig: do not edit. A test compares the two.
        \\
        \\/** Raised whenever a symbol or the meaning of a number changes. */
        \\export const ABI_VERSION = {d};
        \\
        \\
    , .{abi.version});

    try out.writeAll("/** Kinds of failure, by the number that a call returns. */\nexport const CODES = [\n  \"\",\n");
    try write_codes(out);
    try out.writeAll("] as const;\n\n");

    try out.writeAll("/** System calls that can fail, by number. */\nexport const STEPS = [\n");
    inline for (@typeInfo(abi.Step).@"enum".field_names, 0..) |name, index| {
        comptime std.debug.assert(@backingInt(@field(abi.Step, name)) == index);
        try out.print("  \"{s}\",\n", .{if (index == 0) "" else name});
    }
    try out.writeAll("] as const;\n\n");

    try out.writeAll("/** Places of the numbers that `statistics` writes. */\nexport const STATISTICS = [\n");
    inline for (@typeInfo(abi.Statistic).@"enum".field_names) |name| try out.print("  \"{s}\",\n", .{name});
    try out.writeAll("] as const;\n\n");

    try out.writeAll("/** Places of the numbers that `pool_statistics` writes. */\nexport const POOL_STATISTICS = [\n");
    inline for (@typeInfo(abi.PoolStatistic).@"enum".field_names) |name| try out.print("  \"{s}\",\n", .{name});
    try out.writeAll("] as const;\n\n");

    try write_names(out, "STORES", abi.Store, "The store ladder");
    try write_names(out, "GATES", abi.Gate, "The gate ladder");
    try write_names(out, "HIBERNATION", abi.Hibernation, "What becomes of hibernation");
    try write_flags(out);
    try write_status(out);
    try out.flush();
}

/// In the order of their numbers, which need not be that of their declaration.
fn write_codes(out: *std.Io.Writer) !void {
    const names = @typeInfo(abi.Error).error_set.error_names.?;
    for (1..names.len + 1) |number| {
        inline for (names) |name| {
            if (abi.code(@field(abi.Error, name)) == number) try out.print("  \"{s}\",\n", .{name});
        }
    }
}

fn write_flags(out: *std.Io.Writer) !void {
    try out.print(
        \\export const PROTECTION_READ = {d};
        \\export const PROTECTION_WRITE = {d};
        \\export const FLAG_ALLOW_UNLOCKED = {d};
        \\export const FLAG_SECRETMEM = {d};
        \\export const FLAG_LOCKED = {d};
        \\export const FLAG_PKEY = {d};
        \\export const FLAG_MPROTECT = {d};
        \\export const PROBE_SECRETMEM = {d};
        \\export const PROBE_PKEY = {d};
        \\export const PROBE_SEAL = {d};
        \\export const PROBE_LOCKED = {d};
        \\export const PROBE_MPROTECT = {d};
        \\export const HARDEN_CORE_LIMIT = {d};
        \\export const HARDEN_NOT_DUMPABLE = {d};
        \\export const HARDEN_ALREADY_SHIFT = {d};
        \\export const HARDEN_REVERSIBLE_SHIFT = {d};
        \\
        \\
    , .{
        @backingInt(abi.Protection.read),
        @backingInt(abi.Protection.write),
        abi.flag_allow_unlocked,
        abi.flag_secretmem,
        abi.flag_locked,
        abi.flag_pkey,
        abi.flag_mprotect,
        @backingInt(abi.Probe.secretmem),
        @backingInt(abi.Probe.pkey),
        @backingInt(abi.Probe.seal),
        @backingInt(abi.Probe.locked),
        @backingInt(abi.Probe.mprotect),
        abi.harden_core_limit,
        abi.harden_not_dumpable,
        @bitOffsetOf(abi.Hardened, "already"),
        @bitOffsetOf(abi.Hardened, "reversible"),
    });
}

/// The names of numbered things, in the order of their numbers.
fn write_names(out: *std.Io.Writer, comptime constant: []const u8, comptime Names: type, comptime of: []const u8) !void {
    try out.print("/** {s}, by number. */\nexport const {s} = [", .{ of, constant });
    inline for (@typeInfo(Names).@"enum".field_names, 0..) |name, index| {
        comptime std.debug.assert(@backingInt(@field(Names, name)) == index);
        try out.print("{s}\"{s}\"", .{ if (index == 0) "" else ", ", name });
    }
    try out.writeAll("] as const;\n\n");
}

/// Where each field of `Status` stands: its first bit and how many there are.
fn write_status(out: *std.Io.Writer) !void {
    try out.writeAll("/** Fields of the status word: first bit, number of bits. */\nexport const STATUS_BITS = {\n");
    const info = @typeInfo(abi.Status).@"struct";
    inline for (info.field_names, info.field_types) |name, Field| {
        if (comptime std.mem.eql(u8, name, "_")) continue;
        try out.print("  {s}: [{d}, {d}],\n", .{ name, @bitOffsetOf(abi.Status, name), @bitSizeOf(Field) });
    }
    try out.writeAll("} as const;\n");
}
