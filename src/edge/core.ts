/**
 * The core as WebAssembly: instantiated once, at the first secret.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import type { Bytes } from "../running.ts";
import { wasmModule } from "./module.ts";

/** What the module exports; zig/edge.zig says what each is. */
export interface Core {
  readonly memory: WebAssembly.Memory;
  securememory_create(length: number, alignment: number): number;
  securememory_create_random(length: number, alignment: number): number;
  securememory_create_copy(handle: number, alignment: number): number;
  securememory_open(handle: number, protection: number): number;
  securememory_close(handle: number): number;
  securememory_destroy(handle: number): number;
  securememory_purge(): number;
  securememory_address(handle: number): number;
  securememory_length(handle: number): number;
  securememory_equal(first: number, second: number): number;
  securememory_equal_bytes(handle: number, bytes: number, length: number): number;
  securememory_scratch(length: number): number;
  securememory_scratch_end(): void;
  securememory_statistic(what: number): number;
  securememory_create_decoded(
    format: number,
    text: number,
    length: number,
    alignment: number,
    position: number,
  ): number;
  securememory_hmac(
    handle: number,
    hash: number,
    data: number,
    dataLength: number,
    out: number,
  ): number;
  securememory_hmac_secret(
    handle: number,
    hash: number,
    data: number,
    dataLength: number,
    alignment: number,
  ): number;
  securememory_verify_hmac(
    handle: number,
    hash: number,
    data: number,
    dataLength: number,
    mac: number,
  ): number;
  securememory_derive(
    handle: number,
    hash: number,
    salt: number,
    saltLength: number,
    info: number,
    infoLength: number,
    length: number,
    alignment: number,
  ): number;
  securememory_encrypt(
    handle: number,
    aad: number,
    aadLength: number,
    plaintext: number,
    length: number,
    box: number,
  ): number;
  securememory_encrypt_secret(
    handle: number,
    other: number,
    aad: number,
    aadLength: number,
    box: number,
    boxLength: number,
  ): number;
  securememory_decrypt(
    handle: number,
    aad: number,
    aadLength: number,
    box: number,
    boxLength: number,
    out: number,
  ): number;
  securememory_decrypt_secret(
    handle: number,
    aad: number,
    aadLength: number,
    box: number,
    boxLength: number,
    alignment: number,
  ): number;
  securememory_sign(handle: number, message: number, length: number, out: number): number;
  securememory_public_key(handle: number, kind: number, out: number): number;
  securememory_agree(handle: number, theirs: number, alignment: number): number;
  securememory_from_password(
    handle: number,
    nonce: number,
    nonceLength: number,
    memoryKib: number,
    passes: number,
    parallelism: number,
    length: number,
    alignment: number,
  ): number;
}

/** As the module declares it, see zig/edge/memory.zig. */
export const MEMORY_MAX = 128 * 1024 * 1024;

/** The most that `getRandomValues` gives at once. */
const RANDOM_MAX = 65536;

let started: Core | undefined;
let randomFailure: unknown;

/**
 * The core, instantiated on the first call.
 *
 * @throws {UnsupportedError} If this runtime has no WebAssembly, or may not use it.
 */
export function core(): Core {
  return started ??= start();
}

/** The core if it was instantiated, without doing so. */
export function coreIfStarted(): Core | undefined {
  return started;
}

/** Bytes of the memory. Growing it, which no window lives through, detaches them. */
export function bytesAt({ memory }: Core, address: number, length: number): Bytes {
  return new Uint8Array(memory.buffer as ArrayBuffer, address, length);
}

/** Why the runtime gave no random bytes the last time it gave none. */
export function whyNoRandom(): string {
  return randomFailure instanceof Error ? randomFailure.message : String(randomFailure);
}

function start(): Core {
  try {
    const imports = { securememory: { random_bytes: randomBytes } };
    return new WebAssembly.Instance(wasmModule(), imports).exports as unknown as Core;
  } catch (cause) {
    throw new UnsupportedError(
      "Cannot start WebAssembly: this runtime has none, or forbids it (on a page, the " +
        "Content-Security-Policy must have 'wasm-unsafe-eval')",
      { cause },
    );
  }
}

/** Straight into the memory. An exception must not cross the module's frames: it says so instead. */
function randomBytes(start: number, length: number): number {
  const address = start >>> 0;
  try {
    for (let done = 0; done < length; done += RANDOM_MAX) {
      const bytes = bytesAt(started as Core, address + done, Math.min(RANDOM_MAX, length - done));
      crypto.getRandomValues(bytes);
    }
    return 0;
  } catch (error) {
    randomFailure = error;
    return 1;
  }
}
