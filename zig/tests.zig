//! The core's own tests: those that stand beside the code, and `secret_test.zig`
//! for the life of a secret on real pages.

test {
    _ = @import("abi.zig");
    _ = @import("canary.zig");
    _ = @import("compare.zig");
    _ = @import("crypto/bytes.zig");
    _ = @import("crypto/ed25519.zig");
    _ = @import("crypto/password_test.zig");
    _ = @import("crypto/residue_test.zig");
    _ = @import("crypto/variants_test.zig");
    _ = @import("crypto/vectors_test.zig");
    _ = @import("entries.zig");
    _ = @import("lend_test.zig");
    _ = @import("seal/boxes.zig");
    _ = @import("seal/traces_test.zig");
    _ = @import("seal_test.zig");
    _ = @import("diagnose.zig");
    _ = @import("fault.zig");
    _ = @import("labels.zig");
    _ = @import("invariant_test.zig");
    _ = @import("layout.zig");
    _ = @import("lock.zig");
    _ = @import("moves.zig");
    _ = @import("node_api.zig");
    _ = @import("pack_macho.zig");
    _ = @import("ranges.zig");
    _ = @import("retired.zig");
    _ = @import("wipe.zig");
    _ = @import("sources/line.zig");
    _ = @import("sources/utf16.zig");
    _ = @import("os/environment_strings.zig");
    _ = @import("pool/classes.zig");
    _ = @import("pool_test.zig");
    _ = @import("secret_test.zig");
    _ = @import("sources/decode.zig");
    _ = @import("ending_test.zig");
    _ = @import("environment_test.zig");
    if (@import("builtin").target.os.tag == .linux) {
        _ = @import("os/linux_environment.zig");
        _ = @import("os/linux_fault.zig");
        _ = @import("sources/read_test.zig");
        _ = @import("os/linux_secretmem.zig");
        _ = @import("os/linux_smaps.zig");
    }
}
