/**
 * Sealing: from a secret, or bytes, to the handle of an enclave.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { SecretBusyError, SecretClosedError } from "../errors.ts";
import { close, enter } from "../gate.ts";
import { isKept, withStill } from "../kept_bytes.ts";
import { sealing } from "../native/crypto.ts";
import { type Library, library as loadedLibrary } from "../native/library.ts";
import { inside } from "../inside.ts";
import type { Secret } from "../secret.ts";
import { runWithoutView } from "../window.ts";
import { startTicking } from "../idle.ts";
import { enclaveFailure } from "./failure.ts";
import { currentNet, type Net } from "./net.ts";

/** What was sealed. */
export interface Sealed {
  readonly net: Net;
  readonly handle: number;
  readonly length: number;
}

const ACTION = "Cannot seal the secret";

/**
 * Encrypts what a secret holds, and closes it.
 *
 * @throws {SecretClosedError} If it was closed.
 * @throws {SecretBusyError} If a window for writing is open on it: half of what it is to be may be there.
 */
export function sealSecret(secret: Secret): Sealed {
  if (secret.isClosed) throw new SecretClosedError(`${ACTION}: it is closed`);
  const cell = inside.cell(secret);
  if (cell.writable) {
    throw new SecretBusyError(`${ACTION}: a window for writing is open on it`);
  }
  const library = sealingLibrary();
  const net = currentNet(library);
  const { length } = cell;
  let sealed: Sealed | undefined;
  enter(cell);
  try {
    runWithoutView(cell, () => {
      const handle = library.calls.securememory_enclave_seal(cell.handle, net.epoch);
      sealed = finish({ net, handle, length });
    });
    close(cell);
  } catch (error) {
    // The enclave may be there, and the window on the source, or the source, failed to close.
    if (sealed !== undefined) library.calls.securememory_enclave_close(sealed.handle);
    throw error;
  }
  return sealed as unknown as Sealed;
}

/** Encrypts bytes, and wipes them once everything has succeeded. */
export function sealBytes(source: unknown): Sealed {
  if (!(source instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot seal the source: it must be a Secret or a Uint8Array, current value is ${
        describe(source)
      }`,
    );
  }
  if (source.byteLength === 0) {
    throw new RangeError("Cannot seal the source: it must not be empty");
  }
  if (isKept(source)) {
    const sealed = withStill(source, (still) => encrypt(still, source.byteLength));
    source.fill(0);
    return sealed;
  }
  if (!(source.buffer instanceof ArrayBuffer)) {
    throw new TypeError(
      "Cannot seal the source: it must not be in shared memory, which other threads could read or change meanwhile",
    );
  }
  inside.checkWritable(source, "seal the source");
  return encrypt(source as Uint8Array<ArrayBuffer>, source.byteLength);
}

/** The native library, which can seal. */
function sealingLibrary(): Library {
  sealing();
  return loadedLibrary();
}

function encrypt(bytes: Uint8Array<ArrayBuffer>, length: number): Sealed {
  const library = sealingLibrary();
  const net = currentNet(library);
  const handle = library.calls.securememory_enclave_from(bytes, length, net.epoch);
  return finish({ net, handle, length });
}

function finish(sealed: Sealed): Sealed {
  const { net: { library }, handle, length } = sealed;
  if (handle < 0) throw enclaveFailure(library, 0, handle, ACTION, length);
  // The key's pages are open now.
  startTicking(library);
  return sealed;
}
