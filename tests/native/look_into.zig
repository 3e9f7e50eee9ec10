//! Tries to look into another process, in every way that the kernel has for it, and says
//! what each attempt was answered: 0, or an errno. No libc.
//!
//!     look_into <pid> <address in hex>
//!
//!     {"attach":0,"mem":0,"vm":0,"content":32}
//!
//! `content` is how many of the 32 bytes at the address are 0xa7, by whatever way could
//! read them; never the bytes.

const std = @import("std");
const linux = std.os.linux;

const wanted: u8 = 0xa7;
const length = 32;

var seen: [length]u8 = @splat(0);

pub fn main(init: std.process.Init.Minimal) !void {
    const arguments = init.args.vector;
    if (arguments.len != 3) return error.Usage;
    const pid = try std.fmt.parseInt(i32, std.mem.span(arguments[1]), 10);
    const address = try std.fmt.parseInt(usize, std.mem.span(arguments[2]), 16);
    const mem = read_file(pid, address);
    const vm = read_vm(pid, address);
    const attached = attach(pid);
    var text: [128]u8 = undefined;
    const line = try std.fmt.bufPrint(&text, "{{\"attach\":{d},\"mem\":{d},\"vm\":{d},\"content\":{d}}}\n", .{
        @backingInt(attached), @backingInt(mem), @backingInt(vm), std.mem.countScalar(u8, &seen, wanted),
    });
    _ = linux.write(1, line.ptr, line.len);
}

/// The process stops, and goes on.
fn attach(pid: i32) linux.E {
    const result = linux.errno(linux.ptrace(linux.PTRACE.ATTACH, pid, 0, 0, 0));
    if (result != .SUCCESS) return result;
    var status: i32 = 0;
    const wait_all = 0x40000000; // __WALL, include/uapi/linux/wait.h
    while (linux.errno(linux.wait4(pid, &status, wait_all, null)) == .INTR) {}
    return linux.errno(linux.ptrace(linux.PTRACE.DETACH, pid, 0, 0, 0));
}

fn read_file(pid: i32, address: usize) linux.E {
    var path: [32]u8 = undefined;
    const name = std.fmt.bufPrintSentinel(&path, "/proc/{d}/mem", .{pid}, 0) catch return .INVAL;
    const opened = linux.open(name, .{ .CLOEXEC = true }, 0);
    if (linux.errno(opened) != .SUCCESS) return linux.errno(opened);
    return linux.errno(linux.pread(@intCast(opened), &seen, length, @intCast(address)));
}

/// process_vm_readv(2), which minds the protection of pages: the address has to be readable.
fn read_vm(pid: i32, address: usize) linux.E {
    var here = [_]std.posix.iovec{.{ .base = &seen, .len = length }};
    const there = [_]std.posix.iovec_const{.{ .base = @ptrFromInt(address), .len = length }};
    return linux.errno(linux.process_vm_readv(pid, &here, &there, 0));
}
