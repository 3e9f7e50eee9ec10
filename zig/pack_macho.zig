//! Takes the pages that hold nothing but zeros out of a macOS library. On Apple silicon, where
//! a page is 16 KiB, three pages for pointers that the loader overwrites anyway, with 300 bytes
//! in them, are half of the file; for Intel it is two of 4 KiB. `build.zig` runs it after Zig's
//! linker.
//!
//! The linker lays a library out as code, two writable segments, and the loader's tables
//! (__LINKEDIT). The writable ones are in the file for the sake of lazy binding: a pointer to
//! a function of the system starts as the address of a stub that has it looked up. Here all
//! of them are looked up when the library is loaded, as `dyld` does anyway since macOS 13,
//! so they start as zeros, and memory that starts as zeros needs no place in a file. A library
//! that has anything else in its writable segments is refused: the core has no variable that
//! starts as something else, and no table of addresses.
//!
//! What is changed: the tables of the loader, which are put together anew; where segments are
//! in the file; and the signature, which has a hash of each page. The kernel runs no code on
//! Apple silicon without one; this is the linker's own ("ad hoc", nobody's), renewed. For Intel
//! the linker makes none.
//!
//! Sources: <mach-o/loader.h> and <mach-o/nlist.h> of the macOS SDK, <kern/cs_blobs.h> of xnu;
//! what `dyld` insists on is in its validSegments, invalidBindState and withRegions
//! (common/MachOFile.cpp, common/MachOAnalyzer.cpp and dyld/JustInTimeLoader.cpp).
//!
//!     pack_macho <library> <where to write the packed one>

const std = @import("std");
const macho = std.macho;
const Allocator = std.mem.Allocator;
const Sha256 = std.crypto.hash.sha2.Sha256;

const bytes_max = 1 << 24;
/// What a signature has hashes of, and the unit of segments on Apple silicon.
const page_bytes = 16 * 1024;
const page_bytes_of_intel = 4 * 1024;

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    const arguments = try init.minimal.args.toSlice(arena);
    if (arguments.len != 3) return error.Usage;
    const folder = std.Io.Dir.cwd();
    const file = try folder.readFileAlloc(init.io, arguments[1], arena, .limited(bytes_max));
    var library = try Library.read(file);
    const made = try library.pack(arena);
    try folder.writeFile(init.io, .{ .sub_path = arguments[2], .data = made });
}

/// Where a load command is.
const Place = struct {
    offset: usize,

    /// Every host that builds this is little-endian, as the library is.
    fn get(place: Place, comptime T: type, file: []const u8) T {
        return std.mem.bytesToValue(T, file[place.offset..][0..@sizeOf(T)]);
    }

    fn put(place: Place, file: []u8, value: anytype) void {
        file[place.offset..][0..@sizeOf(@TypeOf(value))].* = std.mem.toBytes(value);
    }

    /// The sections of a segment are behind it.
    fn section(place: Place, index: usize) Place {
        return .{ .offset = place.offset + @sizeOf(macho.segment_command_64) + index * @sizeOf(macho.section_64) };
    }
};

const Library = struct {
    file: []u8,
    text: Place,
    writable: [2]Place,
    linkedit: Place,
    dyld_info: Place,
    symbols: Place,
    dynamic_symbols: Place,
    function_starts: Place,
    data_in_code: Place,
    signature: ?Signature,
    /// What segments are multiples of.
    segment_bytes: usize,

    fn read(file: []u8) !Library {
        const header = std.mem.bytesToValue(macho.mach_header_64, file[0..@sizeOf(macho.mach_header_64)]);
        if (header.magic != macho.MH_MAGIC_64 or header.filetype != macho.MH_DYLIB) return error.NoLibrary;
        var segments: [4]Place = undefined;
        var count: usize = 0;
        var at: usize = @sizeOf(macho.mach_header_64);
        for (0..header.ncmds) |_| {
            const place: Place = .{ .offset = at };
            const command = place.get(macho.load_command, file);
            at += command.cmdsize;
            if (command.cmd != .SEGMENT_64) continue;
            if (count == segments.len) return error.UnexpectedSegments;
            segments[count] = place;
            count += 1;
        }
        if (count != segments.len) return error.UnexpectedSegments;
        const intel = header.cputype == macho.CPU_TYPE_X86_64;
        const library: Library = .{
            .file = file,
            .text = segments[0],
            .writable = segments[1..3].*,
            .linkedit = segments[3],
            .dyld_info = try find(file, header.ncmds, .DYLD_INFO_ONLY),
            .symbols = try find(file, header.ncmds, .SYMTAB),
            .dynamic_symbols = try find(file, header.ncmds, .DYSYMTAB),
            .function_starts = try find(file, header.ncmds, .FUNCTION_STARTS),
            .data_in_code = try find(file, header.ncmds, .DATA_IN_CODE),
            .signature = if (intel) null else try .read(file, try find(file, header.ncmds, .CODE_SIGNATURE)),
            .segment_bytes = if (intel) page_bytes_of_intel else page_bytes,
        };
        try library.check_order();
        return library;
    }

    fn find(file: []const u8, count: usize, wanted: macho.LC) !Place {
        var at: usize = @sizeOf(macho.mach_header_64);
        for (0..count) |_| {
            const place: Place = .{ .offset = at };
            const command = place.get(macho.load_command, file);
            if (command.cmd == wanted) return place;
            at += command.cmdsize;
        }
        return error.MissingLoadCommand;
    }

    fn check_order(library: *const Library) !void {
        const places = [_]Place{ library.text, library.writable[0], library.writable[1], library.linkedit };
        for (places, [_][]const u8{ "__TEXT", "__DATA_CONST", "__DATA", "__LINKEDIT" }) |place, name| {
            const segment = place.get(macho.segment_command_64, library.file);
            if (!std.mem.eql(u8, segment.segName(), name)) return error.UnexpectedSegments;
        }
        // A table that nobody has needed so far has to be carried along first.
        const starts = library.function_starts.get(macho.linkedit_data_command, library.file);
        if (starts.datasize != 0) return error.UnexpectedTable;
        const info = library.dyld_info.get(macho.dyld_info_command, library.file);
        if (info.weak_bind_size != 0) return error.UnexpectedTable;
    }

    fn pack(library: *Library, arena: Allocator) ![]u8 {
        try library.clear_lazy_pointers();
        const text = library.text.get(macho.segment_command_64, library.file);
        const text_end = std.mem.alignForward(usize, text.filesize, library.segment_bytes);
        for (library.writable) |place| try library.empty(place, text_end);

        var tables: Tables = .{ .start = text_end, .arena = arena };
        try library.move_tables(&tables);
        const signed_end = try tables.add("", 16);
        const signature_bytes = if (library.signature) |signature| signature.place_at(library.file, signed_end) else 0;
        library.place_linkedit(text_end, signed_end + signature_bytes - text_end);

        // All of the header is as it will be: now it can be hashed.
        var made: std.ArrayList(u8) = .empty;
        try made.appendSlice(arena, library.file[0..text.filesize]);
        try made.appendNTimes(arena, 0, text_end - made.items.len);
        try made.appendSlice(arena, tables.bytes.items);
        std.debug.assert(made.items.len == signed_end);
        if (library.signature) |signature| {
            try made.appendSlice(arena, try signature.sign(arena, made.items, signature_bytes));
        }
        return made.items;
    }

    /// What these start as is for lazy binding only.
    fn clear_lazy_pointers(library: *Library) !void {
        for (library.writable) |place| {
            const segment = place.get(macho.segment_command_64, library.file);
            for (0..segment.nsects) |index| {
                const section = place.section(index).get(macho.section_64, library.file);
                if (section.type() != macho.S_LAZY_SYMBOL_POINTERS) continue;
                @memset(library.file[section.offset..][0..section.size], 0);
            }
        }
    }

    /// A segment that starts as zeros.
    fn empty(library: *Library, place: Place, at: usize) !void {
        var segment = place.get(macho.segment_command_64, library.file);
        const content = library.file[segment.fileoff..][0..segment.filesize];
        if (!std.mem.allEqual(u8, content, 0)) return error.DataThatIsNotZero;
        segment.fileoff = at;
        segment.filesize = 0;
        place.put(library.file, segment);
        for (0..segment.nsects) |index| {
            var section = place.section(index).get(macho.section_64, library.file);
            section.offset = 0;
            section.flags = macho.S_ZEROFILL;
            section.reserved1 = 0;
            place.section(index).put(library.file, section);
        }
    }

    fn move_tables(library: *Library, tables: *Tables) !void {
        var info = library.dyld_info.get(macho.dyld_info_command, library.file);
        const binds = try bind_at_once(
            tables.arena,
            library.file[info.bind_off..][0..info.bind_size],
            library.file[info.lazy_bind_off..][0..info.lazy_bind_size],
        );
        const exports = library.file[info.export_off..][0..info.export_size];
        info.bind_off = try tables.add(binds, 8);
        info.bind_size = @intCast(binds.len);
        info.export_off = try tables.add(exports, 8);
        // Zeros need no correction for the address that the library is loaded at.
        info.rebase_off = 0;
        info.rebase_size = 0;
        info.weak_bind_off = 0;
        info.lazy_bind_off = 0;
        info.lazy_bind_size = 0;
        library.dyld_info.put(library.file, info);

        var symbols = library.symbols.get(macho.symtab_command, library.file);
        const symbols_bytes = symbols.nsyms * @sizeOf(macho.nlist_64);
        symbols.symoff = try tables.add(library.file[symbols.symoff..][0..symbols_bytes], 8);
        var dynamic = library.dynamic_symbols.get(macho.dysymtab_command, library.file);
        const indirect_bytes = dynamic.nindirectsyms * @sizeOf(u32);
        dynamic.indirectsymoff = try tables.add(library.file[dynamic.indirectsymoff..][0..indirect_bytes], 4);
        symbols.stroff = try tables.add(library.file[symbols.stroff..][0..symbols.strsize], 1);
        library.symbols.put(library.file, symbols);
        library.dynamic_symbols.put(library.file, dynamic);

        for ([_]Place{ library.function_starts, library.data_in_code }) |place| {
            var table = place.get(macho.linkedit_data_command, library.file);
            // Where jump tables are in the code, by distances from its start: they stay right.
            const entries = library.file[table.dataoff..][0..table.datasize];
            table.dataoff = if (entries.len == 0) symbols.symoff else try tables.add(entries, 8);
            place.put(library.file, table);
        }
    }

    fn place_linkedit(library: *Library, at: usize, length: usize) void {
        var segment = library.linkedit.get(macho.segment_command_64, library.file);
        segment.fileoff = at;
        segment.filesize = length;
        segment.vmsize = std.mem.alignForward(usize, length, library.segment_bytes);
        library.linkedit.put(library.file, segment);
    }
};

const Signature = struct {
    place: Place,
    /// As the linker wrote it.
    linkers: []const u8,

    fn read(file: []const u8, place: Place) !Signature {
        const signed = place.get(macho.linkedit_data_command, file);
        const signature: Signature = .{ .place = place, .linkers = file[signed.dataoff..][0..signed.datasize] };
        try check_signature(signature.linkers);
        return signature;
    }

    /// Says in the header where it will be, behind what is signed. Returns how long it will be.
    fn place_at(signature: Signature, file: []u8, signed_end: u32) u32 {
        var command = signature.place.get(macho.linkedit_data_command, file);
        command.dataoff = signed_end;
        const length = signature.start() + hash_count(signed_end) * Sha256.digest_length;
        command.datasize = @intCast(std.mem.alignForward(usize, length, 8));
        signature.place.put(file, command);
        return command.datasize;
    }

    /// The bytes of the linker's signature before the hashes: what it says of itself is kept.
    fn start(signature: Signature) usize {
        return directory_offset + number(signature.linkers[directory_offset..], "hashOffset");
    }

    /// The signature of everything before it.
    fn sign(signature: Signature, arena: Allocator, signed: []const u8, length: usize) ![]u8 {
        const hashes = signature.start();
        const made = try arena.alloc(u8, length);
        @memset(made, 0);
        @memcpy(made[0..hashes], signature.linkers[0..hashes]);
        const used = hashes + hash_count(signed.len) * Sha256.digest_length;
        std.mem.writeInt(u32, made[@offsetOf(macho.SuperBlob, "length")..][0..4], @intCast(used), .big);
        const directory = made[directory_offset..];
        set_number(directory, "length", used - directory_offset);
        set_number(directory, "nCodeSlots", hash_count(signed.len));
        set_number(directory, "codeLimit", signed.len);
        for (0..hash_count(signed.len)) |index| {
            const page = signed[index * page_bytes .. @min((index + 1) * page_bytes, signed.len)];
            Sha256.hash(page, made[hashes + index * Sha256.digest_length ..][0..Sha256.digest_length], .{});
        }
        return made;
    }
};

/// A signature of one blob, the directory of hashes, as the linker writes it.
const directory_offset = @sizeOf(macho.SuperBlob) + @sizeOf(macho.BlobIndex);

fn check_signature(signature: []const u8) !void {
    if (signature.len < directory_offset + @sizeOf(macho.CodeDirectory)) return error.UnexpectedSignature;
    const directory = signature[directory_offset..];
    const fits = std.mem.readInt(u32, signature[0..4], .big) == macho.CSMAGIC_EMBEDDED_SIGNATURE and
        std.mem.readInt(u32, signature[@offsetOf(macho.SuperBlob, "count")..][0..4], .big) == 1 and
        number(directory, "magic") == macho.CSMAGIC_CODEDIRECTORY and
        number(directory, "nSpecialSlots") == 0 and
        directory[@offsetOf(macho.CodeDirectory, "hashType")] == macho.CS_HASHTYPE_SHA256 and
        directory[@offsetOf(macho.CodeDirectory, "pageSize")] == std.math.log2(page_bytes);
    if (!fits) return error.UnexpectedSignature;
}

/// Numbers of signatures are big-endian.
fn number(directory: []const u8, comptime name: []const u8) u32 {
    return std.mem.readInt(u32, directory[@offsetOf(macho.CodeDirectory, name)..][0..4], .big);
}

fn set_number(directory: []u8, comptime name: []const u8, value: usize) void {
    std.mem.writeInt(u32, directory[@offsetOf(macho.CodeDirectory, name)..][0..4], @intCast(value), .big);
}

fn hash_count(bytes: usize) usize {
    return std.mem.alignForward(usize, bytes, page_bytes) / page_bytes;
}

/// What becomes of __LINKEDIT.
const Tables = struct {
    start: usize,
    arena: Allocator,
    bytes: std.ArrayList(u8) = .empty,

    /// Returns where it is in the file.
    fn add(tables: *Tables, bytes: []const u8, alignment: usize) !u32 {
        const at = std.mem.alignForward(usize, tables.bytes.items.len, alignment);
        try tables.bytes.appendNTimes(tables.arena, 0, at - tables.bytes.items.len);
        try tables.bytes.appendSlice(tables.arena, bytes);
        return @intCast(tables.start + at);
    }
};

/// One table for all that is bound when the library is loaded. In the table of lazy binding
/// each entry ends with DONE, which here ends the table, and none says its type.
fn bind_at_once(arena: Allocator, at_load: []const u8, lazy: []const u8) ![]u8 {
    var all: std.ArrayList(u8) = .empty;
    var ended = false;
    var rest = at_load;
    while (rest.len > 0 and !ended) {
        const length = try operation_length(rest);
        ended = rest[0] == macho.BIND_OPCODE_DONE;
        if (!ended) try all.appendSlice(arena, rest[0..length]);
        rest = rest[length..];
    }
    try all.append(arena, macho.BIND_OPCODE_SET_TYPE_IMM | macho.BIND_TYPE_POINTER);
    rest = lazy;
    while (rest.len > 0) {
        const length = try operation_length(rest);
        if (rest[0] != macho.BIND_OPCODE_DONE) try all.appendSlice(arena, rest[0..length]);
        rest = rest[length..];
    }
    try all.append(arena, macho.BIND_OPCODE_DONE);
    // Tables are multiples of a pointer; DONE is a zero.
    try all.appendNTimes(arena, 0, std.mem.alignForward(usize, all.items.len, 8) - all.items.len);
    return all.items;
}

fn operation_length(table: []const u8) !usize {
    return switch (table[0] & macho.BIND_OPCODE_MASK) {
        macho.BIND_OPCODE_DONE,
        macho.BIND_OPCODE_SET_DYLIB_ORDINAL_IMM,
        macho.BIND_OPCODE_SET_TYPE_IMM,
        macho.BIND_OPCODE_DO_BIND,
        => 1,
        macho.BIND_OPCODE_SET_SYMBOL_TRAILING_FLAGS_IMM => 2 + (std.mem.findScalar(u8, table[1..], 0) orelse
            return error.UnexpectedBinding),
        macho.BIND_OPCODE_SET_SEGMENT_AND_OFFSET_ULEB => for (table[1..], 2..) |byte, length| {
            if (byte & 0x80 == 0) break length;
        } else error.UnexpectedBinding,
        // An addend would be carried from one entry to the next.
        else => error.UnexpectedBinding,
    };
}

test "tables of binding become one, with one end" {
    const at_load = [_]u8{ 0x51, 0x72, 0x80, 0x01, 0x11, 0x40, 'a', 0, 0x90, 0, 0 };
    const lazy = [_]u8{ 0x73, 0x08, 0x11, 0x40, 0x90 - 0x20, 0, 0x90, 0, 0x73, 0x10, 0x11, 0x40, 'c', 0, 0x90, 0, 0 };
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const all = try bind_at_once(arena.allocator(), &at_load, &lazy);
    try std.testing.expectEqualSlices(u8, &.{
        0x51, 0x72, 0x80, 0x01, 0x11, 0x40, 'a', 0,    0x90,
        0x51, 0x73, 0x08, 0x11, 0x40, 0x70, 0,   0x90, 0x73,
        0x10, 0x11, 0x40, 'c',  0,    0x90, 0,
    }, all[0..25]);
    try std.testing.expect(all.len % 8 == 0 and std.mem.allEqual(u8, all[25..], 0));
    try std.testing.expectError(error.UnexpectedBinding, bind_at_once(arena.allocator(), &.{0x60}, &lazy));
}
