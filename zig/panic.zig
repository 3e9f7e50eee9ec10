//! What a failed safety check does (overflow, bounds, a null): the same as a failed
//! invariant. No message carries a value, no stack is printed: either could show
//! memory. The compiler calls these by name; see `std.debug.simple_panic`.

const root = @import("root");

/// The crypto library has words of its own.
const stop = if (@hasDecl(root, "stop")) root.stop else @import("invariant.zig").stop;

pub fn call(message: []const u8, return_address: ?usize) noreturn {
    _ = message;
    _ = return_address;
    stop();
}

pub fn sentinelMismatch(expected: anytype, _: @TypeOf(expected)) noreturn {
    stop();
}

pub fn inactiveUnionField(active: anytype, _: @TypeOf(active)) noreturn {
    stop();
}

pub fn unwrapError(err: anyerror) noreturn {
    _ = &err;
    stop();
}

pub const unexpectedErrorCode = unwrapError;

pub fn outOfBounds(index: usize, length: usize) noreturn {
    _ = index;
    _ = length;
    stop();
}

pub const startGreaterThanEnd = outOfBounds;

pub fn sliceCastLenRemainder(length: usize) noreturn {
    _ = length;
    stop();
}

pub const reachedUnreachable = stop;
pub const unwrapNull = stop;
pub const castToNull = stop;
pub const incorrectAlignment = stop;
pub const invalidErrorCode = stop;
pub const integerOutOfBounds = stop;
pub const integerOverflow = stop;
pub const shlOverflow = stop;
pub const shrOverflow = stop;
pub const divideByZero = stop;
pub const exactDivisionRemainder = stop;
pub const integerPartOutOfBounds = stop;
pub const corruptSwitch = stop;
pub const shiftRhsTooBig = stop;
pub const invalidEnumValue = stop;
pub const forLenMismatch = stop;
pub const copyLenMismatch = stop;
pub const memcpyAlias = stop;
pub const noreturnReturned = stop;
pub const loadUninstantiableType = stop;
