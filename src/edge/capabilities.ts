/**
 * What the edge offers, and what not.
 *
 * @module
 */
import { SecureMemoryError } from "../errors.ts";
import { bytesAt, core, MEMORY_MAX } from "./core.ts";
import { type RuntimeName, runtimeName } from "./runtime.ts";
import { Secret } from "./secret.ts";
import type { SecretStatus } from "./status.ts";

/** Whether something is there, and if not, why. */
export interface Availability {
  /** Whether it is there. */
  readonly available: boolean;
  /** Why it is missing; `undefined` if it is there. */
  readonly reason: string | undefined;
}

/** What `capabilities` reports. */
export interface Capabilities {
  /** Secrets can be made here. If not, `reason` says why. */
  readonly supported: boolean;
  /** Why no secret can be made; `undefined` if one can. */
  readonly reason: string | undefined;
  /** The runtime; `undefined` if it is not one that this was tested on. */
  readonly runtime: RuntimeName | undefined;
  /** Closed secrets are ciphertext: tried with one that was made to find out. */
  readonly encryption: Availability;
  /** What keeps other code from a secret's bytes: nothing, see the reason. */
  readonly isolation: Availability;
  /** The rungs of the store ladder: none is there. */
  readonly stores: { readonly secretmem: Availability; readonly locked: Availability };
  /** The rungs of the gate ladder: none is there. */
  readonly gates: { readonly pkey: Availability; readonly mprotect: Availability };
  /** Inaccessible pages around a secret: there are none. */
  readonly guards: Availability;
  /** Being left out of core dumps and heap snapshots: it is not. */
  readonly dumpExclusion: Availability;
  /** Bytes of a page of WebAssembly, the largest alignment. */
  readonly pageSize: 65536;
  /** Bytes that the memory can have at most. */
  readonly memoryLimitBytes: number;
  /** Of a secret that was made to find out; `undefined` if none could be made. */
  readonly probe: SecretStatus | undefined;
}

/**
 * Reports what holds here: it makes a secret, looks, and closes it. Never throws for something
 * missing.
 *
 * @returns What there is.
 *
 * @example Usage
 * ```ts
 * import { capabilities } from "@securememory/core/edge";
 *
 * const { encryption, stores } = capabilities();
 * console.log(encryption.available, stores.locked.reason);
 * // true WebAssembly memory cannot be locked: it can be swapped out
 * ```
 */
export function capabilities(): Capabilities {
  const { status, encryption, reason } = probe();
  const noStore = missing("WebAssembly memory cannot be locked: it can be swapped out");
  const noGate = missing("the protection of WebAssembly memory cannot be changed");
  return {
    supported: status !== undefined,
    reason,
    runtime: runtimeName(),
    encryption,
    isolation: missing(
      "code of this isolate that is given a view in a window has the whole memory by its buffer, " +
        "and whoever reads all of that on purpose finds the key that encrypts closed secrets",
    ),
    stores: { secretmem: noStore, locked: noStore },
    gates: { pkey: noGate, mprotect: noGate },
    guards: missing("WebAssembly memory is one piece: a stray access inside it does not fault"),
    dumpExclusion: missing(
      "WebAssembly memory is in core dumps and heap snapshots like any other: closed secrets are " +
        "ciphertext in them, beside their key",
    ),
    pageSize: 65536,
    memoryLimitBytes: MEMORY_MAX,
    probe: status,
  };
}

/** What became of a secret that was made to find out. */
interface Probed {
  readonly status: SecretStatus | undefined;
  readonly encryption: Availability;
  readonly reason: string | undefined;
}

function probe(): Probed {
  const options = { store: "auto", gate: "auto", revokeViews: false } as const;
  try {
    using secret = Secret.random(16, options);
    const [place, plain] = secret.withBytes((bytes) => [bytes.byteOffset, bytes.slice()] as const);
    const closed = bytesAt(core(), place, plain.length);
    const encrypted = closed.some((byte, index) => byte !== plain[index]);
    plain.fill(0);
    const encryption = encrypted
      ? { available: true, reason: undefined }
      : missing("a closed secret was found in the clear");
    return { status: secret.status(), encryption, reason: undefined };
  } catch (error) {
    if (!(error instanceof SecureMemoryError)) throw error;
    return {
      status: undefined,
      encryption: missing("secrets cannot be made here"),
      reason: error.message,
    };
  }
}

function missing(reason: string): Availability {
  return { available: false, reason };
}
