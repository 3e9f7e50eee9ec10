/** Keyed operations, by the vectors of the documents that define them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../mod.ts";
import { counting, hex, repeated, secretOf, taken } from "./support/keyed.ts";

interface Authentication {
  readonly key: Uint8Array;
  readonly data: Uint8Array | string;
  readonly sha256: string;
  readonly sha512: string;
  /** Bytes of the MAC that the document gives; all of it where there is none. */
  readonly truncated?: number;
}

const RFC_4231: readonly Authentication[] = [
  {
    key: repeated(0x0b, 20),
    data: "Hi There",
    sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde" +
      "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
  },
  {
    key: new TextEncoder().encode("Jefe"),
    data: "what do ya want for nothing?",
    sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554" +
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
  },
  {
    key: repeated(0xaa, 20),
    data: repeated(0xdd, 50),
    sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39" +
      "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
  },
  {
    key: counting(1, 25),
    data: repeated(0xcd, 50),
    sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    sha512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db" +
      "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
  },
  {
    key: repeated(0x0c, 20),
    data: "Test With Truncation",
    sha256: "a3b6167473100ee06e0c796c2955552b",
    sha512: "415fad6271580a531d4179bc891d87a6",
    truncated: 16,
  },
  {
    key: repeated(0xaa, 131),
    data: "Test Using Larger Than Block-Size Key - Hash Key First",
    sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352" +
      "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
  },
  {
    key: repeated(0xaa, 131),
    data: "This is a test using a larger than block-size key and a larger than block-size data. " +
      "The key needs to be hashed before being used by the HMAC algorithm.",
    sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    sha512: "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944" +
      "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
  },
];

test("`hmac` and `verifyHmac`: RFC 4231, all seven cases", () => {
  for (const { key, data, truncated, ...macs } of RFC_4231) {
    using secret = secretOf(key);
    for (const [hash, wanted] of [["SHA-256", macs.sha256], ["SHA-512", macs.sha512]] as const) {
      const mac = secret.hmac(hash, data);
      assert.equal(mac.length, hash === "SHA-256" ? 32 : 64);
      assert.equal(mac.slice(0, truncated).toHex(), wanted);
      using same = secret.hmac(hash, data, { as: "secret" });
      assert.equal(same.equals(mac), true, "as a secret");
      assert.equal(secret.verifyHmac(hash, data, mac), true);
      mac[0]! ^= 1;
      assert.equal(secret.verifyHmac(hash, data, mac), false);
    }
  }
});

test("`derive`: RFC 5869, A.1 to A.3", () => {
  using key = secretOf(repeated(0x0b, 22));
  using long = secretOf(counting(0, 80));
  assert.equal(
    taken(key.derive(counting(0xf0, 10), 42, { salt: counting(0, 13) })),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
  assert.equal(
    taken(long.derive(counting(0xb0, 80), 82, { salt: counting(0x60, 80), hash: "SHA-256" })),
    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" +
      "cc30c58179ec3e87c14c01d5c1f3434f1d87",
  );
  assert.equal(
    taken(key.derive("", 42)),
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
});

const SUNSCREEN =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for " +
  "the future, sunscreen would be it.";

test("`decrypt`: draft-irtf-cfrg-xchacha-03, A.3.1", () => {
  using key = secretOf(counting(0x80, 32));
  const aad = hex("50515253c0c1c2c3c4c5c6c7");
  const box = hex(
    `404142434445464748494a4b4c4d4e4f5051525354555657
     bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
     731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
     2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
     21f9664c97637da9768812f615c68b13b52e
     c0875924c1c7987947deafd8780acf49`,
  );
  assert.equal(new TextDecoder().decode(key.decrypt(box, { aad })), SUNSCREEN);
  assert.equal(
    taken(key.decrypt(box, { aad, as: "secret" })),
    new TextEncoder().encode(SUNSCREEN).toHex(),
  );
});

const RFC_8032: readonly (readonly [seed: string, key: string, message: string, signed: string])[] =
  [
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
      "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589" +
      "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
  ];

test("`sign` and `publicKey`: RFC 8032, section 7.1", () => {
  for (const [seed, key, message, signature] of RFC_8032) {
    using secret = secretOf(hex(seed));
    assert.equal(secret.publicKey().toHex(), key);
    assert.equal(secret.publicKey("Ed25519").toHex(), key);
    assert.equal(secret.sign(hex(message)).toHex(), signature);
  }
});

test("`agree`: RFC 7748, section 5.2, with 1,000 iterations", () => {
  for (
    const [scalar, point, result] of [
      [
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
      ],
      [
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
      ],
    ] as const
  ) {
    using secret = secretOf(hex(scalar));
    assert.equal(taken(secret.agree(hex(point))), result);
  }
  let key = `09${"00".repeat(31)}`;
  let point = key;
  for (let iteration = 1; iteration <= 1000; iteration++) {
    using secret = secretOf(hex(key));
    const next = taken(secret.agree(hex(point)));
    point = key;
    key = next;
    if (iteration > 1) continue;
    assert.equal(key, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  }
  assert.equal(key, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
});

test("`agree` and `publicKey`: RFC 7748, section 6.1", () => {
  using alice = secretOf(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  using bob = secretOf(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  const [ofAlice, ofBob] = [alice.publicKey("X25519"), bob.publicKey("X25519")];
  assert.equal(ofAlice.toHex(), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  assert.equal(ofBob.toHex(), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const wanted = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  assert.equal(taken(alice.agree(ofBob)), wanted);
  assert.equal(taken(bob.agree(ofAlice)), wanted);
});

// Not here, since the API cannot express them, and in zig/crypto/vectors_test.zig instead: the
// vector of RFC 9106, 5.3, which has a secret and associated data beside the password; and that of
// RFC 8439, 2.8.2, whose nonce has 12 bytes, and is chosen. These are from the test.c of the reference implementation, which the RFC cites.
const ARGON2 = [
  [2, 65_536, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"],
  [2, 256, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"],
  [2, 256, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"],
] as const;

test("`Secret.fromPassword`: the vectors of Argon2's reference implementation", () => {
  using password = Secret.fromString("password");
  const nonce = new TextEncoder().encode("somesalt");
  for (const [passes, memory, parallelism, wanted] of ARGON2) {
    assert.equal(
      taken(Secret.fromPassword(password, { nonce, passes, memory, parallelism })),
      wanted,
    );
  }
});
