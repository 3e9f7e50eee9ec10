//! A signal handler in front of another one, for Linux and macOS.
//!
//! What was there before ours keeps working as if ours were not there: it is jumped to, not
//! called, with the arguments, the stack and the signal mask that the kernel would have
//! given it, so that it can unwind, change the context and return, or never return. A
//! handler that changes the context (a trap of WebAssembly) may do so any number of times,
//! on any thread.
//!
//! A handler that another library installs after ours stands before ours. If it passes
//! signals on, ours is reached through it. `install` can put a new one in front of it, as
//! often as there are generations; each goes on to the one that it found. If two of them
//! would pass a signal to each other for ever, it goes to the first one that was found.

const std = @import("std");
const fault = @import("../fault.zig");

/// Writes the line about a fault, or says that there is none.
pub const Explain = *const fn (fault.Fault, *fault.Buffer) ?[]const u8;

const default = 0; // SIG_DFL
const ignore = 1; // SIG_IGN

/// How often ours can be put in front again.
const generations = 4;

/// `System` is what differs between the two: see linux_fault.zig and darwin_fault.zig.
pub fn Chain(comptime System: type) type {
    return struct {
        const Action = System.Action;
        const Info = System.Info;
        const Handler = *const fn (c_int, ?*Info, ?*anyopaque) callconv(.c) void;

        /// What ours of each generation found, for each signal.
        var before: [generations][System.signals.len]Action = undefined;
        var installed: [System.signals.len]u8 = @splat(0);
        var explain: ?Explain = null;

        /// Installs ours; if they are installed, puts them in front again if that is wanted.
        /// The caller holds a lock. False if the system refused one, or no generation is left.
        pub fn install(with: Explain, in_front: bool) bool {
            explain = with;
            inline for (&entries, 0..) |*entry, generation| entry.* = Entry(generation).on_signal;
            var done = true;
            for (System.signals, 0..) |signal, which| {
                if (installed[which] > 0 and !in_front) continue;
                done = install_one(signal, which) and done;
            }
            return done;
        }

        fn install_one(signal: c_int, which: usize) bool {
            var now: Action = undefined;
            if (!System.change(signal, null, &now)) return false;
            const generation = installed[which];
            for (entries[0..generation]) |entry| {
                if (now.handler == @intFromPtr(entry)) return true;
            }
            if (generation == generations) return false;
            // Known before ours can be called.
            before[generation][which] = now;
            const ours = action_before(now, entries[generation]);
            installed[which] += 1;
            var found: Action = undefined;
            if (!System.change(signal, &ours, &found)) {
                installed[which] -= 1;
                return false;
            }
            // Somebody else may have been there in between.
            if (found.handler != now.handler) before[generation][which] = found;
            return true;
        }

        /// Ours, with the mask and the stack that the one behind it asked for. To be reset
        /// or interrupted by a second fault is up to that one, when its turn comes.
        fn action_before(behind: Action, entry: Handler) Action {
            const flags = switch (behind.handler) {
                default => System.sa_onstack,
                // What ignored a signal did not interrupt system calls.
                ignore => System.sa_onstack | System.sa_restart,
                else => behind.flags & ~(System.sa_resethand | System.sa_nodefer),
            };
            return System.action(@intFromPtr(entry), flags | System.sa_siginfo, behind.mask);
        }

        /// Written by `install`: as a constant it would be one that the loader has to write
        /// addresses into, which is a page of its own (see `pack_macho.zig`).
        var entries: [generations]Handler = undefined;

        fn Entry(comptime generation: usize) type {
            return struct {
                fn on_signal(signal: c_int, info: ?*Info, context: ?*anyopaque) callconv(.c) void {
                    const behind = handle(generation, signal, info, context) orelse return;
                    return @call(.always_tail, behind, .{ signal, info, context });
                }
            };
        }

        /// Says what there is to say, and returns the handler to go on with, if any.
        noinline fn handle(generation: usize, signal: c_int, info: ?*Info, context: ?*anyopaque) ?Handler {
            const which = for (System.signals, 0..) |one, index| {
                if (one == signal) break index;
            } else return null;
            const passed = visit(info, generation);
            if (passed == .lost) return end(signal, info, true);
            const behind = &before[if (passed == .again) 0 else generation][which];

            const ours = passed == .first and speak(signal, info, context);
            switch (behind.handler) {
                default => return end(signal, info, ours),
                // A fault cannot be ignored: the kernel would have ended the process.
                ignore => if (System.is_fault(info)) return end(signal, info, ours) else return null,
                else => {},
            }
            prepare(generation, signal, behind);
            return @ptrFromInt(behind.handler);
        }

        /// The first of ours to see a signal; one that sees it later; one that sees it for the
        /// second time; and none knows a way out.
        const Passed = enum { first, later, again, lost };

        /// Notes in the signal's own information, where the kernel left zeros, which of our
        /// handlers it has come through: it is on this thread's stack, and gone with it.
        fn visit(info: ?*Info, generation: usize) Passed {
            const note = System.spare(info orelse return .first);
            const bit = @as(u64, 1) << @intCast(generation);
            const noted = if (note.* & ~all_bits == note_mark) note.* & all_bits else 0;
            const circled = noted & bit != 0;
            note.* = note_mark | noted | bit | if (circled) circle_bit else 0;
            if (noted == 0) return .first;
            if (!circled) return .later;
            return if (noted & circle_bit != 0) .lost else .again;
        }

        const circle_bit: u64 = 1 << generations;
        const all_bits: u64 = circle_bit | (circle_bit - 1);
        /// Not by chance: "securem" and the bits.
        const note_mark = std.mem.readInt(u64, "\x00securem", .little) & ~@as(u64, 0xff);

        fn speak(signal: c_int, info: ?*Info, context: ?*anyopaque) bool {
            const about = System.fault_of(signal, info orelse return false, context) orelse return false;
            var buffer: fault.Buffer = undefined;
            const line = (explain orelse return false)(about, &buffer) orelse return false;
            System.say(line);
            return true;
        }

        /// As the kernel does before it calls a handler. If another handler passed the signal
        /// on to ours, that one was called by the kernel, not the one behind.
        fn prepare(generation: usize, signal: c_int, behind: *const Action) void {
            if (behind.flags & (System.sa_resethand | System.sa_nodefer) == 0) return;
            var now: Action = undefined;
            if (!System.change(signal, null, &now)) return;
            if (now.handler != @intFromPtr(entries[generation])) return;
            if (behind.flags & System.sa_nodefer != 0 and !System.masks(behind.mask, signal)) {
                System.unblock(signal);
            }
            if (behind.flags & System.sa_resethand != 0) {
                const reset = System.action(default, behind.flags, behind.mask);
                _ = System.change(signal, &reset, null);
            }
        }

        /// The system's default. A fault that is not ours happens again by itself once this
        /// returns, and ends the process as if it had never been caught. One of ours may not:
        /// another thread may have opened the page since.
        fn end(signal: c_int, info: ?*Info, ours: bool) ?Handler {
            const reset = System.action(default, 0, System.empty_mask);
            _ = System.change(signal, &reset, null);
            if (ours or !System.is_fault(info)) System.send_again(signal, info);
            return null;
        }
    };
}
