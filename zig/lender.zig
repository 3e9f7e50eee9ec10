//! How the crypto library gets at secrets, which are the core's: by a table of functions, whose
//! address JavaScript hands from one library to the other. Both are built from this file.
//!
//! Results are as everywhere (see `abi.zig`): 0 or more, or negative with a packed error.

pub const Bytes = extern struct { start: [*]u8, length: usize };

pub const version: u32 = 2;

pub const Lender = extern struct {
    version: u32,
    reserved: u32,
    /// Gives the bytes of a secret for reading, and holds its record's lock until `give_back`:
    /// a purge waits. If `open` is 1 it opens a window for that time, else one is open already.
    borrow: *const fn (handle: u32, open: u32, out: *Bytes) callconv(.c) i32,
    give_back: *const fn (handle: u32, open: u32) callconv(.c) i32,
    /// The same for two different secrets, which may be on one page.
    borrow_pair: *const fn (handles: *const [2]u32, open: *const [2]u32, out: *[2]Bytes) callconv(.c) i32,
    give_back_pair: *const fn (handles: *const [2]u32, open: *const [2]u32) callconv(.c) i32,
    /// Makes a secret of zeros that the caller writes to until `finish` or `abandon`. Until then
    /// nobody else can use it. Returns its handle.
    create: *const fn (length: u32, alignment: u32, flags: u32, out: *Bytes) callconv(.c) i32,
    /// If it fails, there is no secret.
    finish: *const fn (handle: u32) callconv(.c) i32,
    abandon: *const fn (handle: u32) callconv(.c) void,
    /// Fills bytes from the system's generator.
    random: *const fn (bytes: [*]u8, length: usize) callconv(.c) i32,
};
