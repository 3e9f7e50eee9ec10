//! Makes the kernel refuse system calls of one library, in the calling thread only.
//!
//! A filter sees the number of a call, its arguments and the address that it comes from.
//! That address tells the library's calls from those of the runtime around it, which
//! goes on mapping and unmapping memory as it likes. No libc.
//!
//! Source: seccomp(2), with the classic BPF of include/uapi/linux/filter.h.

const builtin = @import("builtin");
const std = @import("std");
const linux = std.os.linux;
const seccomp = linux.SECCOMP;

const Instruction = extern struct { code: u16, jump_true: u8 = 0, jump_false: u8 = 0, k: u32 };
const Program = extern struct { length: u16, filter: [*]const Instruction };

// include/uapi/linux/bpf_common.h
const load_word = 0x20; // BPF_LD | BPF_W | BPF_ABS
const and_word = 0x54; // BPF_ALU | BPF_AND | BPF_K
const jump_equal = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jump_greater = 0x25; // BPF_JMP | BPF_JGT | BPF_K
const jump_at_least = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const answer = 0x06; // BPF_RET | BPF_K

const arguments_at = @offsetOf(seccomp.data, "arg0");
const pointer_at = @offsetOf(seccomp.data, "instruction_pointer");

const Filter = struct {
    instructions: [512]Instruction = undefined,
    length: u16 = 0,

    fn add(filter: *Filter, instruction: Instruction) error{Full}!void {
        if (filter.length == filter.instructions.len) return error.Full;
        filter.instructions[filter.length] = instruction;
        filter.length += 1;
    }

    /// Answers `allow` to every call from outside of `from..to`.
    fn only_from(filter: *Filter, from: u64, to: u64) error{Full}!void {
        const allow: Instruction = .{ .code = answer, .k = seccomp.RET.ALLOW };
        // Not below `from`.
        try filter.load(pointer_at + 4);
        try filter.add(.{ .code = jump_greater, .jump_true = 4, .k = high(from) });
        try filter.add(.{ .code = jump_equal, .jump_false = 2, .k = high(from) });
        try filter.load(pointer_at);
        try filter.add(.{ .code = jump_at_least, .jump_true = 1, .k = low(from) });
        try filter.add(allow);
        // Below `to`.
        try filter.load(pointer_at + 4);
        try filter.add(.{ .code = jump_greater, .jump_true = 3, .k = high(to) });
        try filter.add(.{ .code = jump_equal, .jump_false = 3, .k = high(to) });
        try filter.load(pointer_at);
        try filter.add(.{ .code = jump_at_least, .jump_false = 1, .k = low(to) });
        try filter.add(allow);
    }

    fn load(filter: *Filter, offset: u32) error{Full}!void {
        try filter.add(.{ .code = load_word, .k = offset });
    }
};

fn low(number: u64) u32 {
    return @truncate(number);
}

fn high(number: u64) u32 {
    return @truncate(number >> 32);
}

/// Reads numbers one by one.
const Numbers = struct {
    rest: []const f64,

    fn next(numbers: *Numbers) error{Short}!u64 {
        if (numbers.rest.len == 0) return error.Short;
        defer numbers.rest = numbers.rest[1..];
        return @trunc(numbers.rest[0]);
    }
};

/// The number of a system call by its name, or -1 where this machine has none of it.
export fn seccomp_number(name: [*]const u8, length: u32) i32 {
    const call = std.meta.stringToEnum(linux.SYS, name[0..length]) orelse return -1;
    return @intCast(@backingInt(call));
}

/// Writes the name of a system call; returns its length.
export fn seccomp_name(number: u32, out: [*]u8, size: u32) u32 {
    const call: linux.SYS = @fromBackingInt(number);
    const name = std.enums.tagName(linux.SYS, call) orelse return 0;
    const length = @min(name.len, size);
    @memcpy(out[0..length], name[0..length]);
    return @intCast(length);
}

/// Installs a filter for good, in this thread and those that it starts later.
///
/// `numbers`: the range of addresses that calls have to come from, then the rules: number
/// of the call, errno (0: the call is allowed), number of conditions, and for each of
/// these the argument's place, a mask, and what has to be left of its lower 32 bits.
/// The first rule that fits decides. Where none does, the call is allowed; with `record`
/// it is also written down. Returns 0 or a negative errno.
export fn seccomp_install(numbers: [*]const f64, count: u32, record: u32) i32 {
    var filter: Filter = .{};
    const others: u32 = if (record != 0) seccomp.RET.TRAP else seccomp.RET.ALLOW;
    build(&filter, .{ .rest = numbers[0..count] }, others) catch
        return -@as(i32, @backingInt(linux.E.INVAL));
    const program: Program = .{ .length = filter.length, .filter = &filter.instructions };
    const action: linux.Sigaction = .{
        .handler = .{ .sigaction = &write_down },
        .mask = std.mem.zeroes(linux.sigset_t),
        .flags = linux.SA.SIGINFO,
    };
    const steps = [_]usize{
        if (record != 0) linux.sigaction(.SYS, &action, null) else 0,
        linux.prctl(@backingInt(linux.PR.SET_NO_NEW_PRIVS), 1, 0, 0, 0),
        linux.seccomp(seccomp.SET_MODE_FILTER, 0, &program),
    };
    for (steps) |result| {
        const errno = linux.errno(result);
        if (errno != .SUCCESS) return -@as(i32, @backingInt(errno));
    }
    return 0;
}

fn build(filter: *Filter, all: Numbers, others: u32) error{ Full, Short, Odd }!void {
    var numbers = all;
    try filter.only_from(try numbers.next(), try numbers.next());
    while (numbers.rest.len > 0) {
        const call = try numbers.next();
        const errno = try numbers.next();
        const conditions = try numbers.next();
        if (conditions > 6) return error.Odd;
        // Three instructions for each condition, then the answer.
        const past: u8 = @intCast(conditions * 3 + 1);
        try filter.load(@offsetOf(seccomp.data, "nr"));
        try filter.add(.{ .code = jump_equal, .jump_false = past, .k = low(call) });
        for (0..conditions) |index| {
            const place = try numbers.next();
            if (place > 5) return error.Odd;
            try filter.load(arguments_at + 8 * low(place));
            try filter.add(.{ .code = and_word, .k = low(try numbers.next()) });
            const left: u8 = past - @as(u8, @intCast(index + 1)) * 3;
            try filter.add(.{ .code = jump_equal, .jump_false = left, .k = low(try numbers.next()) });
        }
        const refusal = seccomp.RET.ERRNO | low(errno);
        try filter.add(.{ .code = answer, .k = if (errno == 0) seccomp.RET.ALLOW else refusal });
    }
    try filter.add(.{ .code = answer, .k = others });
}

const Call = struct { number: usize, arguments: [6]usize };

var calls: [16384]Call = undefined;
var calls_made: u32 = 0;

/// Of the calls written down: how many, and seven numbers of each, the lower 32 bits of
/// its number and arguments. Writes as many as there is room for.
export fn seccomp_recorded(out: [*]f64, size: u32) u32 {
    const kept = @min(calls_made, calls.len);
    for (calls[0..@min(kept, size / 7)], 0..) |call, index| {
        out[7 * index] = @floatFromInt(low(call.number));
        for (call.arguments, 1..) |argument, place| out[7 * index + place] = @floatFromInt(low(argument));
    }
    return calls_made;
}

fn write_down(_: linux.SIG, info: *const linux.siginfo_t, context: ?*anyopaque) callconv(.c) void {
    const registers: *Registers = @ptrCast(@alignCast(context.?));
    const call: Call = .{
        .number = @intCast(info.fields.sigsys.syscall),
        .arguments = registers.arguments(),
    };
    if (calls_made < calls.len) calls[calls_made] = call;
    calls_made += 1;
    registers.make(call);
}

/// The interrupted thread's registers, where the kernel has left them:
/// arch/*/include/uapi/asm/sigcontext.h, behind the start of asm/ucontext.h.
const Registers = switch (builtin.target.cpu.arch) {
    .x86_64 => extern struct {
        before: [40]u8,
        r8_to_r15: [8]usize,
        rdi: usize,
        rsi: usize,
        rbp: usize,
        rbx: usize,
        rdx: usize,
        rax: usize,
        rcx: usize,
        rsp: usize,
        rip: usize,

        fn arguments(registers: *const @This()) [6]usize {
            const r8, const r9, const r10 = registers.r8_to_r15[0..3].*;
            return .{ registers.rdi, registers.rsi, registers.rdx, r10, r8, r9 };
        }

        /// Not here but behind the handler, with the thread's own rights to protection keys.
        fn make(registers: *@This(), _: Call) void {
            seccomp_back = registers.rip;
            registers.rip = @intFromPtr(&seccomp_again);
        }
    },
    .aarch64 => extern struct {
        before: [176]u8,
        fault_address: u64,
        x: [31]usize,

        fn arguments(registers: *const @This()) [6]usize {
            return registers.x[0..6].*;
        }

        fn make(registers: *@This(), call: Call) void {
            const number: linux.SYS = @fromBackingInt(call.number);
            const a = call.arguments;
            registers.x[0] = linux.syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        }
    },
    else => @compileError("the registers of this machine are not known here"),
};

extern fn seccomp_again() void;
extern var seccomp_back: usize;

comptime {
    // The call once more, from where it is allowed, and back to behind the first one. The
    // registers are as they were: the kernel has put the number of the call back.
    if (builtin.target.cpu.arch == .x86_64) asm (
        \\.pushsection .text
        \\.hidden seccomp_again
        \\.globl seccomp_again
        \\seccomp_again:
        \\  syscall
        \\  jmpq *seccomp_back(%rip)
        \\.popsection
        \\.pushsection .data
        \\.hidden seccomp_back
        \\.globl seccomp_back
        \\.balign 8
        \\seccomp_back:
        \\  .quad 0
        \\.popsection
    );
}
