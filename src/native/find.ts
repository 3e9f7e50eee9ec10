/**
 * Where a native library is: in a file that its environment variable names; beside the
 * module; or, where no file is there, in bytes that came with the module.
 *
 * What belongs to the package is loaded only if its SHA-256 is the one that the package was made
 * with. A file that is named is the caller's own: it has to be whole, and of the right ABI
 * version.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { fileName, pathBeside } from "./beside.ts";
import { cacheFile, cacheFolders } from "./cache_file.ts";
import { type Embedded, embedded, hashAhead } from "./embedded.ts";
import { HASHES } from "./hashes.ts";
import { memoryFile } from "./memory_file.ts";
import type { Part } from "./part.ts";
import type { Runtime } from "./runtime.ts";
import { isTruncated } from "./truncated.ts";

/** A library that may be loaded. */
export interface Found {
  /** What the system's loader is given. */
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
}

/**
 * Finds a library and has it loaded.
 *
 * @param load Loads what was found. If it throws, there may be another place to load it from.
 * @throws {UnsupportedError} If there is none that may be loaded. What `load` throws, too.
 */
export function find<T>(runtime: Runtime, part: Part, load: (found: Found) => T): T {
  const named = runtime.environment(part.variable);
  if (named) return load(namedFile(runtime, part, named));
  const file = fileName(runtime, part);
  if (file === undefined) {
    throw new UnsupportedError(
      `Cannot load ${part.what}: there is none for ${runtime.os} on ${runtime.arch}. ` +
        `Build it with Zig and name it in ${part.variable}`,
    );
  }
  const wanted = HASHES[part.name][`${runtime.os}-${runtime.arch}`] as string;
  const path = pathBeside(runtime, part);
  requireFfi(runtime, part, path);
  const beside = { path: path ?? "", name: `beside the module, "${path}"` };
  const state = path === undefined ? "missing" : stateOf(runtime, part, beside, wanted);
  if (state === "verified") return load(beside);
  // What came with the module is asked for where it is needed, and not before: in the package for
  // npm that takes Deno 20 ms.
  let own: Embedded | undefined;
  if (state === "unreadable") {
    // Deno without --allow-read: the module beside it was not looked at by us either. Whether
    // there is a file shows only when it is loaded; beside a bundle there is none.
    try {
      return load(beside);
    } catch (error) {
      own = embedded(part);
      if (own === undefined) throw error;
    }
  }
  own ??= embedded(part);
  if (own !== undefined) return loadEmbedded(runtime, part, { ...own, file, wanted }, load);
  if (path !== undefined) return load(beside); // The system says best what is missing.
  throw new UnsupportedError(
    `Cannot load ${part.what}: the module did not come from a file, and no library came ` +
      `with it. Name one in ${part.variable}`,
  );
}

/**
 * What is known of the file beside the module.
 *
 * @throws {UnsupportedError} If it is another one than the package was made with.
 */
function stateOf(
  runtime: Runtime,
  part: Part,
  { path, name }: Found,
  wanted: string,
): "verified" | "missing" | "unreadable" {
  if (hashAhead(part) === wanted) return "verified";
  const content = runtime.readFile(path);
  if (typeof content === "string") return content;
  requireHash(part, runtime.sha256(content), wanted, name);
  return "verified";
}

function namedFile(runtime: Runtime, part: Part, path: string): Found {
  requireFfi(runtime, part, path);
  const name = `named by ${part.variable}, "${path}"`;
  const content = runtime.readFile(path);
  if (typeof content !== "string" && isTruncated(content)) {
    throw new UnsupportedError(
      `Cannot load ${part.what} ${name}: the file was cut short at ${content.length} bytes`,
    );
  }
  return { path, name };
}

function requireFfi(runtime: Runtime, part: Part, path: string | undefined): void {
  const refusal = runtime.refusal(path);
  if (refusal === undefined) return;
  throw new UnsupportedError(`Cannot load ${part.what}: ${refusal}`);
}

function requireHash(part: Part, hash: string, wanted: string, name: string): void {
  if (hash === wanted) return;
  throw new UnsupportedError(
    `Cannot load ${part.what} ${name}: its SHA-256 is ${hash}, wanted is ${wanted}. ` +
      `It is damaged, or belongs to another version: install the package again`,
  );
}

interface Own extends Embedded {
  readonly file: string;
  readonly wanted: string;
}

/** From memory where that is possible, else from the first folder of a cache that will do. */
function loadEmbedded<T>(
  runtime: Runtime,
  part: Part,
  { file, bytes, hash, wanted }: Own,
  load: (found: Found) => T,
): T {
  requireHash(part, hash ?? runtime.sha256(bytes), wanted, "that came with the module");
  const reasons: string[] = [];
  const attempt = (place: string, use: () => T): { readonly result: T } | undefined => {
    try {
      return { result: use() };
    } catch (error) {
      reasons.push(`${place}: ${reasonOf(error)}`);
      return undefined;
    }
  };
  const fromMemory = runtime.os !== "linux" ? undefined : attempt("in memory", () => {
    const path = memoryFile(runtime, bytes, wanted);
    return load({ path, name: "that came with the module, in memory" });
  });
  if (fromMemory !== undefined) return fromMemory.result;
  const folders = cacheFolders(runtime);
  for (const folder of folders) {
    const fromCache = attempt(`"${folder}"`, () => {
      const found = cacheFile(runtime, folder, file, bytes, wanted);
      try {
        return load({ path: found.path, name: `that came with the module, in "${folder}"` });
      } finally {
        found.close();
      }
    });
    if (fromCache !== undefined) return fromCache.result;
  }
  if (folders.length === 0) {
    reasons.push("no environment variable that may be read names a folder for a cache");
  }
  throw new UnsupportedError(
    `Cannot load ${part.what} that came with the module (${reasons.join("; ")}). ` +
      `Name a file in ${part.variable}`,
  );
}

/** Our own errors say what was tried; the system's reason is behind them. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
