/**
 * What this host offers, rung by rung, and why something is missing.
 *
 * @module
 */
import { SecureMemoryError } from "./errors.ts";
import { type Library, library, statistics } from "./native/library.ts";
import type { RuntimeName } from "./native/runtime.ts";
import { MISSING_RUNGS } from "./options.ts";
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
  /** Path of the native library. */
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
  /** Pages are left out of core dumps. */
  readonly dumpExclusion: Availability;
  /** What the kernel says of a secret that was made to find out; `undefined` if none could be. */
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
  const probed = probe();
  const status = "status" in probed ? probed.status : undefined;
  const reason = "reason" in probed ? probed.reason : undefined;
  const numbers = statistics(loaded);
  const locked = status?.locked === true;
  return {
    supported: status !== undefined,
    reason,
    runtime: loaded.runtime.name,
    runtimeVersion: loaded.runtime.version,
    library: loaded.path,
    pageSize: loaded.pageSize,
    lockLimitBytes: numbers.lock_limit_bytes,
    lockedBytes: numbers.locked_bytes,
    stores: {
      secretmem: missing(MISSING_RUNGS.secretmem),
      locked: locked
        ? available()
        : missing(reason ?? "the kernel does not show the pages as locked"),
    },
    gates: {
      pkey: missing(MISSING_RUNGS.pkey),
      mprotect: status?.protection === "none"
        ? available()
        : missing(reason ?? "the probe's page was not closed"),
    },
    dumpExclusion: dumpExclusion(loaded, status, reason),
    probe: status,
  };
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

function probe(): { status: SecretStatus } | { reason: string } {
  try {
    // What there is, whatever rung the application requires.
    using secret = Secret.random(1, { store: "auto", gate: "auto", label: "capabilities" });
    return { status: secret.status() };
  } catch (error) {
    return { reason: messageOf(error) };
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
    dumpExclusion: absent,
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
