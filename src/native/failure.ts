/**
 * From the negative number that a native call returns to the error that callers get.
 *
 * @module
 */
import {
  AllocationError,
  CorruptionError,
  LockLimitError,
  ProtectionError,
  SecretClosedError,
  SecureMemoryError,
  type SystemDetail,
  UnsupportedError,
} from "../errors.ts";
import { codeOf, detailOf, reasonOf } from "./detail.ts";
import { type Library, statistics } from "./library.ts";

/**
 * The error for a failed call.
 *
 * @param action What it was about, the start of the message: "Cannot create the secret".
 * @param length Bytes of the secret that was to be made, if one was.
 */
export function failure(
  of: Library,
  result: number,
  action: string,
  length = 0,
): SecureMemoryError {
  const code = codeOf(result);
  const detail = detailOf(result);
  const why = reasonOf(of.runtime.os, detail);
  switch (code) {
    case "Closed":
      return new SecretClosedError(`${action}: it is closed`);
    case "LockLimit":
      return lockLimit(of, action, why, detail, length);
    case "AllocationFailed":
      return new AllocationError(`${action}: the system refused memory${why}`, detail);
    case "TooManySecrets":
      return new AllocationError(`${action}: this process has as many secrets as it can`, detail);
    case "RandomFailed":
      return new AllocationError(`${action}: the system gave no random bytes${why}`, detail);
    case "ProtectionFailed":
    case "NotClosed":
      return new ProtectionError(
        `${action}: the protection of its pages could not be changed${why}`,
        detail,
      );
    case "Corrupted":
      return new CorruptionError(
        `${action}: something wrote over the bytes around it; the secret was wiped`,
      );
    case "NotSupported":
      return new UnsupportedError(`${action}: the system does not offer it${why}`, { detail });
    case "NoSecretmem":
      return new UnsupportedError(
        `${action}: the store "secretmem" is required, and ${missingSecretmem(of, detail)}`,
        { detail },
      );
    case "NoPkey":
      return new UnsupportedError(
        `${action}: the gate "pkey" is required, and ${missingPkey(of, detail)}`,
        { detail },
      );
    default:
      // The wrapper passed what it must not: a bug here, not the caller's.
      return new SecureMemoryError("INTERNAL", `${action}: the native call failed (${code})`);
  }
}

/** Why a probe has not found what it looked for. */
export function reasonMissing(of: Library, result: number): string {
  const detail = detailOf(result);
  const code = codeOf(result);
  if (code === "NoSecretmem") return missingSecretmem(of, detail);
  if (code === "NoPkey") return missingPkey(of, detail);
  return failure(of, result, "It failed").message;
}

function missingSecretmem(of: Library, detail: SystemDetail): string {
  if (detail.syscall === "") return `${of.runtime.os} has nothing like it`;
  const why = reasonOf(of.runtime.os, detail);
  if (detail.syscall === "memfd_secret") {
    return `the kernel does not offer memfd_secret${why}: it takes Linux 5.14 or later, before 6.5 ` +
      "booted with secretmem.enable=1, and no sandbox that forbids it";
  }
  return `it cannot be set up here${why}`;
}

function missingPkey(of: Library, detail: SystemDetail): string {
  const why = reasonOf(of.runtime.os, detail);
  switch (detail.syscall) {
    case "":
      return `${of.runtime.os} on ${of.runtime.arch} has nothing like it`;
    case "pkey_alloc":
      return detail.errno === 28
        ? `no protection key is left: all are taken, or the processor has none${why}`
        : `the processor, the kernel or a sandbox has no protection keys${why}`;
    case "pkey_self_test":
      return detail.errno === 0
        ? "protection keys do not hold here: a page was open without the rights to its key"
        : `it could not be tested that protection keys hold${why}`;
    default:
      return `protection keys cannot be set up here${why}`;
  }
}

/** True for the two failures that room on resting pages can cure. */
export function isShortage(result: number): boolean {
  const code = codeOf(result);
  return code === "LockLimit" || code === "AllocationFailed";
}

/** What to do about a spent lock budget, besides closing secrets. */
export const WAYS_OUT: string =
  "Raise the limit (ulimit -l, LimitMEMLOCK= in systemd, --ulimit memlock in Docker), let small " +
  "secrets share pages (SecretPool), or keep those that are not in use encrypted outside the " +
  'limit (SecretPool with onPressure: "seal", Enclave)';

/**
 * The lock was refused. Linux says ENOMEM for a spent lock budget and for spent mappings
 * alike (mlock2(2)); what the kernel counts as locked tells them apart.
 */
function lockLimit(
  of: Library,
  action: string,
  why: string,
  detail: SystemDetail,
  length: number,
): AllocationError {
  const numbers = statistics(of);
  const limit = numbers.lock_limit_bytes;
  const wanted = Math.ceil(Math.max(length, 1) / of.pageSize) * of.pageSize;
  if (
    of.runtime.os === "linux" && detail.errno === 12 &&
    numbers.system_locked_bytes + wanted <= limit
  ) {
    return new AllocationError(
      `${action}: the system refused memory${why}, although the lock budget is not spent: this ` +
        "process may have as many mappings as it can (vm.max_map_count)",
      detail,
    );
  }
  const locked = numbers.locked_bytes;
  return new LockLimitError(
    `${action}: the limit for locked memory is ${
      Number.isNaN(limit) ? "unknown" : `${limit} bytes`
    } and this library has locked ${locked}${why}. ${WAYS_OUT}`,
    detail,
    limit,
    locked,
  );
}
