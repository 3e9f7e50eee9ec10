//! How far down the stack each kind of operation may reach, in bytes: so much is wiped.
//! `residue_test.zig` fails if one goes deeper. On x86_64 hashes reached 2,752 bytes down, boxes
//! 2,720, curves 5,856 and passwords 6,240.

pub const hash = 4096;
pub const box = 4096;
pub const curve = 16384;
pub const password = 16384;
