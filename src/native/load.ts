/**
 * Loading a native library: found, and of the version that this package knows.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { ABI_VERSION } from "./abi.ts";
import { find, type Found } from "./find.ts";
import type { Part } from "./part.ts";
import type { Runtime } from "./runtime.ts";
import type { Calls, Signature } from "./symbols.ts";

/** A library that was loaded. */
export interface Loaded<Table extends Record<string, Signature>> {
  readonly path: string;
  readonly calls: Calls<Table>;
}

const VERSION: Signature = { parameters: [], result: "u32" };

/**
 * Loads a library. It is never unloaded.
 *
 * @throws {UnsupportedError} If there is no permission, or no library that fits.
 */
export function loadPart<Table extends Record<string, Signature>>(
  runtime: Runtime,
  part: Part,
  table: Table,
): Loaded<Table> {
  return find(runtime, part, (found) => ({
    path: found.path,
    calls: open(runtime, part, found, table),
  }));
}

function open<Table extends Record<string, Signature>>(
  runtime: Runtime,
  part: Part,
  found: Found,
  table: Table,
): Calls<Table> {
  let calls: Calls<Table>;
  try {
    calls = runtime.load(found.path, table);
  } catch (cause) {
    throw explain(runtime, part, found, cause);
  }
  const version = versionOf(part, calls as Calls<Record<string, Signature>>);
  if (version !== ABI_VERSION) throw wrongVersion(part, found, version);
  return calls;
}

/** Why a library could not be loaded whole; one of another version can still say so. */
function explain(runtime: Runtime, part: Part, found: Found, whole: unknown): UnsupportedError {
  let version: number;
  try {
    version = versionOf(part, runtime.load(found.path, { [part.version]: VERSION }));
  } catch (cause) {
    return new UnsupportedError(
      `Cannot load ${part.what} ${found.name}: it is missing, not readable, or not ` +
        `SecureMemory's for this platform`,
      { cause },
    );
  }
  if (version !== ABI_VERSION) return wrongVersion(part, found, version);
  return new UnsupportedError(
    `Cannot use ${part.what} ${found.name}: it lacks symbols of its ABI version`,
    { cause: whole },
  );
}

function versionOf(part: Part, calls: Calls<Record<string, Signature>>): number {
  const version = calls[part.version] as () => number;
  return version();
}

function wrongVersion(part: Part, found: Found, version: number): UnsupportedError {
  return new UnsupportedError(
    `Cannot use ${part.what} ${found.name}: its ABI version is ${version}, ` +
      `wanted is ${ABI_VERSION}. Use the library that belongs to this version of the package`,
  );
}
