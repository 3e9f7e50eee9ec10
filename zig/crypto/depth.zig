//! How far down the stack each kind of operation may reach, in bytes: so much is wiped.
//! `residue_test.zig` fails if one goes deeper, optimised as the library ships. On x86_64, with the
//! frames of the call itself, HMACs reached 1,840 bytes down, derived keys 3,024, boxes 2,408, curves
//! 5,856 and passwords 6,208.

pub const mac = 2048;
pub const hash = 4096;
pub const box = 4096;
pub const curve = 16384;
pub const password = 16384;
