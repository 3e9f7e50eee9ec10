/**
 * From the reason that the library gives to what is behind it. Reasons are sentences for
 * people; a test makes every one that the library can give and looks for it here.
 *
 * @module
 */

/** What can stand between a runtime and the library. */
export type RuntimeCause =
  | "no-ffi"
  | "deno-ffi"
  | "deno-ffi-path"
  | "node-ffi-permission"
  | "node-old"
  | "node-ffi-off"
  | "no-library"
  | "library-not-a-file"
  | "library-missing"
  | "library-version"
  | "library-damaged"
  | "library-nowhere"
  | "library-refused";

/** What can stand against a secret, or against a rung. */
export type Cause =
  | RuntimeCause
  | "environment"
  | "required-rung"
  | "no-random"
  | "lock-limit"
  | "lock-refused"
  | "mappings"
  | "memory"
  | "secrets"
  | "descriptors"
  | "protection"
  | "corrupted"
  | "secretmem-elsewhere"
  | "secretmem-kernel"
  | "secretmem-refused"
  | "secretmem-setup"
  | "pkey-elsewhere"
  | "pkey-none-left"
  | "pkey-missing"
  | "pkey-refused"
  | "pkey-test"
  | "pkey-setup"
  | "seal-kernel"
  | "seal-refused"
  | "seal-elsewhere"
  | "dump-macos"
  | "dump-windows"
  | "status-unknown"
  | "no-secrets"
  | "other";

/** The system call of a reason that names one, such as `mlock failed with EPERM 1`. */
interface Failed {
  readonly call: string;
  readonly errno: string;
}

/** Errors by which a filter or a policy refuses: seccomp(2), and the errno of Docker's profile. */
const REFUSED: readonly string[] = ["EPERM", "EACCES"];

/** In this order: the first that fits. */
const SENTENCES: readonly (readonly [RegExp, Cause])[] = [
  [/this runtime has no FFI/, "no-ffi"],
  [/FFI is not allowed: run Deno/, "deno-ffi"],
  [/FFI has to be allowed for every library/, "deno-ffi-path"],
  [/the permission model is on and FFI is not allowed/, "node-ffi-permission"],
  [/^Cannot load .*: Node \S+ has no FFI/, "node-old"],
  [/FFI is off/, "node-ffi-off"],
  [/there is none for \S+ on \S+\. Build it/, "no-library"],
  [/the module did not come from a file/, "library-not-a-file"],
  [/its SHA-256 is|was cut short at/, "library-damaged"],
  [
    /^Cannot load the native (?:crypto |extra )?library that came with the module \(/,
    "library-nowhere",
  ],
  [/it is missing, not readable, or not SecureMemory's/, "library-missing"],
  [/its ABI version is|it lacks symbols of its ABI version/, "library-version"],
  [/the system gave no random bytes/, "no-random"],
  [/^Cannot (load|use) the native (?:crypto |extra )?library/, "library-refused"],
  [/^Cannot use the option SECUREMEMORY_/, "environment"],
  [/the (store|gate) "\w+" is required, and/, "required-rung"],
  [/vm\.max_map_count/, "mappings"],
  [/as many secrets as it can/, "secrets"],
  [/something wrote over the bytes/, "corrupted"],
  [/^secrets cannot be made here$/, "no-secrets"],
  [/^macOS cannot leave pages out/, "dump-macos"],
  [/no protection key is left/, "pkey-none-left"],
  [/protection keys do not hold here|it could not be tested/, "pkey-test"],
];

/** What is behind a reason that a row of the report gives. */
export function causeOf(reason: string, row: string, os: string): Cause {
  for (const [sentence, cause] of SENTENCES) if (sentence.test(reason)) return cause;
  const failed = failedCall(reason);
  if (failed !== undefined && ["EMFILE", "ENFILE"].includes(failed.errno)) return "descriptors";
  if (/^the limit for locked memory is|: the limit for locked memory is/.test(reason)) {
    return lockCause(reason, failed);
  }
  if (/^Cannot read the status/.test(reason)) return "status-unknown";
  if (/: the system refused memory/.test(reason)) {
    return failed?.call === "mlock" ? "lock-refused" : "memory";
  }
  if (/the protection of its pages could not be changed/.test(reason)) return "protection";
  return causeOfRow(reason, row, os, failed);
}

/** What a row alone has. */
function causeOfRow(reason: string, row: string, os: string, failed: Failed | undefined): Cause {
  const refused = REFUSED.includes(failed?.errno ?? "");
  switch (row) {
    case "secretmem":
      if (failed === undefined) return "secretmem-elsewhere";
      if (failed.call !== "memfd_secret") return "secretmem-setup";
      return refused ? "secretmem-refused" : "secretmem-kernel";
    case "pkey":
      if (failed === undefined) return "pkey-elsewhere";
      if (failed.call !== "pkey_alloc") return "pkey-setup";
      return refused ? "pkey-refused" : "pkey-missing";
    case "sealed-guards":
      if (os !== "linux") return "seal-elsewhere";
      return refused ? "seal-refused" : "seal-kernel";
    case "dump-exclusion":
      return os === "windows" ? "dump-windows" : "status-unknown";
    case "locked":
      return /^Cannot lock a page: the system does not offer it/.test(reason)
        ? "lock-refused"
        : "other";
    default:
      return "other";
  }
}

/**
 * The kernel says EPERM where the limit is 0, and ENOMEM or EAGAIN above it (mlock2(2),
 * mm/secretmem.c). EPERM with a limit above 0 comes from a filter.
 */
function lockCause(reason: string, failed: Failed | undefined): Cause {
  const limit = /the limit for locked memory is (\d+) bytes/.exec(reason)?.[1];
  const filtered = failed?.errno === "EPERM" && limit !== undefined && limit !== "0";
  return filtered ? "lock-refused" : "lock-limit";
}

function failedCall(reason: string): Failed | undefined {
  const found = /\((\w+) failed with (\w+) \d+\)/.exec(reason);
  if (found === null) return undefined;
  const [, call, errno] = found as unknown as [string, string, string];
  return { call, errno };
}
