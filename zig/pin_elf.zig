//! Marks a Linux library as one that is never unloaded: DF_1_NODELETE in DT_FLAGS_1 of its
//! dynamic section (elf(5), ld.so's dlclose(3)). `build.zig` runs it, since Zig's build
//! system does not pass `-z nodelete` to its linker.
//!
//! Deno and Node unload a library when the Worker that loaded it ends, unless another
//! thread has it too. With ours, the secrets of that Worker would stay in memory, readable
//! by a debugger and known to nobody.
//!
//!     pin_elf <library> <where to write the changed one>

const std = @import("std");
const elf = std.elf;

const bytes_max = 1 << 24;

pub fn main(init: std.process.Init) !void {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len != 3) return error.Usage;
    const folder = std.Io.Dir.cwd();
    const file = try folder.readFileAlloc(init.io, arguments[1], init.arena.allocator(), .limited(bytes_max));
    try pin(file);
    try folder.writeFile(init.io, .{ .sub_path = arguments[2], .data = file });
}

/// Both targets are 64-bit and little-endian, as is every host that builds them.
fn pin(file: []u8) !void {
    const header = std.mem.bytesToValue(elf.Elf64.Ehdr, file[0..@sizeOf(elf.Elf64.Ehdr)]);
    for (0..header.phnum) |index| {
        const at = header.phoff + index * header.phentsize;
        const segment = std.mem.bytesToValue(elf.Elf64.Phdr, file[at..][0..@sizeOf(elf.Elf64.Phdr)]);
        if (segment.type == .DYNAMIC) return pin_dynamic(file[segment.offset..][0..segment.filesz]);
    }
    return error.NoDynamicSection;
}

fn pin_dynamic(section: []u8) !void {
    var at: usize = 0;
    while (at + @sizeOf(elf.Elf64_Dyn) <= section.len) : (at += @sizeOf(elf.Elf64_Dyn)) {
        const bytes = section[at..][0..@sizeOf(elf.Elf64_Dyn)];
        var entry = std.mem.bytesToValue(elf.Elf64_Dyn, bytes);
        if (entry.d_tag != elf.DT_FLAGS_1) continue;
        entry.d_val |= elf.DF_1_NODELETE;
        bytes.* = std.mem.toBytes(entry);
        return;
    }
    return error.NoFlags;
}
