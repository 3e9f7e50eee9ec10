//! A library that says it is SecureMemory's, of another ABI version.

export fn securememory_abi_version() u32 {
    return 999;
}
