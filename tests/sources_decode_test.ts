/**
 * Secrets of hexadecimal and base64: what is taken and what is refused, against the runtime's own
 * decoders, byte by byte.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it, test } from "node:test";
import { capabilities, Secret, SecretFactory, stats } from "../mod.ts";

type Format = "fromHex" | "fromBase64" | "fromBase64Url";
const FORMATS: readonly Format[] = ["fromHex", "fromBase64", "fromBase64Url"];

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The bytes of a secret, which is closed. */
function take(secret: Secret): number[] {
  using closing = secret;
  return closing.withBytes((bytes) => [...bytes]);
}

/** ECMAScript's decoders (tc39/proposal-arraybuffer-base64), which TypeScript does not know yet. */
const Reference = Uint8Array as unknown as {
  fromHex(text: string): Uint8Array;
  fromBase64(text: string, options?: { alphabet: "base64" | "base64url" }): Uint8Array;
};

/** What the reference makes of a text; `undefined` if it refuses it, or bits are left over. */
function reference(format: Format, text: string): number[] | undefined {
  try {
    if (format === "fromHex") return [...Reference.fromHex(text)];
    const alphabet = format === "fromBase64" ? "base64" : "base64url";
    const bytes = Reference.fromBase64(text, { alphabet });
    const again = Buffer.from(bytes).toString(alphabet).replaceAll("=", "");
    return again === text.replace(/[\t\n\f\r =]/g, "") ? [...bytes] : undefined;
  } catch {
    return undefined;
  }
}

/** What the secret has; `undefined` if the text was refused as it has to be. */
function decoded(format: Format, text: string, form: "bytes" | "string"): number[] | undefined {
  const given = utf8(text);
  try {
    const bytes = take(Secret[format](form === "bytes" ? given : text));
    if (form === "bytes") assert.ok(given.every((byte) => byte === 0), "the text was not wiped");
    return bytes;
  } catch (error) {
    assert.ok(error instanceof SyntaxError || error instanceof RangeError, `${error}`);
    assert.deepEqual(given, utf8(text), "the text was changed");
    return undefined;
  }
}

function encode(format: Format, bytes: Uint8Array): string {
  const names = { fromHex: "hex", fromBase64: "base64", fromBase64Url: "base64url" } as const;
  return Buffer.from(bytes).toString(names[format]);
}

/** Always the same numbers: a failure can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** The position that the message has. */
function positionOf(use: () => unknown): number {
  try {
    use();
  } catch (error) {
    assert.ok(error instanceof SyntaxError, `${error}`);
    const position = /position (\d+)/.exec(error.message)?.[1];
    assert.ok(position !== undefined, error.message);
    return Number(position);
  }
  assert.fail("nothing was thrown");
}

for (const format of FORMATS) {
  describe(`Secret.${format}`, () => {
    it("gives the bytes that were encoded, at every length", () => {
      const next = random(1);
      for (let length = 1; length < 300; length++) {
        const bytes = Uint8Array.from({ length }, () => next(256));
        const text = encode(format, bytes);
        assert.deepEqual(decoded(format, text, "bytes"), [...bytes], text);
        assert.deepEqual(decoded(format, text, "string"), [...bytes], text);
      }
    });

    it("takes and refuses what the runtime's own decoder does, of 20,000 random texts", () => {
      const next = random(2);
      const letters = {
        fromHex: "0123456789abcdefABCDEF",
        fromBase64: "ABCZabz019+/",
        fromBase64Url: "ABCZabz019-_",
      }[format];
      const others = "= \n\t\f\rgG@[`{:/+-_.\0\x7f\xe9\u0130~";
      const seen = { taken: 0, refused: 0 };
      for (let turn = 0; turn < 20_000; turn++) {
        const strange = next(4) === 0 ? 4 : 40;
        const text = Array.from(
          { length: 1 + next(14) },
          (_, index) =>
            next(strange) === 0 || (index > 5 && next(4) === 0)
              ? others[next(others.length)]
              : letters[next(letters.length)],
        ).join("");
        const expected = reference(format, text);
        const wanted = expected?.length === 0 ? undefined : expected;
        seen[wanted === undefined ? "refused" : "taken"] += 1;
        const form = turn % 2 === 0 ? "bytes" : "string";
        assert.deepEqual(decoded(format, text, form), wanted, JSON.stringify(text));
      }
      assert.ok(seen.taken > 1000 && seen.refused > 1000, JSON.stringify(seen));
    });

    it("refuses every other byte at every place, and says where it is", () => {
      const alphabets = {
        fromHex: /[0-9a-fA-F]/,
        fromBase64: /[A-Za-z0-9+/\t\n\f\r =]/,
        fromBase64Url: /[A-Za-z0-9_\-\t\n\f\r =]/,
      };
      // Every place of two groups, and of the group at the end.
      const text = encode(format, new Uint8Array(7).fill(0xff)).replaceAll("=", "");
      let refused = 0;
      for (let byte = 0; byte < 256; byte++) {
        const valid = byte < 128 && alphabets[format].test(String.fromCharCode(byte));
        for (let position = 0; position < text.length; position++) {
          const bytes = utf8(text);
          bytes[position] = byte;
          if (valid) {
            // Padding in the middle, and what leaves bits over, is refused as well.
            const expected = reference(format, Buffer.from(bytes).toString("latin1"));
            if (expected !== undefined) assert.deepEqual(take(Secret[format](bytes)), expected);
            else assert.throws(() => Secret[format](bytes), SyntaxError);
            continue;
          }
          refused += 1;
          assert.equal(positionOf(() => Secret[format](bytes)), position, `${byte}`);
          assert.equal(bytes[position], byte, "the text was changed");
        }
      }
      assert.ok(refused > 128 * text.length);
    });

    it("finds a wrong character beyond the first thousands, of bytes and of a string", () => {
      const text = encode(format, new Uint8Array(30_000).fill(0xa5));
      const wrong = `${text.slice(0, 20_001)}!${text.slice(20_002)}`;
      assert.equal(positionOf(() => Secret[format](utf8(wrong))), 20_001);
      assert.equal(positionOf(() => Secret[format](wrong)), 20_001);
      // In a string the position is that of the string, not of its UTF-8.
      assert.equal(positionOf(() => Secret[format](`${text.slice(0, 40)}é`)), 40);
      assert.deepEqual(take(Secret[format](text)), Array(30_000).fill(0xa5));
    });

    it("names the position in its message, and nothing of the text", () => {
      const text = encode(format, new Uint8Array(6).fill(0x5a));
      assert.throws(() => Secret[format](`${text}\u{1f511}`), (error: Error) => {
        assert.match(
          error.message,
          /^Cannot decode the text: the character at position \d+ is not/,
        );
        assert.ok(!error.message.includes(text) && !error.message.includes("\u{1f511}"));
        return true;
      });
    });

    it("refuses what is neither text nor bytes, and what is empty or shared", () => {
      const use = (text: unknown) => () => Secret[format](text as string);
      for (
        const text of [
          undefined,
          null,
          5,
          {},
          [],
          new ArrayBuffer(4),
          new DataView(new ArrayBuffer(4)),
        ]
      ) {
        assert.throws(use(text), TypeError);
      }
      assert.throws(use(""), RangeError);
      assert.throws(use(new Uint8Array(0)), RangeError);
      assert.throws(use(new Uint8Array(new SharedArrayBuffer(4))), TypeError);
    });

    it("leaves nothing behind when it fails, and one secret when it does not", () => {
      const before = stats();
      for (const text of ["!", utf8("!"), `${"0".repeat(5000)}!`]) {
        assert.throws(() => Secret[format](text), SyntaxError);
      }
      assert.equal(stats().inUse, before.inUse);
      assert.equal(stats().openWindows, before.openWindows);
      const secret = Secret[format]("00000000");
      assert.equal(stats().inUse, before.inUse + 1);
      secret.close();
      assert.equal(stats().inUse, before.inUse);
      assert.equal(stats().openWindows, before.openWindows);
    });

    it("wipes its part of a buffer, and no more", () => {
      const buffer = utf8("..00000000..");
      Secret[format](buffer.subarray(2, 10)).close();
      assert.deepEqual([...buffer], [46, 46, 0, 0, 0, 0, 0, 0, 0, 0, 46, 46]);
    });

    it("passes options on, also from a factory", () => {
      const options = { label: "decoded", alignment: 64, gate: "mprotect" } as const;
      using direct = Secret[format]("00000000", options);
      using made = new SecretFactory(options)[format](utf8("00000000"));
      for (const secret of [direct, made]) {
        assert.equal(secret.status().gate, "mprotect");
        assert.ok(secret.length >= 4);
      }
      assert.throws(() => Secret[format]("00000000", { alignment: 3 }), RangeError);
      assert.throws(() => Secret[format]("00000000", { maxBytes: 3 } as never), TypeError);
      assert.throws(() => new SecretFactory()[format]("00", { maxBytes: 3 } as never), TypeError);
      const required = capabilities().stores.secretmem.available ? "secretmem" : "locked";
      using stored = Secret[format]("00000000", { store: required });
      assert.equal(stored.status().store, required);
    });
  });
}

test("hexadecimal is of both cases", () => {
  assert.deepEqual(take(Secret.fromHex("00ffFFaA5F")), [0, 255, 255, 0xaa, 0x5f]);
});

test("an odd number of digits is missing one at the end", () => {
  assert.equal(positionOf(() => Secret.fromHex("abc")), 3);
  assert.throws(() => Secret.fromHex("abc"), /it ends too early for hexadecimal, at position 3$/);
});

test("the alphabets of base64 are not mixed", () => {
  assert.deepEqual(take(Secret.fromBase64("+/+/")), [0xfb, 0xff, 0xbf]);
  assert.deepEqual(take(Secret.fromBase64Url("-_-_")), [0xfb, 0xff, 0xbf]);
  assert.equal(positionOf(() => Secret.fromBase64("+/-/")), 2);
  assert.equal(positionOf(() => Secret.fromBase64Url("-/-_")), 1);
});

test("padding is whole or left out", () => {
  for (const format of ["fromBase64", "fromBase64Url"] as const) {
    for (const text of ["QQ", "QQ==", "Q\nQ = =\n", "QUI", "QUI="]) {
      assert.equal(take(Secret[format](text))[0], 65, text);
    }
    for (
      const [text, position] of [["QQ=", 3], ["QQ===", 4], ["QUI==", 4], ["QUJD=", 4], [
        "=",
        0,
      ]] as const
    ) {
      assert.equal(positionOf(() => Secret[format](text)), position, text);
    }
    assert.equal(positionOf(() => Secret[format]("QQ==QQ==")), 4);
    assert.equal(positionOf(() => Secret[format]("Q")), 1);
    assert.throws(() => Secret[format](" \n\t"), RangeError);
  }
});

test("bits that are left over have to be zero: bytes have one text", () => {
  assert.deepEqual(take(Secret.fromBase64("QQ")), [65]);
  assert.equal(positionOf(() => Secret.fromBase64("QR")), 1);
  assert.equal(positionOf(() => Secret.fromBase64("QUJ")), 2);
  assert.equal(positionOf(() => Secret.fromBase64("QR==\n")), 1);
});

test("the view of a secret is no text, unless it may be written to", () => {
  using text = Secret.fromString("00000000");
  assert.throws(() => text.withBytes((bytes) => Secret.fromHex(bytes)), TypeError);
  const inner = text.update((bytes) => Secret.fromHex(bytes));
  assert.equal(take(inner).length, 4);
  assert.deepEqual(take(text), Array(8).fill(0));
});
