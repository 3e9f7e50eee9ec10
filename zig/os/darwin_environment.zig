//! The environment on macOS. A shared library has no `environ`; _NSGetEnviron() of
//! <crt_externs.h> gives its address (environ(7)). Its strings are those above the stack that
//! the kernel wrote, which is also where sysctl(KERN_PROCARGS2) reads them for other processes,
//! and those that setenv(3) has added since. Never run by us: written from the manual.

const abi = @import("../abi.zig");
const secret = @import("../secret.zig");
const strings = @import("environment_strings.zig");

extern "c" fn _NSGetEnviron() *?strings.List;
extern "c" fn unsetenv(name: [*:0]const u8) c_int;

pub const terminated = strings.terminated;

pub fn create(cause: *abi.Cause, name: [:0]const u8, shape: secret.Shape) abi.Error!u32 {
    const list = _NSGetEnviron().* orelse return error.SourceMissing;
    return strings.create(cause, strings.find(list, name, false), shape);
}

pub fn scrub(name: [:0]const u8) void {
    const list = _NSGetEnviron().* orelse return;
    _ = strings.find(list, name, true);
    _ = unsetenv(name);
}
