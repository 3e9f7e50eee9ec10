//! Sealing: a secret's bytes as a box in ordinary memory, ciphertext and tag, and back.
//!
//! The cipher is XChaCha20-Poly1305. Not AES: Zig's std chooses between instructions for AES and a
//! table in software when it is compiled, and a library for every processor of a target would get
//! the table, which is slow and whose time depends on the key; AEGIS is made of the same rounds.
//! And its nonces have 24 bytes, so that they may be random.
//!
//! A nonce is 16 random bytes, which the entry keeps, and 8 of the entry's own: its index, how often
//! it was sealed, its generation, and the key's number. The additional data says whose box it is
//! (see `Label`). So a box is not authentic anywhere but in the entry and the use that it was
//! made for: not in another secret's, and not after the entry was sealed again. What can write to
//! the entry itself at will, its counts included, is beyond that.

const std = @import("std");
const abi = @import("abi.zig");
const boxes = @import("seal/boxes.zig");
const counters = @import("counters.zig");
const entries = @import("entries.zig");
const invariant = @import("invariant.zig");
const key = @import("seal/key.zig");
const process = @import("process.zig");
const sealer = @import("sealer.zig");
const wipe = @import("wipe.zig").wipe;
const wipe_registers = @import("wipe.zig").wipe_registers;
const shared = @import("shared.zig");
const Cause = abi.Cause;
const Entry = entries.Entry;
const Error = abi.Error;

/// What goes into a box beside the key and the bytes.
pub const Label = extern struct {
    nonce: extern struct {
        random: entries.Nonce,
        handle: u32,
        serial: u16,
        key: u16,
    },
    /// Whose box it is: the additional data.
    owner: extern struct {
        instance: u32,
        length: u32,
        /// Index and generation.
        handle: u32,
        domain: u16,
        key: u16,
    },

    pub fn of(entry: *const Entry, index: u32, instance: u32, key_number: u32) Label {
        const handle = entry.handle(index);
        return .{
            .nonce = .{
                .random = entry.nonce,
                .handle = handle,
                .serial = entry.serial,
                .key = entry.key,
            },
            .owner = .{
                .instance = instance,
                .length = entry.length,
                .handle = handle,
                .domain = entry.domain,
                .key = @truncate(key_number),
            },
        };
    }
};

const owner_length = @sizeOf(@FieldType(Label, "owner"));

comptime {
    std.debug.assert(owner_length == 16);
    std.debug.assert(@sizeOf(@FieldType(Label, "nonce")) == sealer.nonce_length);
}

pub const Variables = struct {
    /// The crypto library's functions.
    functions: std.atomic.Value(?*const sealer.Sealer) = .init(null),
};

pub var own: Variables = .{};

pub inline fn vars() *Variables {
    return shared.of(.seal, &own);
}

/// Takes the address of the crypto library's table.
pub fn use(address: u64) Error!void {
    if (address == 0 or !std.mem.isAligned(address, @alignOf(sealer.Sealer))) return error.InvalidArgument;
    const given: *const sealer.Sealer = @ptrFromInt(address);
    if (given.version != sealer.version) return error.NotSupported;
    vars().functions.store(given, .release);
}

/// Makes the key, before a pool needs it to get memory back.
pub fn prepare(cause: *Cause) Error!void {
    if (vars().functions.load(.acquire) == null) return error.NotSupported;
    return key.prepare(cause);
}

/// Seals a secret's bytes into its box, which is made if there is none. If it fails, the box is as
/// it was. The entry is locked by the caller, as below.
pub noinline fn put(cause: *Cause, entry: *Entry, index: u32, bytes: []const u8) Error!void {
    const fresh = entry.box == 0;
    const box = if (fresh) try boxes.take(cause, size(entry)) else entry.box;
    // Sealing does not write there.
    work(cause, entry, index, box, @constCast(bytes), .seal) catch |err| {
        if (fresh) boxes.give(box, size(entry));
        return err;
    };
    entry.box = box;
    counters.vars().sealed.add(@intFromBool(fresh));
}

/// Opens the box of a secret. If it is not the one that was put there last, nothing is written.
pub fn get(cause: *Cause, entry: *const Entry, index: u32, into: []u8) Error!void {
    invariant.check(entry.box != 0);
    // Opening does not write there.
    return work(cause, @constCast(entry), index, entry.box, into, .open);
}

/// Of every path, so that the key is joined and wiped in one place.
noinline fn work(cause: *Cause, entry: *Entry, index: u32, box: usize, bytes: []u8, what: enum { seal, open }) Error!void {
    const with = vars().functions.load(.acquire) orelse return error.NotSupported;
    invariant.check(bytes.len == entry.length);
    const instance = (try process.get(cause)).instance;
    var joined: sealer.Key = undefined;
    var random: entries.Nonce = undefined;
    const number = try key.join(cause, if (what == .seal) null else entry.key, &random, &joined);
    defer forget_copy(&joined);
    if (what == .seal) {
        entry.nonce = random;
        entry.serial +%= 1;
        entry.key = @truncate(number);
    }
    const label: Label = .of(entry, index, instance, number);
    const nonce: *const sealer.Nonce = @ptrCast(&label.nonce);
    const owner: [*]const u8 = @ptrCast(&label.owner);
    if (what == .seal) return with.seal(&joined, nonce, owner, owner_length, bytes.ptr, bytes.len, @ptrFromInt(box));
    if (with.open(&joined, nonce, owner, owner_length, @ptrFromInt(box), bytes.len, bytes.ptr) == 0) return error.Corrupted;
}

/// Wipes the box.
pub fn drop(entry: *Entry) void {
    if (entry.box == 0) return;
    boxes.give(entry.box, size(entry));
    counters.vars().sealed.sub(1);
    entry.box = 0;
}

/// Wipes the key: no box can be opened any more. The next one gets another.
pub fn forget_key() void {
    key.forget(0);
}

/// The idle rule of the key. Returns how many keys are open.
pub fn tick() u32 {
    return key.tick();
}

/// The end of the process, whatever other threads do: see `ending.zig` and `invariant.zig`.
pub fn end() void {
    key.overwrite();
}

fn forget_copy(joined: *sealer.Key) void {
    wipe(joined);
    wipe_registers();
}

fn size(entry: *const Entry) usize {
    return @as(usize, entry.length) + sealer.tag_length;
}
