//! Runs a program, and looks into its memory at the last moment at which it has any: at
//! the stop that PTRACE_O_TRACEEXIT asks for, ptrace(2). No libc.
//!
//!     exit_stop <program> <arguments>
//!
//! The program says where to look, one line `look <address in hex> <length>` for each
//! place, then `ready`, and waits for a line. It gets the line once the places were looked
//! at for the first time. Whatever else it prints goes to standard error. What is found is
//! never printed, only how many of the bytes there are 0xa7:
//!
//!     {"before":[32],"atExit":[0],"status":0}
//!
//! -1 stands for a place that could not be read, `null` for a stop that never came.
//! `status` is what wait(2) says.

const std = @import("std");
const linux = std.os.linux;

const wanted: u8 = 0xa7;
const places_max = 16;

// include/uapi/linux/ptrace.h
const option_trace_exit = 0x40;
const option_exit_kill = 0x100000;
const event_exit = 6;

const Place = struct { address: usize, length: usize };
const Counts = [places_max]i64;

var places: [places_max]Place = undefined;
var place_count: usize = 0;
var before: ?Counts = null;
var at_exit: ?Counts = null;

pub fn main(init: std.process.Init.Minimal) !void {
    const arguments = init.args.vector;
    if (arguments.len < 2) return error.Usage;
    const argv: [*:null]const ?[*:0]const u8 = @ptrCast(arguments.ptr + 1);
    const into = try pipe();
    const out_of = try pipe();
    const forked = linux.fork();
    if (linux.errno(forked) != .SUCCESS) return error.Fork;
    if (forked == 0) {
        _ = linux.dup2(into[0], 0);
        _ = linux.dup2(out_of[1], 1);
        _ = linux.ptrace(linux.PTRACE.TRACEME, 0, 0, 0, 0);
        _ = linux.kill(linux.getpid(), .STOP);
        _ = linux.execve(arguments[1], argv, init.environ.block.slice.ptr);
        linux.exit_group(127);
    }
    _ = linux.close(into[0]);
    _ = linux.close(out_of[1]);
    const child: i32 = @intCast(forked);
    const status = try follow(child, out_of[0], into[1]);
    print("{{\"before\":", .{});
    print_counts(before);
    print(",\"atExit\":", .{});
    print_counts(at_exit);
    print(",\"status\":{d}}}\n", .{status});
}

fn pipe() ![2]i32 {
    var ends: [2]i32 = undefined;
    if (linux.errno(linux.pipe2(&ends, .{ .CLOEXEC = true })) != .SUCCESS) return error.Pipe;
    return ends;
}

/// Until the child has ended: hears what it says, and lets it go on from each stop.
fn follow(child: i32, output: i32, input: i32) !u32 {
    var started = false;
    while (true) {
        hear(child, output, input);
        var raw: i32 = 0;
        const found = linux.wait4(child, &raw, linux.W.NOHANG, null);
        if (linux.errno(found) != .SUCCESS) return error.Wait;
        if (found == 0) continue;
        const status: u32 = @bitCast(raw);
        if (status & 0xff != 0x7f) {
            hear(child, output, input);
            return status;
        }
        var signal = (status >> 8) & 0xff;
        if (status >> 16 == event_exit) {
            at_exit = look(child);
            signal = 0;
        } else if (!started) {
            started = true;
            signal = 0;
            const options = option_trace_exit | option_exit_kill;
            const set = linux.ptrace(linux.PTRACE.SETOPTIONS, child, 0, options, 0);
            if (linux.errno(set) != .SUCCESS) return error.Trace;
        } else if (signal == @backingInt(linux.SIG.TRAP)) {
            signal = 0; // After execve.
        }
        _ = linux.ptrace(linux.PTRACE.CONT, child, 0, signal, 0);
    }
}

var heard: [4096]u8 = undefined;
var heard_length: usize = 0;

/// What the child printed within the next milliseconds, line by line.
fn hear(child: i32, output: i32, input: i32) void {
    var ready = [_]linux.pollfd{.{ .fd = output, .events = linux.POLL.IN, .revents = 0 }};
    const timeout_ms = 2;
    if (linux.poll(&ready, 1, timeout_ms) != 1 or ready[0].revents & linux.POLL.IN == 0) return;
    const room = heard[heard_length..];
    const got = linux.read(output, room.ptr, room.len);
    if (linux.errno(got) != .SUCCESS) return;
    heard_length += got;
    while (std.mem.findScalar(u8, heard[0..heard_length], '\n')) |length| {
        obey(heard[0..length], child, input);
        std.mem.copyForwards(u8, &heard, heard[length + 1 .. heard_length]);
        heard_length -= length + 1;
    }
    if (heard_length == heard.len) heard_length = 0;
}

fn obey(line: []const u8, child: i32, input: i32) void {
    if (std.mem.eql(u8, line, "ready")) {
        before = look(child);
        _ = linux.write(input, "\n", 1);
    } else if (std.mem.startsWith(u8, line, "look ")) {
        add(line["look ".len..]) catch std.debug.print("A place is not understood\n", .{});
    } else std.debug.print("{s}\n", .{line});
}

fn add(text: []const u8) !void {
    if (place_count == places_max) return error.TooMany;
    const space = std.mem.findScalar(u8, text, ' ') orelse return error.Invalid;
    places[place_count] = .{
        .address = try std.fmt.parseInt(usize, text[0..space], 16),
        .length = try std.fmt.parseInt(usize, text[space + 1 ..], 10),
    };
    place_count += 1;
}

/// How many bytes of each place are the wanted one. Closed pages can be read this way too.
fn look(child: i32) Counts {
    var counts: Counts = @splat(-1);
    var path: [32]u8 = undefined;
    const name = std.fmt.bufPrintSentinel(&path, "/proc/{d}/mem", .{child}, 0) catch return counts;
    const opened = linux.open(name, .{ .CLOEXEC = true }, 0);
    if (linux.errno(opened) != .SUCCESS) return counts;
    const file: i32 = @intCast(opened);
    defer _ = linux.close(file);
    for (places[0..place_count], 0..) |place, index| counts[index] = count(file, place);
    return counts;
}

fn count(file: i32, place: Place) i64 {
    var found: i64 = 0;
    var done: usize = 0;
    var buffer: [4096]u8 = undefined;
    while (done < place.length) {
        const part = @min(buffer.len, place.length - done);
        const got = linux.pread(file, &buffer, part, @intCast(place.address + done));
        if (linux.errno(got) != .SUCCESS or got == 0) return -1;
        for (buffer[0..got]) |byte| found += @intFromBool(byte == wanted);
        done += got;
    }
    return found;
}

fn print_counts(counts: ?Counts) void {
    const known = counts orelse return print("null", .{});
    print("[", .{});
    for (known[0..place_count], 0..) |number, index| {
        print("{s}{d}", .{ if (index == 0) "" else ",", number });
    }
    print("]", .{});
}

fn print(comptime format: []const u8, arguments: anytype) void {
    var text: [128]u8 = undefined;
    const line = std.fmt.bufPrint(&text, format, arguments) catch return;
    _ = linux.write(1, line.ptr, line.len);
}
