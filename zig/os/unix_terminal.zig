//! Asking at the controlling terminal, /dev/tty, on Linux and macOS: standard input and output
//! may be anything.
//!
//! As readpassphrase(3) of OpenBSD does it: echo is off before the question is there, and what
//! was typed ahead is dropped. The terminal is put back as it was in every case. A signal that
//! would end or stop the process is taken note of; once the terminal, the page and the handlers
//! are as they were, the process gets it again.
//!
//! A runtime has many threads, and a signal comes to any of them. So the handler takes a note,
//! and the thread that asks looks at it: at once if it was that thread, else after a tenth of a
//! second at most. In the background the system stops the process by SIGTTOU (SIGTTIN) before
//! anything has changed; where nobody could let it go on, it answers EIO.
//!
//! Sources: readpassphrase(3), tty(4), termios(3), credentials(7), signal(7), poll(2).

const builtin = @import("builtin");
const std = @import("std");
const abi = @import("../abi.zig");
const Line = @import("../sources/line.zig").Line;
const Keys = @import("../sources/line.zig").Keys;
const Staging = @import("../sources/staging.zig").Staging;
const shared = @import("../shared.zig");
const sys = if (builtin.target.os.tag == .linux) @import("linux_terminal.zig") else @import("darwin_terminal.zig");
const Cause = abi.Cause;
const Error = abi.Error;

const ignored = 1; // SIG_IGN

const Variables = struct {
    /// Numbers of signals that came, as bits; bit 0 says that somebody asks.
    notes: std.atomic.Value(u32) = .init(0),
    /// What was there before; one thread at a time asks. Not on the stack, which the compiler would
    /// fill first.
    actions: [sys.signals.len]sys.Action = @splat(std.mem.zeroes(sys.Action)),
    before: sys.Termios = std.mem.zeroes(sys.Termios),
    /// The descriptor of the terminal while it is silent, plus one.
    silent_tty: std.atomic.Value(i32) = .init(0),
};

pub var own: Variables = .{};

inline fn vars() *Variables {
    return shared.of(.terminal, &own);
}

fn bit(signal: c_int) u32 {
    return @as(u32, 1) << @intCast(signal);
}

fn on_signal(signal: c_int) callconv(.c) void {
    // Begun before the handlers were put back, and too late to be seen: it comes again, to them.
    if (vars().notes.fetchOr(bit(signal), .seq_cst) & 1 == 0) sys.raise(signal);
}

/// Those that came meanwhile.
pub const Signals = struct {
    came: u32 = 0,
    /// What this thread blocked before.
    mask: ?sys.Mask = null,

    /// Nothing but that the process was stopped, or goes on.
    pub fn stopped(signals: *const Signals) bool {
        return signals.came & ~(bit(sys.TSTP) | bit(sys.CONT)) == 0;
    }

    /// The process gets them as if nobody had asked.
    pub noinline fn raise(signals: *const Signals) void {
        const mask = signals.mask orelse return;
        var rest = signals.came;
        while (next(&rest)) |signal| sys.raise(signal);
        sys.set_mask(&mask);
    }
};

/// The process ends while another of its threads asks.
pub fn at_end() void {
    const tty = vars().silent_tty.swap(0, .seq_cst);
    if (tty == 0) return;
    // From the background, too: whoever has the terminal then did not turn its echo off.
    sys.block_output();
    sys.restore(tty - 1, &vars().before);
}

/// Returns how many bytes of the staging are the answer.
pub fn ask(cause: *Cause, question: []const u8, staging: Staging, left: *Signals) Error!usize {
    const tty = sys.open_tty(cause) catch return error.SourceFailed;
    defer sys.close(tty);
    sys.get(cause, tty, &vars().before) catch return error.SourceFailed;
    left.mask = sys.unblock(handled);
    vars().notes.store(1, .seq_cst);
    exchange(true);
    const length = ask_in_silence(cause, tty, question, staging);
    exchange(false);
    left.came = vars().notes.swap(0, .seq_cst) & ~@as(u32, 1);
    return length;
}

noinline fn ask_in_silence(cause: *Cause, tty: i32, question: []const u8, staging: Staging) Error!usize {
    var silent = vars().before;
    silent.lflag.ECHO = false;
    silent.lflag.ECHONL = false;
    silent.lflag.ICANON = false;
    silent.lflag.IEXTEN = false;
    silent.lflag.ISIG = true;
    silent.oflag.OPOST = true;
    silent.oflag.ONLCR = true;
    // A read that never waits: it is waited for without a window.
    silent.cc[@backingInt(sys.V.MIN)] = 0;
    silent.cc[@backingInt(sys.V.TIME)] = 0;
    vars().silent_tty.store(tty + 1, .seq_cst);
    while (true) {
        sys.set(cause, tty, &silent) catch {
            if (sys.interrupted(cause) and vars().notes.load(.seq_cst) == 1) continue;
            vars().silent_tty.store(0, .seq_cst);
            return if (sys.interrupted(cause)) error.SourceInterrupted else error.SourceFailed;
        };
        break;
    }
    sys.write(tty, question);
    const length = answer(cause, tty, staging);
    sys.write(tty, "\n");
    // If the process ends now, one of the two does it.
    at_end();
    return length;
}

noinline fn answer(cause: *Cause, tty: i32, staging: Staging) Error!usize {
    const keys: Keys = .{
        .erase = key(.ERASE),
        .word = key(.WERASE),
        .kill = key(.KILL),
        .end = key(.EOF),
    };
    var line: Line = .{};
    var ignored_modes: sys.Termios = undefined;
    while (vars().notes.load(.seq_cst) == 1) {
        if (!sys.wait(tty)) continue;
        const bytes = try staging.open(cause);
        const got = sys.read(cause, tty, bytes[line.length..][0..1]) catch return error.SourceFailed;
        const progress = if (got == 1) line.take(bytes, keys) else .more;
        try staging.close(cause);
        // Another reader was faster, or the terminal is gone.
        if (got == 0) sys.get(cause, tty, &ignored_modes) catch return error.SourceFailed;
        switch (progress) {
            .more => {},
            .refused => sys.write(tty, "\x07"),
            .ended => return error.SourceEnded,
            .done => return if (line.too_long) error.SourceTooLarge else line.length,
        }
    }
    return error.SourceInterrupted;
}

fn key(which: sys.V) u8 {
    const byte = vars().before.cc[@backingInt(which)];
    return if (byte == sys.no_key) 0 else byte;
}

/// Puts our handler in place and notes what was there, or the other way round. Signals that are
/// ignored stay so.
noinline fn exchange(installs: bool) void {
    const ours = sys.action(&on_signal);
    // A number that the compiler does not know: unrolled, this is 600 bytes longer.
    var rest = asm volatile (""
        : [same] "=r" (-> u32),
        : [known] "0" (handled),
    );
    var behind: [*]sys.Action = &vars().actions;
    while (next(&rest)) |signal| : (behind += 1) {
        if (installs and !sys.change(signal, null, &behind[0])) behind[0].handler = ignored;
        if (behind[0].handler == ignored) continue;
        _ = sys.change(signal, if (installs) &ours else &behind[0], null);
    }
}

/// Bits of `sys.signals`.
const handled: u32 = blk: {
    var bits: u32 = 0;
    for (sys.signals) |signal| bits |= bit(signal);
    break :blk bits;
};

/// Takes one signal out of many.
fn next(signals: *u32) ?c_int {
    if (signals.* == 0) return null;
    defer signals.* &= signals.* - 1;
    return @ctz(signals.*);
}
