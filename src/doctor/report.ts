/**
 * What this host offers, and what to do about the rest, as data.
 *
 * @module
 */
import { type Availability, type Capabilities, capabilities } from "../capabilities.ts";
import { SecureMemoryError } from "../errors.ts";
import { cryptoPath } from "../native/crypto.ts";
import { currentRuntime } from "../native/current.ts";
import { HASHES } from "../native/hashes.ts";
import { extraPath } from "../native/library.ts";
import { CORE, CRYPTO, EXTRA, type Part } from "../native/part.ts";
import type { RuntimeName } from "../native/runtime.ts";
import { VERSION } from "../version.ts";
import { type Advice, adviceOn } from "./advice.ts";
import { adviceOnHibernation } from "./advice_on_kernel.ts";
import { readBytes } from "./files.ts";
import { type Host, lookAtHost, runtimeOfHost } from "./host.ts";
import { type Picture, takePicture } from "./picture.ts";

/** What can be required: the name of a row. */
export type RowName =
  | "secretmem"
  | "locked"
  | "pkey"
  | "mprotect"
  | "sealed-guards"
  | "dump-exclusion";

/** All of them: of each ladder the best first. */
export const ROWS: readonly RowName[] = [
  "secretmem",
  "locked",
  "pkey",
  "mprotect",
  "sealed-guards",
  "dump-exclusion",
];

/** One rung, or one protection, of this host. */
export interface Row {
  /** Which one. */
  readonly name: RowName;
  /** What it is part of: the ladder of stores or of gates, or neither. */
  readonly kind: "store" | "gate" | "protection";
  /** Whether it is there. */
  readonly available: boolean;
  /** Whether a secret that asks for nothing has it here. */
  readonly used: boolean;
  /** Why it is missing; `null` if it is there. */
  readonly reason: string | null;
  /** What can be done about it; of a row that is there and used, nothing. */
  readonly advice: readonly Advice[];
}

/** The native library that is in use. */
export interface LibraryReport {
  /** Where it is. */
  readonly path: string;
  /** Its size; `null` if the runtime may not read it. */
  readonly bytes: number | null;
  /** SHA-256 of it in hexadecimal; `null` if the runtime may not read it. */
  readonly sha256: string | null;
  /** Whether that is the one this version of the package was made with; `null` if it is unknown. */
  readonly verified: boolean | null;
}

/** A native library that is loaded by the first operation that needs it. */
export interface PartReport {
  /** Whether it could be loaded: what needs it works. */
  readonly loaded: boolean;
  /** Why not; `null` if it was loaded. */
  readonly reason: string | null;
  /** What can be done about that. */
  readonly advice: readonly Advice[];
  /** The library; `null` if it was not loaded. */
  readonly library: LibraryReport | null;
}

/** The secret that was made to find out. */
export interface SecretReport {
  /** Whether it could be made, as the environment has it. */
  readonly made: boolean;
  /** Why not; `null` if it was made. */
  readonly reason: string | null;
  /** What can be done about that. */
  readonly advice: readonly Advice[];
}

/** The budget for locked memory. */
export interface LockReport {
  /** Bytes that may be locked (RLIMIT_MEMLOCK); `null` if there is no limit, or none is known. */
  readonly limitBytes: number | null;
  /** Whether there is no limit. */
  readonly unlimited: boolean;
  /** The process may lock more than that (CAP_IPC_LOCK); `null` if that cannot be read. */
  readonly mayExceed: boolean | null;
  /** Bytes that this library has locked. */
  readonly lockedBytes: number;
}

/** What the doctor has found. `schema` rises whenever something in here changes its meaning or goes. */
export interface Report {
  /** Version of this shape. */
  readonly schema: 1;
  /** Version of the package. */
  readonly version: string;
  /** Secrets can be made here. If not, `secret.reason` says why, and the rows are empty. */
  readonly supported: boolean;
  /** The runtime; `null` if it has no FFI. */
  readonly runtime: { readonly name: RuntimeName; readonly version: string } | null;
  /** What the advice goes by. */
  readonly host: Host;
  /** The native library; `null` if none could be loaded. */
  readonly library: LibraryReport | null;
  /** The native crypto library, which keyed operations need: `hmac`, `encrypt`, and so on. */
  readonly crypto: PartReport;
  /** The native extra library, which pools, enclaves and secrets from outside need. */
  readonly extra: PartReport;
  /** Bytes of a memory page; 0 if unknown. */
  readonly pageSize: number;
  /** The budget for locked memory. */
  readonly lock: LockReport;
  /** What becomes of hibernation, which `secretmem` blocks for the whole host. */
  readonly hibernation: Capabilities["hibernation"];
  /** The secret that was made to find out. */
  readonly secret: SecretReport;
  /** The rungs of both ladders, and the other protections. */
  readonly rows: readonly Row[];
  /** That secret's pages; `null` if none could be made, or the system does not tell. */
  readonly picture: Picture | null;
  /** Why there is no picture; `null` if there is one. */
  readonly pictureReason: string | null;
}

/**
 * Looks what this host offers: asks the kernel, makes a secret, looks at its pages, closes it, and
 * loads the other two native libraries, too.
 * Never throws for something missing, and never prompts for a permission. It holds its thread
 * up for a moment where pages have to come to rest: under the gate `pkey`, for less than a second.
 *
 * @returns What there is, as plain data: JSON keeps all of it.
 *
 * @example Usage
 * ```ts
 * import { examine } from "@securememory/core/doctor";
 *
 * const { supported, rows } = examine();
 * console.log(supported, rows.map(({ name, available }) => `${name}: ${available}`));
 * ```
 */
export function examine(): Report {
  const known = capabilities();
  const host = lookAtHost();
  const { picture, reason } = pictureOf(known, host);
  const made = known.supported && (picture !== null || isUnread(reason));
  const why = made ? null : known.reason ?? reason;
  return {
    schema: 1,
    version: VERSION,
    supported: known.supported,
    runtime: runtimeOfHost(),
    host,
    library: known.library === undefined ? null : libraryAt(known.library, CORE),
    crypto: partOf(CRYPTO, cryptoPath, known, host),
    extra: partOf(EXTRA, extraPath, known, host),
    pageSize: known.pageSize,
    lock: lockOf(known, host),
    hibernation: known.hibernation,
    secret: {
      made,
      reason: why,
      advice: why === null ? [] : adviceOn({ row: "secret", reason: why }, host),
    },
    rows: rowsOf(known, host, picture),
    picture,
    pictureReason: reason,
  };
}

interface Taken {
  readonly picture: Picture | null;
  readonly reason: string | null;
}

function pictureOf(known: Capabilities, host: Host): Taken {
  if (!known.supported) return { picture: null, reason: known.reason ?? null };
  try {
    return { picture: takePicture(host), reason: null };
  } catch (error) {
    if (!(error instanceof SecureMemoryError || error instanceof TypeError)) throw error;
    return { picture: null, reason: error.message };
  }
}

/** The secret was made, and nobody tells how it is. */
function isUnread(reason: string | null): boolean {
  return reason?.startsWith("Cannot read the status") ?? false;
}

function libraryAt(path: string, part: Part): LibraryReport {
  const bytes = readBytes(path);
  const runtime = currentRuntime();
  const sha256 = bytes === undefined ? null : runtime?.sha256(bytes) ?? null;
  const ours = HASHES[part.name][`${runtime?.os}-${runtime?.arch}`];
  return {
    path,
    bytes: bytes?.length ?? null,
    sha256,
    verified: sha256 === null ? null : sha256 === ours,
  };
}

function partOf(
  part: Part,
  pathOf: () => string,
  { supported, reason }: Capabilities,
  host: Host,
): PartReport {
  const missing = (why: string): PartReport => ({
    loaded: false,
    reason: why,
    advice: adviceOn({ row: "secret", reason: why }, host),
    library: null,
  });
  // It gets its secrets, or its variables, from the core.
  if (!supported) return missing(reason ?? "no secret can be made here");
  try {
    return { loaded: true, reason: null, advice: [], library: libraryAt(pathOf(), part) };
  } catch (error) {
    if (!(error instanceof SecureMemoryError)) throw error;
    return missing(error.message);
  }
}

function lockOf(known: Capabilities, { mayLockAll }: Host): LockReport {
  const { supported, library, lockLimitBytes, lockedBytes } = known;
  const read = supported || library !== undefined;
  return {
    limitBytes: read && Number.isFinite(lockLimitBytes) ? lockLimitBytes : null,
    unlimited: read && lockLimitBytes === Infinity,
    mayExceed: mayLockAll,
    lockedBytes,
  };
}

function rowsOf(known: Capabilities, host: Host, picture: Picture | null): Row[] {
  const { stores, gates, guardSealing, dumpExclusion } = known;
  const status = picture?.status ?? known.probe;
  const row = (
    name: RowName,
    kind: Row["kind"],
    { available, reason }: Availability,
    used: boolean,
  ): Row => ({
    name,
    kind,
    available,
    used,
    reason: reason ?? null,
    advice: reason === undefined ? [] : adviceOn({ row: name, reason }, host),
  });
  const secretmem = row("secretmem", "store", stores.secretmem, status?.store === "secretmem");
  const passedOver = secretmem.available && status !== undefined && !secretmem.used &&
    known.hibernation !== "unavailable" && known.hibernation !== "blocked";
  return [
    passedOver ? { ...secretmem, advice: adviceOnHibernation() } : secretmem,
    row("locked", "store", stores.locked, status?.store === "locked"),
    row("pkey", "gate", gates.pkey, status?.gate === "pkey"),
    row("mprotect", "gate", gates.mprotect, status?.gate === "mprotect"),
    row("sealed-guards", "protection", guardSealing, status?.guardsSealed === true),
    row("dump-exclusion", "protection", dumpExclusion, status?.excludedFromDumps === true),
  ];
}
