//! Assertions of the keyed operations: about keys and lengths, on in every optimize mode.

/// The root's panic handler decides how the process stops; the text has no content.
pub fn check(ok: bool) void {
    if (!ok) @panic("a keyed operation was called with what it does not take");
}
