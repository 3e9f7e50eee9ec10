//! Secrets of text that stands for bytes.

const abi = @import("../abi.zig");
const secret = @import("secret.zig");
const Text = @import("../sources/decode.zig").Text;

/// A secret of what the text holds. If it is wrong, `position` says where.
pub fn create(cause: *abi.Cause, text: Text, alignment: u32, position: *align(1) u32) (abi.Error || error{NotDecodable})!u32 {
    var where: usize = 0;
    defer position.* = @intCast(where);
    const length = try text.decode(null, &where);
    if (length == 0) return error.SourceEmpty;
    const made = try secret.create(cause, .{ .length = @intCast(length), .alignment = alignment });
    errdefer secret.abandon(made);
    _ = try text.decode(made.payload().ptr, &where);
    secret.shut(made);
    return made.handle();
}
