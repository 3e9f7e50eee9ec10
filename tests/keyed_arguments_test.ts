/** What keyed operations refuse, and how: before anything is opened, and without content. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthenticationError,
  type DecryptOptions,
  type DeriveOptions,
  type EncryptOptions,
  type Hash,
  type KeyKind,
  type PasswordParams,
  Secret,
  stats,
} from "../mod.ts";
import { contentIn } from "./support/scanner.ts";
import { counting, repeated, secretOf, taken } from "./support/keyed.ts";

const wrong = <T>(value: unknown) => value as T;
const KEY = counting(0xa1, 32);

/** What is called wrongly, the class of the error, and what its message has to say. */
type Case = readonly [call: (key: Secret) => unknown, type: ErrorConstructor, message: RegExp];

const NOT_BYTES: readonly unknown[] = [
  undefined,
  null,
  1,
  {},
  [1, 2],
  new ArrayBuffer(8),
  new Uint16Array(4),
  new DataView(new ArrayBuffer(8)),
];

const CASES: readonly Case[] = [
  ...[undefined, "sha256", "SHA-1", 256, null].flatMap((hash): Case[] => [
    [(key) => key.hmac(wrong(hash), ""), TypeError, /the hash must be "SHA-256" or "SHA-512"/],
    [
      (key) => key.hmac(wrong(hash), "", { as: "secret" }),
      TypeError,
      /the hash must be "SHA-256" or "SHA-512"/,
    ],
    [(key) => key.verifyHmac(wrong(hash), "", new Uint8Array(32)), TypeError, /the hash must be/],
  ]),
  ...["sha256", null, 1].map((hash): Case => [
    (key) => key.derive("", 1, { hash: wrong<Hash>(hash) }),
    TypeError,
    /the hash must be/,
  ]),
  ...NOT_BYTES.flatMap((value): Case[] => [
    [
      (key) => key.hmac("SHA-256", wrong(value)),
      TypeError,
      /the data must be a Uint8Array or a str/,
    ],
    [
      (key) => key.hmac("SHA-256", wrong(value), { as: "secret" }),
      TypeError,
      /the data must be a Uint8Array or a str/,
    ],
    [
      (key) => key.verifyHmac("SHA-256", wrong(value), new Uint8Array(32)),
      TypeError,
      /the data must/,
    ],
    [
      (key) => key.verifyHmac("SHA-256", "", wrong(value)),
      TypeError,
      /the MAC must be a Uint8Array/,
    ],
    [(key) => key.derive(wrong(value), 32), TypeError, /the info must be a Uint8Array or a string/],
    [
      (key) => key.encrypt(wrong(value)),
      TypeError,
      /the plaintext must be a Uint8Array or a string/,
    ],
    [(key) => key.decrypt(wrong(value)), TypeError, /the box must be a Uint8Array/],
    [
      (key) => key.decrypt(wrong(value), { as: "secret" }),
      TypeError,
      /the box must be a Uint8Array/,
    ],
    [(key) => key.sign(wrong(value)), TypeError, /the message must be a Uint8Array or a string/],
    [(key) => key.agree(wrong(value)), TypeError, /the public key must be a Uint8Array/],
    [
      (key) => Secret.fromPassword(key, { nonce: wrong(value) }),
      TypeError,
      /the nonce must be a Uint8Array/,
    ],
  ]),
  ...NOT_BYTES.slice(1).flatMap((value): Case[] => [
    [
      (key) => key.derive("", 32, { salt: wrong(value) }),
      TypeError,
      /the salt must be a Uint8Array/,
    ],
    [(key) => key.encrypt("", { aad: wrong(value) }), TypeError, /the additional data must be/],
    [(key) => key.encrypt(key, { aad: wrong(value) }), TypeError, /the additional data must be/],
    [
      (key) => key.decrypt(new Uint8Array(50), { aad: wrong(value) }),
      TypeError,
      /the additional data must be/,
    ],
    [
      (key) => key.decrypt(new Uint8Array(50), { aad: wrong(value), as: "secret" }),
      TypeError,
      /the additional data must be/,
    ],
  ]),
  [(key) => key.verifyHmac("SHA-256", "", wrong("0".repeat(64))), TypeError, /the MAC must be/],
  [(key) => key.agree(wrong("0".repeat(32))), TypeError, /the public key must be a Uint8Array/],
  [(key) => key.decrypt(wrong("box")), TypeError, /the box must be a Uint8Array/],
  ...["32", undefined, null, 32n].map((length): Case => [
    (key) => key.derive("", wrong(length)),
    TypeError,
    /the length must be a number/,
  ]),
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 32].map((length): Case => [
    (key) => key.derive("", length),
    RangeError,
    /the length must be a whole number from 1/,
  ]),
  [
    (key) => key.derive("", 255 * 32 + 1),
    RangeError,
    /SHA-256 gives at most 8160 .* value is 8161/,
  ],
  [
    (key) => key.derive("", 255 * 64 + 1, { hash: "SHA-512" }),
    RangeError,
    /SHA-512 gives at most 16320 .* value is 16321/,
  ],
  ...[1, null, "aad"].flatMap((options): Case[] => [
    [
      (key) => key.hmac("SHA-256", "", wrong(options)),
      TypeError,
      /Cannot make the HMAC: the options must be an object/,
    ],
    [
      (key) => key.derive("", 32, wrong<DeriveOptions>(options)),
      TypeError,
      /options must be an obj/,
    ],
    [
      (key) => key.encrypt("", wrong<EncryptOptions>(options)),
      TypeError,
      /options must be an object/,
    ],
    [
      (key) => key.decrypt(new Uint8Array(40), wrong<DecryptOptions>(options)),
      TypeError,
      /options must be an object/,
    ],
    [
      (key) => Secret.fromPassword(key, wrong<PasswordParams>(options)),
      TypeError,
      /the options must be an object|parameters/,
    ],
  ]),
  [
    (key) => key.derive("", 32, wrong({ sale: 1 })),
    TypeError,
    /there is none of that name|no option/,
  ],
  [(key) => key.encrypt("", wrong({ add: "x" })), TypeError, /no option add/],
  // An option for a secret that was not asked for.
  [(key) => key.hmac("SHA-256", "", wrong({ label: "x" })), TypeError, /no option label here/],
  [(key) => key.hmac("SHA-256", "", wrong({ as: "bytes" })), TypeError, /as must be "secret"/],
  [
    (key) => key.hmac("SHA-256", "", wrong({ as: "secret", lable: "x" })),
    TypeError,
    /there is none of that name|no option/,
  ],
  [
    (key) => key.hmac("SHA-256", "", { as: "secret", alignment: 3 }),
    RangeError,
    /alignment/,
  ],
  [(key) => key.decrypt(new Uint8Array(40), wrong({ label: "x" })), TypeError, /no option label/],
  [
    (key) => key.decrypt(new Uint8Array(40), wrong({ as: "bytes" })),
    TypeError,
    /as must be "secret"/,
  ],
  [
    (key) => key.decrypt(key.encrypt(""), { as: "secret" }),
    RangeError,
    /a secret has at least 1 byte/,
  ],
  [
    (key) => key.decrypt(new Uint8Array(new SharedArrayBuffer(50))),
    TypeError,
    /must not be in shared memory/,
  ],
  ...["ed25519", "RSA", 1, null].map((kind): Case => [
    (key) => key.publicKey(wrong<KeyKind>(kind)),
    TypeError,
    /the kind must be "Ed25519" or "X25519"/,
  ]),
  ...[0, 31, 33].map((length): Case => [
    (key) => key.agree(new Uint8Array(length)),
    RangeError,
    new RegExp(`a public key of X25519 has 32 bytes, current value is ${length}`),
  ]),
  // RFC 7748, 6.1: points of low order.
  ...[0, 1].map((first): Case => [
    (key) => key.agree(Uint8Array.of(first, ...new Uint8Array(31))),
    RangeError,
    /of low order/,
  ]),
  ...[undefined, "password", new Uint8Array(8)].map((password): Case => [
    () => Secret.fromPassword(wrong(password), { nonce: new Uint8Array(8) }),
    TypeError,
    /it must be a Secret/,
  ]),
  ...([
    ["nonce", new Uint8Array(7), /the length of the nonce must be .* from 8 to .* value is 7/],
    ["memory", 7, /memory in KiB must be a whole number from 8 to .* value is 7/],
    ["memory", 64.5, /memory in KiB must be a whole number/],
    ["passes", 0, /the passes must be a whole number from 1/],
    ["parallelism", 0, /the parallelism must be a whole number from 1/],
    // RFC 9106, 3.1: up to 2^24 - 1, and for each lane 8 KiB.
    ["parallelism", 2 ** 24, /the parallelism must be a whole number from 1 to 16777215,/],
    ["parallelism", 2 ** 24 - 1, /memory in KiB must be a whole number from 134217720 to/],
    ["length", 3, /the length must be a whole number from 4/],
    ["length", 2 ** 32, /the length must be a whole number from 4/],
  ] as const).map(([name, value, message]): Case => [
    (key) =>
      Secret.fromPassword(key, {
        ...{ nonce: new Uint8Array(8), memory: 64, parallelism: 1 },
        [name]: value,
      }),
    RangeError,
    message,
  ]),
  ...["memory", "passes", "parallelism", "length"].map((name): Case => [
    (key) => Secret.fromPassword(key, { nonce: new Uint8Array(8), [name]: "8" }),
    TypeError,
    new RegExp(`the ${name}.* must be a number`),
  ]),
  [
    (key) => Secret.fromPassword(key, wrong({ nonce: new Uint8Array(8), salt: 1 })),
    TypeError,
    /no parameter salt/,
  ],
];

test(`${CASES.length} wrong calls are errors of the right class that say what was wanted`, () => {
  using key = secretOf(KEY);
  for (const [call, type, message] of CASES) {
    const { inUse, openWindows } = stats();
    assert.throws(() => call(key), (error: Error) => {
      assert.equal(error.constructor, type, `${call}: ${error}`);
      assert.match(error.message, message, `${call}`);
      assert.match(error.message, /^[A-Z].*[^.]$/, `${call}`);
      assert.equal(contentIn(error.message, KEY), undefined);
      return true;
    });
    assert.deepEqual([stats().inUse, stats().openWindows], [inUse, openWindows], `${call}`);
  }
  assert.equal(key.hmac("SHA-256", "").length, 32, "the key is as it was");
});

test("a key of another length is a RangeError with both lengths", () => {
  for (const length of [1, 16, 31, 33, 64]) {
    using key = Secret.random(length);
    for (
      const [name, call] of [
        ["XChaCha20-Poly1305", () => key.encrypt("")],
        ["XChaCha20-Poly1305", () => key.encrypt(key)],
        ["XChaCha20-Poly1305", () => key.decrypt(new Uint8Array(40))],
        ["XChaCha20-Poly1305", () => key.decrypt(new Uint8Array(41), { as: "secret" })],
        ["Ed25519", () => key.sign("")],
        ["Ed25519", () => key.publicKey()],
        ["X25519", () => key.publicKey("X25519")],
        ["X25519", () => key.agree(new Uint8Array(32).fill(9))],
      ] as const
    ) {
      const wanted = new RegExp(`a key of ${name} has 32 bytes, current value is ${length}$`);
      assert.throws(call, (error) => error instanceof RangeError && wanted.test(error.message));
    }
  }
});

test("`hmac` without `as` gives an array, with options or none", () => {
  using key = secretOf(KEY);
  const mac = key.hmac("SHA-256", "x").toHex();
  for (const options of [undefined, {}, { as: undefined }]) {
    assert.equal((key.hmac("SHA-256", "x", wrong(options)) as unknown as Uint8Array).toHex(), mac);
  }
});

test("a MAC of another length is wrong, and no error", () => {
  using key = secretOf(KEY);
  const mac = key.hmac("SHA-512", "x");
  for (const length of [0, 1, 31, 32, 63]) {
    assert.equal(key.verifyHmac("SHA-512", "x", mac.slice(0, length)), false);
  }
  assert.equal(key.verifyHmac("SHA-256", "x", mac), false);
  assert.equal(key.verifyHmac("SHA-512", "x", Uint8Array.of(...mac, 0)), false);
  assert.equal(key.verifyHmac("SHA-512", "x", mac), true);
  for (let at = 0; at < mac.length; at++) {
    const other = Uint8Array.from(mac);
    other[at]! ^= 0x80;
    assert.equal(key.verifyHmac("SHA-512", "x", other), false, `byte ${at}`);
  }
});

test("a box that was changed at any byte, cut or lengthened is not authentic; nothing is written", () => {
  using key = secretOf(KEY);
  const text = "attack at dawn";
  const box = key.encrypt(text, { aad: "orders" });
  const { inUse, allocated } = stats();
  const refused = (changed: Uint8Array, aad: string | undefined, what: string) => {
    const options = aad === undefined ? {} : { aad };
    assert.throws(() => key.decrypt(changed, options), AuthenticationError, what);
    const intoSecret = () => key.decrypt(changed, { ...options, as: "secret" });
    if (changed.length !== 40) assert.throws(intoSecret, AuthenticationError, what);
    assert.equal(stats().inUse, inUse, what);
  };
  for (let at = 0; at < box.length; at++) {
    for (const bit of [1, 0x80]) {
      const changed = Uint8Array.from(box);
      changed[at]! ^= bit;
      refused(changed, "orders", `byte ${at}`);
    }
    refused(box.slice(0, at), "orders", `${at} bytes`);
  }
  refused(Uint8Array.of(...box, 0), "orders", "longer");
  refused(box, undefined, "no additional data");
  refused(box, "order", "other additional data");
  assert.ok(stats().allocated >= allocated);
  assert.equal(new TextDecoder().decode(key.decrypt(box, { aad: "orders" })), text);
});

test("what is empty is taken: data, info, aad, plaintext, message; detached arrays are empty", () => {
  using key = secretOf(KEY);
  const detached = new Uint8Array(8);
  detached.buffer.transfer();
  for (const nothing of ["", new Uint8Array(0), detached]) {
    assert.equal(key.hmac("SHA-256", nothing).toHex(), key.hmac("SHA-256", "").toHex());
    using mac = key.hmac("SHA-256", nothing, { as: "secret" });
    assert.equal(mac.equals(key.hmac("SHA-256", "")), true);
    assert.equal(key.sign(nothing).toHex(), key.sign("").toHex());
    const [one, other] = [key.derive(nothing, 16), key.derive("", 16)];
    assert.equal(one.equals(other), true);
    for (const secret of [one, other]) secret.close();
    const box = key.encrypt(nothing, { aad: nothing });
    assert.equal(box.length, 40);
    assert.equal(key.decrypt(box).length, 0);
  }
});

test("arguments are taken wherever they lie, and stay as they are", () => {
  using key = secretOf(KEY);
  const text = repeated(0x61, 300);
  const wanted = key.hmac("SHA-256", text).toHex();
  const whole = new Uint8Array(1000);
  whole.set(text, 7);
  const shared = new Uint8Array(new SharedArrayBuffer(300));
  shared.set(text);
  const resizable = new Uint8Array(new ArrayBuffer(300, { maxByteLength: 600 }));
  resizable.set(text);
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 3, 300);
  memory.set(text);
  for (const data of [whole.subarray(7, 307), shared, resizable, memory]) {
    assert.equal(key.hmac("SHA-256", data).toHex(), wanted);
    assert.equal(taken(key.hmac("SHA-256", data, { as: "secret" })), wanted);
    assert.equal(Uint8Array.from(key.decrypt(key.encrypt(data))).toHex(), text.toHex());
    assert.equal(Uint8Array.from(data).toHex(), text.toHex(), "it was changed");
  }
  using other = secretOf(text);
  other.withBytes((bytes) => assert.equal(key.hmac("SHA-256", bytes).toHex(), wanted));
});

test("results are arrays of the caller's own: the next call does not change them", () => {
  using key = secretOf(KEY);
  const first = key.hmac("SHA-256", "a");
  const copy = first.toHex();
  key.hmac("SHA-256", "b");
  assert.equal(first.toHex(), copy);
  assert.equal(first.buffer.byteLength, 32);
});
