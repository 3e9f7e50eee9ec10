/**
 * The observer finds what is there: every form, whole and in part, and across its own pieces.
 *
 * @module
 */
import { it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Form, FORMS, wide } from "./support/forms.ts";
import { type Found, observeFile } from "./support/observer.ts";
import { programs } from "./support/programs.ts";
import { withoutWay } from "./support/tracing.ts";

const skip = withoutWay("mem");
const token = randomBytes(32);
const MIB = 1 << 20;

/** What there can be of some bytes, in each form. */
function spelled(bytes: Buffer): Record<Form, Buffer[]> {
  const hex = Buffer.from(bytes.toString("hex"));
  const base64 = [0, 1, 2].map((shift) => {
    const before = Buffer.alloc(shift, 0x2e);
    return Buffer.from(Buffer.concat([before, bytes]).toString("base64"));
  });
  return {
    "raw": [bytes],
    "reversed": [Buffer.from(bytes).reverse()],
    "hex": [hex, Buffer.from(bytes.toString("hex").toUpperCase())],
    "base64": [...base64, Buffer.from(bytes.toString("base64url"))],
    "UTF-16": [bytes, hex, ...base64].map(wide),
  };
}

function found(content: Uint8Array): Found["copies"] {
  const path = join(programs().folder, "observed");
  writeFileSync(path, content);
  return observeFile(path, new Map([["token", token]])).tokens.get("token")
    ?.copies as Found["copies"];
}

const NOTHING = Object.fromEntries(FORMS.map((form) => [form, 0]));

for (const form of FORMS) {
  it(`the observer finds a token in the form "${form}", whole and a part of it`, { skip }, () => {
    for (const part of [token, token.subarray(0, 20), token.subarray(12)]) {
      for (const text of spelled(part)[form]) {
        const copies = found(Buffer.concat([randomBytes(5), text, randomBytes(5)]));
        assert.ok(copies[form] > 0, `${part.length} bytes of it`);
      }
    }
  });
}

it("the observer counts copies, wherever its pieces begin and end", { skip }, () => {
  for (const offset of [-40, -31, -16, -8, -1, 0, 1, 90, 127, 128]) {
    const content = Buffer.alloc(3 * MIB);
    for (const times of [1, 2]) token.copy(content, times * MIB + offset);
    assert.deepEqual(found(content), { ...NOTHING, raw: 2 }, `${offset}`);
  }
});

it("the observer finds what stands behind a hole of a file", { skip }, () => {
  const path = join(programs().folder, "sparse");
  writeFileSync(path, token);
  truncateSync(path, 64 * MIB);
  writeFileSync(path, token, { flag: "a" });
  const { bytes, tokens } = observeFile(path, new Map([["token", token]]));
  assert.equal(tokens.get("token")?.copies.raw, 2);
  assert.ok(bytes < MIB, "the hole was read");
});

it("the observer finds nothing where nothing is", { skip }, () => {
  assert.deepEqual(found(randomBytes(MIB)), NOTHING);
});
