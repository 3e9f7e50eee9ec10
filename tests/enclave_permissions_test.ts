/**
 * Enclaves on a Deno that may load the libraries and nothing else.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dirname } from "node:path";
import { LIBRARY, LIBRARY_ONLY, reportedByDeno, withoutDeno } from "./support/deno.ts";

const FOLDER = ["--no-prompt", `--allow-ffi=${dirname(LIBRARY)}`];

test("with a permission for the libraries' folder alone, enclaves do everything", {
  skip: withoutDeno,
}, async () => {
  const seen = await reportedByDeno<unknown>(
    `
    const { configure, Enclave, rekey, Secret, stats } = securememory;
    let refused;
    try {
      Deno.UnsafePointer.of(new Uint8Array(1));
    } catch (error) {
      refused = error.name;
    }
    const seal = (...bytes) => Enclave.seal(new Uint8Array(bytes));
    const read = (enclave) => enclave.withBytes((bytes) => [...bytes]);
    configure({ enclaveSlots: 0 });
    const short = seal(1, 2, 3);
    const long = seal(1, 2, 3, 4, 5);
    const cold = [read(short), read(long), read(short)];
    const nested = short.withBytes((one) => long.withBytes((other) => [one.length, other.length]));
    const later = await short.withBytesAsync((bytes) => bytes[2]);
    let name;
    try {
      short.withBytes((bytes) => void bytes.buffer.transfer());
    } catch (error) {
      name = error.name;
    }
    configure({ enclaveSlots: 4 });
    const hot = [read(short), read(short), read(short)];
    const moved = rekey();
    const opened = short.open().length;
    const same = read(Enclave.attach(structuredClone(short.share())));
    short.close();
    console.log(JSON.stringify({
      ...{ refused, cold, nested, later, name, hot, moved, opened, same },
      ...{ closed: short.isClosed, openWindows: stats().openWindows },
    }));
  `,
    FOLDER,
  );
  const bytes = [1, 2, 3];
  assert.deepEqual(seen, {
    refused: "NotCapable",
    cold: [bytes, [1, 2, 3, 4, 5], bytes],
    nested: [3, 5],
    later: 3,
    name: "TypeError",
    hot: [bytes, bytes, bytes],
    moved: 2,
    opened: 3,
    same: bytes,
    closed: true,
    openWindows: 0,
  });
});

test("with a permission for one library alone, sealing says which one is missing", {
  skip: withoutDeno,
}, async () => {
  const { code, message, source } = await reportedByDeno<
    { code: string; message: string; source: number[] }
  >(
    `
    const source = new Uint8Array([1, 2, 3]);
    try {
      securememory.Enclave.seal(source);
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message, source: [...source] }));
    }
  `,
    LIBRARY_ONLY,
  );
  assert.equal(code, "UNSUPPORTED");
  assert.match(message, /crypto/);
  assert.match(message, /--allow-ffi/);
  assert.deepEqual(source, [1, 2, 3]);
});
