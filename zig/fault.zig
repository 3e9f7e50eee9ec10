//! What is said about a fault on one of our pages: one line, with the secret's label and
//! length, and what is wrong with the access. Never a byte of content, never an address.
//!
//! Called in a signal handler, in whatever state the process is in. So it takes no lock
//! (its holder may be the thread that faulted), allocates nothing, and touches no data
//! page. Records are read while other threads may change them: they never move and never
//! go away, every number is bounded before it is used, and the worst that a torn one does
//! is a wrong word in the line.

const std = @import("std");
const abi = @import("abi.zig");
const entries = @import("entries.zig");
const labels = @import("labels.zig");
const pages = @import("pool/page.zig");
const ranges = @import("ranges.zig");
const retired = @import("retired.zig");
const table = @import("table.zig");
const Page = pages.Page;
const Record = table.Record;

/// How the memory was accessed. `run` is an instruction that was fetched from it; `some` is
/// what the system does not tell.
pub const Access = enum { read, write, run, some };

/// What refused it: the page's protection, a protection key of the thread, or the system,
/// which had no memory behind it (or a broken one).
pub const Refusal = enum { protection, key, memory };

pub const Fault = struct { address: usize, access: Access, refusal: Refusal };

/// Where the access went, as seen from the secret's bytes.
pub const Place = struct {
    side: enum { before, inside, after },
    /// From the first byte of the secret, if inside; else from its nearest end, at least 1.
    distance: usize,
    /// On a guard page, not on the secret's own.
    guard: bool,

    fn of(address: usize, base: usize, span: usize, start: usize, length: usize) Place {
        const guard = address < base or address - base >= span;
        if (address < start) return .{ .side = .before, .distance = start - address, .guard = guard };
        if (address - start < length) {
            return .{ .side = .inside, .distance = address - start, .guard = guard };
        }
        return .{ .side = .after, .distance = address - start - length + 1, .guard = guard };
    }
};

/// What is known of the record nearest to the fault: plain values, read once.
pub const Seen = struct {
    state: table.State,
    /// Windows that are open now, in any thread: none, for reading, for writing.
    protection: abi.Protection,
    window: bool,
    /// A secret has been here, ever.
    used: bool,
    length: usize,
    place: Place,
    /// On no secret of the page, which is a pool's, but between two.
    between: bool = false,
};

/// Room for the longest line there is.
pub const Buffer = [512]u8;

/// The line about a fault, or null if its address is none of ours.
pub fn explain(fault: Fault, page_size: usize, buffer: *Buffer) ?[]const u8 {
    if (!ranges.contain(fault.address)) return null;
    var line: Line = .{ .buffer = buffer };
    if (nearest(fault.address, page_size)) |found| {
        var text: labels.Text = undefined;
        write(&line, fault, found.seen, labels.get(found.index, found.use, &text));
    } else if (retired.find(fault.address)) |entry| {
        write(&line, fault, seen_retired(fault.address, &entry), entry.text());
    } else {
        // Its record was parted from it: that is done to pages of closed secrets only.
        write_ownerless(&line, fault.access, .{ .used = true, .guard = false });
    }
    return line.end();
}

fn seen_retired(address: usize, entry: *const retired.Entry) Seen {
    const start = entry.base +| entry.offset;
    return .{
        .state = .resting,
        .protection = .none,
        .window = false,
        .used = true,
        .length = entry.length,
        .place = .of(address, entry.base, entry.span, start, entry.length),
    };
}

const Found = struct { index: u32, use: u64, seen: Seen };

/// The record that the address belongs to: its unit, or a guard beside it. Two units share
/// a guard; one with a secret goes before one without, then the nearer one.
fn nearest(address: usize, page_size: usize) ?Found {
    var best: ?Found = null;
    for (0..table.length()) |index| {
        const record = table.at(@intCast(index)) orelse break;
        const found = look(record, @intCast(index), address, page_size) orelse continue;
        if (best == null or better(found.seen, best.?.seen)) best = found;
    }
    return best;
}

fn better(one: Seen, other: Seen) bool {
    const occupied = one.state != .free;
    if (occupied != (other.state != .free)) return occupied;
    if (one.place.side == .inside or other.place.side == .inside) return one.place.side == .inside;
    return one.place.distance < other.place.distance;
}

fn look(record: *const Record, index: u32, address: usize, page_size: usize) ?Found {
    const base = peek(usize, &record.base);
    const span = peek(usize, &record.span);
    if (base < page_size or address < base - page_size) return null;
    if (address - (base - page_size) >= span +| 2 * page_size) return null;
    const offset = @min(peek(usize, &record.offset), span);
    const length = @min(peek(u32, &record.length), span - offset);
    const use = peek(u64, &record.uses);
    if (peek(?*Page, &record.pool)) |page| {
        return .{ .index = index, .use = use, .seen = look_at_slot(page, address, base, span) };
    }
    return .{
        .index = index,
        .use = use,
        .seen = .{
            .state = peek(table.State, &record.state),
            .protection = protection_of(record),
            .window = peek(bool, &record.window) or peek(u16, &record.threads) > 0,
            .used = use > 0,
            .length = length,
            .place = .of(address, base, span, base +| offset, length),
        },
    };
}

fn protection_of(record: *const Record) abi.Protection {
    return switch (peek(table.Access, &record.access)) {
        .read => .read,
        .write => .write,
        // What is open is open to some threads: the refusal tells.
        .none, .keyed => .none,
    };
}

/// On a page of a pool: the secret of the nearest slot.
fn look_at_slot(page: *Page, address: usize, base: usize, span: usize) Seen {
    const all = page.slots();
    const near = page.nearest(address -| base, span);
    const slot = &all[@min(near.index, all.len - 1)];
    const entry = entries.at(peek(u32, &slot.entry));
    const length = @min(if (entry) |of| peek(u32, &of.length) else 0, near.size);
    var seen: Seen = .{
        .state = switch (peek(pages.State, &slot.state)) {
            .used => if (entry != null and peek(entries.State, &entry.?.state) == .purged) .purged else .live,
            .resting => .resting,
            .free, .left, .quarantined, .retired => .free,
        },
        .protection = protection_of(page.record),
        .window = slot.is_open(),
        .used = true,
        .length = length,
        .place = .of(address, base, span, base + near.offset, length),
    };
    seen.between = !seen.place.guard and (address - base < near.offset or address - base >= near.offset + near.size);
    return seen;
}

/// Reads a field that another thread may be writing, once.
fn peek(comptime T: type, field: *const T) T {
    return @as(*const volatile T, field).*;
}

fn write(line: *Line, fault: Fault, seen: Seen, label: []const u8) void {
    if (seen.state == .free and !seen.between) {
        return write_ownerless(line, fault.access, .{ .used = seen.used, .guard = seen.place.guard });
    }
    line.add(access_words(fault.access));
    if (seen.between) {
        line.add("the space between two secrets of a pool");
        add_label(line, " \"", label, "\"");
        return line.add(reason(fault, seen));
    }
    if (label.len > 0) {
        add_label(line, "the secret \"", label, "\" (");
    } else line.add("a secret (");
    line.add_bytes(seen.length);
    line.add(")");
    switch (seen.place.side) {
        .inside => {
            line.add(" at offset ");
            line.add_number(seen.place.distance);
        },
        .before, .after => {
            line.add(" ");
            line.add_bytes(seen.place.distance);
            line.add(if (seen.place.side == .before) " before its start" else " past its end");
        },
    }
    if (seen.place.guard) line.add(" (the guard page)");
    line.add(reason(fault, seen));
}

fn add_label(line: *Line, before: []const u8, label: []const u8, after: []const u8) void {
    if (label.len == 0) return;
    line.add(before);
    line.add(label);
    line.add(after);
}

const Ownerless = struct { used: bool, guard: bool };

fn write_ownerless(line: *Line, access: Access, page: Ownerless) void {
    line.add(access_words(access));
    line.add(if (page.guard)
        "a guard page beside no secret: a pointer went astray"
    else if (page.used)
        "a page of a closed secret: a view of it or a pointer to it was kept"
    else
        "a page that no secret has used yet: a pointer went astray");
}

fn access_words(access: Access) []const u8 {
    return switch (access) {
        .read => "read of ",
        .write => "write to ",
        .run => "jump into ",
        .some => "access to ",
    };
}

const kept = ": a view of it or a pointer to it was kept";

/// Why a page that has a secret refused the access. Windows may have opened or closed since:
/// what is said holds for the moment of the access as far as can still be told.
fn reason(fault: Fault, seen: Seen) []const u8 {
    const inside = seen.place.side == .inside;
    if (fault.refusal == .memory) return ": the system had no memory behind it";
    if (seen.place.guard) return "";
    switch (seen.state) {
        .free => return " outside every window",
        .purged => return if (inside) " after a purge" ++ kept else " after a purge",
        .resting => return if (inside) " after it was closed" ++ kept else " after it was closed",
        .live => {},
    }
    if (seen.window and fault.refusal == .key) return switch (fault.access) {
        .write => " from a thread that has no read-write window on it",
        .read, .run, .some => " from a thread that has no window on it",
    };
    const may_write = fault.access == .write or fault.access == .some;
    if (seen.window and may_write and seen.protection == .read) {
        return " inside a read-only window: use update()";
    }
    if (seen.window and fault.access == .run) return ": no secret is ever executable";
    return if (inside) " outside its window" ++ kept else " outside its window";
}

const start_of_line = "securememory: ";
const end_of_line = "; the process has to stop\n";

/// One line in a fixed buffer; what does not fit is left out.
const Line = struct {
    buffer: *Buffer,
    length: usize = 0,

    fn add(line: *Line, text: []const u8) void {
        if (line.length == 0) line.append(start_of_line);
        line.append(text);
    }

    fn append(line: *Line, text: []const u8) void {
        const room = line.buffer.len - end_of_line.len - line.length;
        const fits = text[0..@min(text.len, room)];
        @memcpy(line.buffer[line.length..][0..fits.len], fits);
        line.length += fits.len;
    }

    fn add_number(line: *Line, number: usize) void {
        var digits: [20]u8 = undefined;
        var index = digits.len;
        var rest = number;
        while (true) {
            index -= 1;
            digits[index] = '0' + @as(u8, @intCast(rest % 10));
            rest /= 10;
            if (rest == 0) break;
        }
        line.add(digits[index..]);
    }

    fn add_bytes(line: *Line, count: usize) void {
        line.add_number(count);
        line.add(if (count == 1) " byte" else " bytes");
    }

    fn end(line: *Line) []const u8 {
        line.buffer[line.length..][0..end_of_line.len].* = end_of_line.*;
        return line.buffer[0 .. line.length + end_of_line.len];
    }
};

const on_it: Place = .{ .side = .inside, .distance = 5, .guard = false };

/// A closed secret of 32 bytes.
const closed: Seen = .{
    .state = .live,
    .protection = .none,
    .window = false,
    .used = true,
    .length = 32,
    .place = on_it,
};

fn with(comptime changes: anytype) Seen {
    var seen = closed;
    inline for (@typeInfo(@TypeOf(changes)).@"struct".field_names) |name| {
        @field(seen, name) = @field(changes, name);
    }
    return seen;
}

fn expect_line(wanted: []const u8, access: Access, refusal: Refusal, seen: Seen, label: []const u8) !void {
    var buffer: Buffer = undefined;
    var line: Line = .{ .buffer = &buffer };
    write(&line, .{ .address = 0, .access = access, .refusal = refusal }, seen, label);
    var whole: [512]u8 = undefined;
    const expected = try std.fmt.bufPrint(&whole, "securememory: {s}; the process has to stop\n", .{wanted});
    try std.testing.expectEqualStrings(expected, line.end());
}

test "outside its window" {
    try expect_line(
        "read of the secret \"db\" (32 bytes) at offset 5 outside its window: a view of it or a pointer to it was kept",
        .read,
        .protection,
        closed,
        "db",
    );
    try expect_line(
        "write to a secret (1 byte) at offset 5 outside its window: a view of it or a pointer to it was kept",
        .write,
        .protection,
        with(.{ .length = 1 }),
        "",
    );
    const past: Place = .{ .side = .after, .distance = 1, .guard = false };
    try expect_line(
        "read of a secret (32 bytes) 1 byte past its end outside its window",
        .read,
        .protection,
        with(.{ .place = past }),
        "",
    );
}

test "a window that was opened since the access changes nothing" {
    try expect_line(
        "read of a secret (32 bytes) at offset 5 outside its window: a view of it or a pointer to it was kept",
        .read,
        .protection,
        with(.{ .window = true, .protection = .read }),
        "",
    );
}

test "inside a read-only window" {
    try expect_line(
        "write to the secret \"db\" (32 bytes) at offset 5 inside a read-only window: use update()",
        .write,
        .protection,
        with(.{ .window = true, .protection = .read }),
        "db",
    );
}

test "from a thread without a window" {
    const open = with(.{ .window = true, .protection = .write });
    try expect_line(
        "read of the secret \"db\" (32 bytes) at offset 5 from a thread that has no window on it",
        .read,
        .key,
        open,
        "db",
    );
    try expect_line(
        "write to the secret \"db\" (32 bytes) at offset 5 from a thread that has no read-write window on it",
        .write,
        .key,
        open,
        "db",
    );
    try expect_line(
        "read of a secret (32 bytes) at offset 5 outside its window: a view of it or a pointer to it was kept",
        .read,
        .key,
        closed,
        "",
    );
}

test "beyond its ends" {
    const past: Place = .{ .side = .after, .distance = 1, .guard = true };
    try expect_line(
        "write to the secret \"db\" (32 bytes) 1 byte past its end (the guard page)",
        .write,
        .protection,
        with(.{ .window = true, .protection = .write, .place = past }),
        "db",
    );
    const before: Place = .{ .side = .before, .distance = 4096, .guard = true };
    try expect_line(
        "read of a secret (32 bytes) 4096 bytes before its start (the guard page)",
        .read,
        .protection,
        with(.{ .window = true, .protection = .read, .place = before }),
        "",
    );
}

test "after it was closed, and after a purge" {
    try expect_line(
        "read of the secret \"db\" (32 bytes) at offset 5 after it was closed: a view of it or a pointer to it was kept",
        .read,
        .protection,
        with(.{ .state = .resting }),
        "db",
    );
    try expect_line(
        "read of the secret \"db\" (32 bytes) at offset 5 after a purge: a view of it or a pointer to it was kept",
        .read,
        .protection,
        with(.{ .state = .purged }),
        "db",
    );
}

test "where no secret is" {
    try expect_line(
        "read of a page of a closed secret: a view of it or a pointer to it was kept",
        .read,
        .protection,
        with(.{ .state = .free }),
        "of another use",
    );
    try expect_line(
        "read of a page that no secret has used yet: a pointer went astray",
        .read,
        .protection,
        with(.{ .state = .free, .used = false }),
        "",
    );
    try expect_line(
        "write to a guard page beside no secret: a pointer went astray",
        .write,
        .protection,
        with(.{ .state = .free, .place = Place{ .side = .after, .distance = 9, .guard = true } }),
        "",
    );
}

test "what is rare" {
    try expect_line(
        "access to a secret (32 bytes) at offset 5 inside a read-only window: use update()",
        .some,
        .protection,
        with(.{ .window = true, .protection = .read }),
        "",
    );
    try expect_line(
        "jump into a secret (32 bytes) at offset 5: no secret is ever executable",
        .run,
        .protection,
        with(.{ .window = true, .protection = .read }),
        "",
    );
    try expect_line(
        "read of a secret (32 bytes) at offset 5: the system had no memory behind it",
        .read,
        .memory,
        with(.{ .window = true, .protection = .read }),
        "",
    );
}

test "the longest line fits, and a longer one is cut" {
    const far: Place = .{ .side = .before, .distance = std.math.maxInt(usize), .guard = true };
    var buffer: Buffer = undefined;
    var line: Line = .{ .buffer = &buffer };
    const fault: Fault = .{ .address = 0, .access = .write, .refusal = .memory };
    const label: labels.Text = @splat('x');
    write(&line, fault, with(.{ .length = std.math.maxInt(u32), .place = far }), &label);
    try std.testing.expect(line.end().len < buffer.len);
    for (0..100) |_| line.add("0123456789");
    try std.testing.expectEqual(buffer.len, line.end().len);
    try std.testing.expect(std.mem.endsWith(u8, line.end(), end_of_line));
}

test "places are counted from the secret's nearest end" {
    const base = 0x10000;
    const start = base + 4000;
    const expect = std.testing.expectEqual;
    try expect(Place{ .side = .inside, .distance = 0, .guard = false }, Place.of(start, base, 4096, start, 32));
    try expect(Place{ .side = .inside, .distance = 31, .guard = false }, Place.of(start + 31, base, 4096, start, 32));
    try expect(Place{ .side = .after, .distance = 1, .guard = false }, Place.of(start + 32, base, 4096, start, 32));
    try expect(Place{ .side = .after, .distance = 65, .guard = true }, Place.of(base + 4096, base, 4096, start, 32));
    try expect(Place{ .side = .before, .distance = 1, .guard = false }, Place.of(start - 1, base, 4096, start, 32));
    try expect(Place{ .side = .before, .distance = 4001, .guard = true }, Place.of(base - 1, base, 4096, start, 32));
}
