/**
 * What this host offers, rung by rung, and why something is missing.
 *
 * @module
 */
import { SecureMemoryError } from "./errors.ts";
import {
  HIBERNATION,
  PROBE_LOCKED,
  PROBE_MPROTECT,
  PROBE_PKEY,
  PROBE_SEAL,
  PROBE_SECRETMEM,
} from "./native/abi.ts";
import { failure, reasonMissing } from "./native/failure.ts";
import { type Library, library, statistics } from "./native/library.ts";
import type { RuntimeName } from "./native/runtime.ts";
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
  /** Secrets can be made here. If not, `reason` says why, and the rest is empty. */
  readonly supported: boolean;
  /** Why no secret can be made; `undefined` if one can. */
  readonly reason: string | undefined;
  /** The runtime; `undefined` if it has no FFI. */
  readonly runtime: RuntimeName | undefined;
  /** Its version. */
  readonly runtimeVersion: string | undefined;
  /** Path of the native library: `/proc/self/fd/N` if it came with the module, not in a file. */
  readonly library: string | undefined;
  /** Bytes of a memory page, 4,096 to 65,536; 0 if unknown. */
  readonly pageSize: number;
  /** Bytes that may be locked (`RLIMIT_MEMLOCK`); `Infinity` if there is no limit. */
  readonly lockLimitBytes: number;
  /** Bytes that this library has locked. */
  readonly lockedBytes: number;
  /** The rungs of the store ladder, best first. */
  readonly stores: { readonly secretmem: Availability; readonly locked: Availability };
  /** The rungs of the gate ladder, best first. */
  readonly gates: { readonly pkey: Availability; readonly mprotect: Availability };
  /** Guards are sealed, so that no code of the process can open or unmap them. */
  readonly guardSealing: Availability;
  /** Pages are left out of core dumps. */
  readonly dumpExclusion: Availability;
  /**
   * What becomes of hibernation, which the store `secretmem` blocks for the whole host:
   * `unavailable` (the host has none), `available`, `blocked` by this library, or `unknown`.
   * The store `auto` is `secretmem` only where it is unavailable or blocked already.
   */
  readonly hibernation: "unavailable" | "available" | "unknown" | "blocked";
  /** What the kernel says of a secret that was made to find out; `undefined` if it does not tell. */
  readonly probe: SecretStatus | undefined;
}

/**
 * Reports what this host offers, as the kernel has it: it makes a secret, looks, and
 * closes it. Never throws for something missing.
 *
 * @returns What there is.
 *
 * @example Usage
 * ```ts
 * import { capabilities } from "@securememory/core";
 *
 * const { supported, stores, lockLimitBytes } = capabilities();
 * console.log(supported, stores.locked.available, lockLimitBytes > 0);
 * ```
 */
export function capabilities(): Capabilities {
  let loaded: Library;
  try {
    loaded = library();
  } catch (error) {
    return unsupported(messageOf(error));
  }
  const { made, status, reason } = probe();
  const numbers = statistics(loaded);
  const find = (what: number, action: string) => {
    const result = loaded.calls.securememory_probe(what);
    return result === 0 ? available() : missing(whyMissing(loaded, result, what, action));
  };
  return {
    supported: made,
    reason: made ? undefined : reason,
    runtime: loaded.runtime.name,
    runtimeVersion: loaded.runtime.version,
    library: loaded.path,
    pageSize: loaded.pageSize,
    lockLimitBytes: numbers.lock_limit_bytes,
    lockedBytes: numbers.locked_bytes,
    stores: {
      secretmem: find(PROBE_SECRETMEM, "Cannot use memfd_secret"),
      locked: find(PROBE_LOCKED, "Cannot lock a page"),
    },
    gates: {
      pkey: find(PROBE_PKEY, "Cannot use protection keys"),
      mprotect: find(PROBE_MPROTECT, "Cannot open and close a page"),
    },
    guardSealing: find(PROBE_SEAL, "Cannot seal guards"),
    dumpExclusion: dumpExclusion(loaded, status, reason),
    hibernation: HIBERNATION[loaded.calls.securememory_hibernation()] ?? "unknown",
    probe: status,
  };
}

function whyMissing(loaded: Library, result: number, what: number, action: string): string {
  if (what === PROBE_SECRETMEM || what === PROBE_PKEY) return reasonMissing(loaded, result);
  return failure(loaded, result, action).message;
}

function dumpExclusion(
  { runtime }: Library,
  status: SecretStatus | undefined,
  reason: string | undefined,
): Availability {
  if (status?.excludedFromDumps === true) return available();
  if (runtime.os === "macos") {
    return missing(
      "macOS cannot leave pages out of a core dump: use harden() to have no dump at all",
    );
  }
  return missing(reason ?? "the system does not show the pages as left out of dumps");
}

/** What became of a secret that was made to find out. */
interface Probed {
  readonly made: boolean;
  readonly status: SecretStatus | undefined;
  /** Why it could not be made, or not be looked at. */
  readonly reason: string | undefined;
}

function probe(): Probed {
  let made = false;
  try {
    // What there is, whatever rung the application requires.
    using secret = Secret.random(1, { store: "auto", gate: "auto", label: "capabilities" });
    made = true;
    // Which key it had for a moment says nothing of the host.
    return { made, status: { ...secret.status(), pkey: undefined }, reason: undefined };
  } catch (error) {
    return { made, status: undefined, reason: messageOf(error) };
  }
}

function unsupported(reason: string): Capabilities {
  const absent = missing("secrets cannot be made here");
  return {
    supported: false,
    reason,
    runtime: undefined,
    runtimeVersion: undefined,
    library: undefined,
    pageSize: 0,
    lockLimitBytes: 0,
    lockedBytes: 0,
    stores: { secretmem: absent, locked: absent },
    gates: { pkey: absent, mprotect: absent },
    guardSealing: absent,
    dumpExclusion: absent,
    hibernation: "unknown",
    probe: undefined,
  };
}

/** Of our errors, and of a TypeError for a wrong environment variable; others are bugs. */
function messageOf(error: unknown): string {
  if (error instanceof SecureMemoryError || error instanceof TypeError) return error.message;
  throw error;
}

function available(): Availability {
  return { available: true, reason: undefined };
}

function missing(reason: string): Availability {
  return { available: false, reason };
}
