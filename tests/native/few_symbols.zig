//! A library of a given ABI version that has none of the other symbols.

const options = @import("options");

export fn securememory_abi_version() u32 {
    return options.abi_version;
}
