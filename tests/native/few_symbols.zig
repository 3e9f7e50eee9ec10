//! A library of the right ABI version that has none of the other symbols.

const abi = @import("abi");

export fn securememory_abi_version() u32 {
    return abi.version;
}
