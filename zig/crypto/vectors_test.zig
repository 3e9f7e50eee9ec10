//! The keyed operations against the vectors of their own documents.

const std = @import("std");
const argon2id = @import("argon2id.zig");
const ed25519 = @import("ed25519.zig");
const hkdf = @import("hkdf.zig");
const hmac = @import("hmac.zig");
const x25519 = @import("x25519.zig");
const xchacha = @import("xchacha.zig");
const expect_equal = std.testing.expectEqualSlices;

fn hex(comptime text: []const u8) [text.len / 2]u8 {
    @setEvalBranchQuota(text.len * 50);
    var bytes: [text.len / 2]u8 = undefined;
    _ = std.fmt.hexToBytes(&bytes, text) catch unreachable;
    return bytes;
}

/// `first`, `first` + 1, ...
fn counting(comptime first: u8, comptime length: usize) [length]u8 {
    var bytes: [length]u8 = undefined;
    for (&bytes, 0..) |*byte, index| byte.* = first + @as(u8, @intCast(index));
    return bytes;
}

fn repeated(comptime byte: u8, comptime length: usize) [length]u8 {
    return @splat(byte);
}

const Authentication = struct { key: []const u8, data: []const u8, sha256: [32]u8, sha512: [64]u8 };

// RFC 4231, sections 4.2 to 4.8; the one left out (4.6) is about truncating.
const rfc4231 = [_]Authentication{
    .{
        .key = &repeated(0x0b, 20),
        .data = "Hi There",
        .sha256 = hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        .sha512 = hex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde" ++
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
    },
    .{
        .key = "Jefe",
        .data = "what do ya want for nothing?",
        .sha256 = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        .sha512 = hex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" ++
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
    },
    .{
        .key = &repeated(0xaa, 20),
        .data = &repeated(0xdd, 50),
        .sha256 = hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        .sha512 = hex("fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39" ++
            "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"),
    },
    .{
        .key = &counting(1, 25),
        .data = &repeated(0xcd, 50),
        .sha256 = hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        .sha512 = hex("b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db" ++
            "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"),
    },
    .{
        .key = &repeated(0xaa, 131),
        .data = "Test Using Larger Than Block-Size Key - Hash Key First",
        .sha256 = hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        .sha512 = hex("80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352" ++
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"),
    },
    .{
        .key = &repeated(0xaa, 131),
        .data = "This is a test using a larger than block-size key and a larger than block-size data. " ++
            "The key needs to be hashed before being used by the HMAC algorithm.",
        .sha256 = hex("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        .sha512 = hex("e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944" ++
            "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"),
    },
};

test "HMAC: RFC 4231" {
    for (rfc4231) |vector| {
        var short: [32]u8 = undefined;
        hmac.mac(.sha256, vector.key, vector.data, &short);
        try expect_equal(u8, &vector.sha256, &short);
        var long: [64]u8 = undefined;
        hmac.mac(.sha512, vector.key, vector.data, &long);
        try expect_equal(u8, &vector.sha512, &long);
    }
}

test "HKDF: RFC 5869, A.1 to A.3" {
    var out: [82]u8 = undefined;
    const short = out[0..42];
    hkdf.derive(.sha256, &repeated(0x0b, 22), &counting(0, 13), &counting(0xf0, 10), short);
    try expect_equal(u8, &hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"), short);
    hkdf.derive(.sha256, &counting(0, 80), &counting(0x60, 80), &counting(0xb0, 80), &out);
    try expect_equal(u8, &hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" ++
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"), &out);
    hkdf.derive(.sha256, &repeated(0x0b, 22), "", "", short);
    try expect_equal(u8, &hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"), short);
}

test "HKDF with SHA-512 is the two steps of RFC 5869, up to its longest output" {
    const key = counting(0, 64);
    var pseudorandom: [64]u8 = undefined;
    hmac.mac(.sha512, "salt", &key, &pseudorandom);
    var out: [255 * 64]u8 = undefined;
    hkdf.derive(.sha512, &key, "salt", "info", &out);
    var input: [64 + 4 + 1]u8 = undefined;
    input[64..68].* = "info".*;
    for (0..255) |step| {
        input[68] = @intCast(step + 1);
        const start: usize = if (step == 0) 64 else 0;
        var expected: [64]u8 = undefined;
        hmac.mac(.sha512, &pseudorandom, input[start..], &expected);
        try expect_equal(u8, &expected, out[step * 64 ..][0..64]);
        input[0..64].* = expected;
    }
}

const sunscreen = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const sunscreen_key = counting(0x80, 32);
const sunscreen_aad = hex("50515253c0c1c2c3c4c5c6c7");

test "ChaCha20-Poly1305, the inner construction: RFC 8439, section 2.8.2" {
    var ciphertext: [sunscreen.len]u8 = undefined;
    var tag: [16]u8 = undefined;
    const inner: xchacha.Inner = .init_inner(&sunscreen_key, &hex("070000004041424344454647"));
    inner.xor(sunscreen, &ciphertext);
    inner.tag(&sunscreen_aad, &ciphertext, &tag);
    try expect_equal(u8, &hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" ++
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" ++
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" ++
        "3ff4def08e4b7a9de576d26586cec64b6116"), &ciphertext);
    try expect_equal(u8, &hex("1ae10b594f09e26a7e902ecbd0600691"), &tag);
}

// draft-irtf-cfrg-xchacha-03, A.3.1
const xchacha_nonce = counting(0x40, 24);
const xchacha_box = xchacha_nonce ++ hex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" ++
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" ++
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" ++
    "21f9664c97637da9768812f615c68b13b52e" ++ "c0875924c1c7987947deafd8780acf49");

test "XChaCha20-Poly1305: draft-irtf-cfrg-xchacha-03, A.3.1, both ways" {
    var box: [sunscreen.len + xchacha.overhead]u8 = undefined;
    box[0..24].* = xchacha_nonce;
    xchacha.seal(&sunscreen_key, &sunscreen_aad, sunscreen, &box);
    try expect_equal(u8, &xchacha_box, &box);
    var plaintext: [sunscreen.len]u8 = undefined;
    try xchacha.open(&sunscreen_key, &sunscreen_aad, &box, &plaintext);
    try expect_equal(u8, sunscreen, &plaintext);
}

test "XChaCha20-Poly1305 is that of Zig's std, at every length to some blocks" {
    var plaintext: [1200]u8 = undefined;
    for (&plaintext, 0..) |*byte, index| byte.* = @truncate(index *% 151 >> 3);
    var box: [plaintext.len + xchacha.overhead]u8 = undefined;
    var expected: [plaintext.len]u8 = undefined;
    var tag: [16]u8 = undefined;
    for (0..plaintext.len + 1) |length| {
        const aad = plaintext[0 .. length % 35];
        box[0..24].* = xchacha_nonce;
        xchacha.seal(&sunscreen_key, aad, plaintext[0..length], box[0 .. length + xchacha.overhead]);
        const Aead = std.crypto.aead.chacha_poly.XChaCha20Poly1305;
        Aead.encrypt(expected[0..length], &tag, plaintext[0..length], aad, xchacha_nonce, sunscreen_key);
        try expect_equal(u8, expected[0..length], box[24..][0..length]);
        try expect_equal(u8, &tag, box[24 + length ..][0..16]);
    }
}

test "HMAC is that of Zig's std, at every length to some blocks" {
    var data: [300]u8 = undefined;
    for (&data, 0..) |*byte, index| byte.* = @truncate(index *% 151 >> 3);
    for (0..data.len + 1) |length| {
        const key = data[0 .. length / 2];
        var mac: [64]u8 = undefined;
        var expected: [64]u8 = undefined;
        hmac.mac(.sha256, key, data[0..length], mac[0..32]);
        std.crypto.auth.hmac.sha2.HmacSha256.create(expected[0..32], data[0..length], key);
        try expect_equal(u8, expected[0..32], mac[0..32]);
        hmac.mac(.sha512, key, data[0..length], &mac);
        std.crypto.auth.hmac.sha2.HmacSha512.create(&expected, data[0..length], key);
        try expect_equal(u8, &expected, &mac);
    }
}

test "a box with any byte changed, or cut anywhere, is not authentic" {
    var plaintext: [sunscreen.len]u8 = undefined;
    for (0..xchacha_box.len) |index| {
        var box = xchacha_box;
        box[index] ^= 1;
        try std.testing.expectError(error.NotAuthentic, xchacha.open(&sunscreen_key, &sunscreen_aad, &box, &plaintext));
        const cut = xchacha_box[0..index];
        const rest = plaintext[0..index -| xchacha.overhead];
        try std.testing.expectError(error.NotAuthentic, xchacha.open(&sunscreen_key, &sunscreen_aad, cut, rest));
    }
    try std.testing.expectError(error.NotAuthentic, xchacha.open(&sunscreen_key, "", &xchacha_box, &plaintext));
    var key = sunscreen_key;
    key[31] ^= 1;
    try std.testing.expectError(error.NotAuthentic, xchacha.open(&key, &sunscreen_aad, &xchacha_box, &plaintext));
}

const Signing = struct { seed: [32]u8, public_key: [32]u8, message: []const u8, signature: [64]u8 };

// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc)
const rfc8032 = [_]Signing{
    .{
        .seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
        .public_key = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        .message = "",
        .signature = hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" ++
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    },
    .{
        .seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
        .public_key = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        .message = &hex("72"),
        .signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" ++
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    },
    .{
        .seed = hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
        .public_key = hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
        .message = &hex("af82"),
        .signature = hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" ++
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    },
    .{
        .seed = hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"),
        .public_key = hex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
        .message = &hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" ++
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
        .signature = hex("dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589" ++
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
    },
};

test "Ed25519: RFC 8032, section 7.1" {
    for (rfc8032) |vector| {
        var public_key: [32]u8 = undefined;
        ed25519.public_key(&vector.seed, &public_key);
        try expect_equal(u8, &vector.public_key, &public_key);
        var signature: [64]u8 = undefined;
        ed25519.sign(&vector.seed, vector.message, &signature);
        try expect_equal(u8, &vector.signature, &signature);
    }
}

test "X25519: RFC 7748, section 5.2, with 1,000 iterations" {
    var out: [32]u8 = undefined;
    try x25519.agree(
        &hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        &hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        &out,
    );
    try expect_equal(u8, &hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"), &out);
    try x25519.agree(
        &hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
        &hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
        &out,
    );
    try expect_equal(u8, &hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"), &out);

    var key = [1]u8{9} ++ repeated(0, 31);
    var point = key;
    for (1..1001) |iteration| {
        try x25519.agree(&key, &point, &out);
        point = key;
        key = out;
        if (iteration == 1) try expect_equal(u8, &hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"), &key);
    }
    try expect_equal(u8, &hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"), &key);
}

test "X25519: RFC 7748, section 6.1" {
    const pairs = [_]struct { secret: [32]u8, public_key: [32]u8 }{
        .{
            .secret = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
            .public_key = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
        },
        .{
            .secret = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
            .public_key = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
        },
    };
    for (pairs, 0..) |pair, index| {
        var out: [32]u8 = undefined;
        x25519.public_key(&pair.secret, &out);
        try expect_equal(u8, &pair.public_key, &out);
        try x25519.agree(&pair.secret, &pairs[1 - index].public_key, &out);
        try expect_equal(u8, &hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"), &out);
    }
}

test "X25519: a point of small order has no shared secret" {
    var out: [32]u8 = undefined;
    const zeros: [32]u8 = @splat(0);
    const one = [1]u8{1} ++ repeated(0, 31);
    try std.testing.expectError(error.ZeroResult, x25519.agree(&sunscreen_key, &zeros, &out));
    try std.testing.expectError(error.ZeroResult, x25519.agree(&sunscreen_key, &one, &out));
}

test "Argon2id: RFC 9106, section 5.3" {
    const params: argon2id.Params = .{
        .memory = 32,
        .passes = 3,
        .parallelism = 4,
        .secret = &repeated(3, 8),
        .associated_data = &repeated(4, 12),
    };
    const memory = try std.testing.allocator.alignedAlloc(u8, .@"16", params.memory_bytes().?);
    defer std.testing.allocator.free(memory);
    // What was there before must not matter.
    @memset(memory, 0xA5);
    var out: [32]u8 = undefined;
    argon2id.derive(memory, &repeated(1, 32), &repeated(2, 16), params, &out);
    try expect_equal(u8, &hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"), &out);
}

test "Argon2id is that of Zig's std, at any parallelism and length" {
    const allocator = std.testing.allocator;
    for ([_][4]u32{
        .{ 8, 1, 1, 4 },      .{ 9, 1, 1, 64 },    .{ 33, 2, 2, 65 },     .{ 40, 3, 5, 32 },  .{ 64, 1, 8, 96 },
        .{ 1024, 2, 1, 127 }, .{ 2048, 1, 3, 16 }, .{ 5000, 2, 4, 1000 }, .{ 100, 4, 7, 33 }, .{ 1023, 1, 1, 129 },
    }) |numbers| {
        const params: argon2id.Params = .{ .memory = numbers[0], .passes = numbers[1], .parallelism = numbers[2] };
        const memory = try allocator.alignedAlloc(u8, .@"16", params.memory_bytes().?);
        defer allocator.free(memory);
        var out: [1000]u8 = undefined;
        var expected: [1000]u8 = undefined;
        const password = counting(0, 200)[0 .. numbers[0] % 200];
        const nonce = counting(7, 40)[0 .. 8 + numbers[3] % 32];
        argon2id.derive(memory, password, nonce, params, out[0..numbers[3]]);
        try std.crypto.pwhash.argon2.kdf(allocator, expected[0..numbers[3]], password, nonce, .{
            .m = numbers[0],
            .t = numbers[1],
            .p = @intCast(numbers[2]),
        }, .argon2id, std.testing.io);
        try expect_equal(u8, expected[0..numbers[3]], out[0..numbers[3]]);
    }
}

test "Argon2id: what the RFC allows, and no more, is valid" {
    const Params = argon2id.Params;
    try std.testing.expect((Params{ .memory = 8, .passes = 1, .parallelism = 1 }).valid());
    try std.testing.expect(!(Params{ .memory = 7, .passes = 1, .parallelism = 1 }).valid());
    try std.testing.expect(!(Params{ .memory = 15, .passes = 1, .parallelism = 2 }).valid());
    try std.testing.expect(!(Params{ .memory = 8, .passes = 0, .parallelism = 1 }).valid());
    try std.testing.expect(!(Params{ .memory = 8, .passes = 1, .parallelism = 0 }).valid());
    const most: Params = .{ .memory = std.math.maxInt(u32), .passes = 1, .parallelism = argon2id.parallelism_max };
    try std.testing.expect(most.valid());
    try std.testing.expectEqual(@as(?usize, 64 * 4 * 1024 * @as(usize, argon2id.parallelism_max)), most.memory_bytes());
    const beyond: Params = .{ .memory = std.math.maxInt(u32), .passes = 1, .parallelism = argon2id.parallelism_max + 1 };
    try std.testing.expect(!beyond.valid());
}
