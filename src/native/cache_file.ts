/**
 * A native library in a file of the user's cache, for systems without memfd_create(2), and for
 * sandboxes that refuse it. Its name is its SHA-256; it is made under another name, exclusively, and
 * then renamed, so that nobody ever sees half of it; and whoever made it, it is read and
 * compared before it is loaded.
 *
 * The folder has to be the user's own, and nobody else may write to it: another user could
 * put a library there between the look at the file and its loading. On Linux what is loaded is
 * the very descriptor that was read.
 *
 * @module
 */
import { hostProcess } from "./process.ts";
import type { Runtime } from "./runtime.ts";

interface Stats {
  readonly uid: number;
  readonly mode: number;
  isDirectory(): boolean;
  isFile(): boolean;
}

interface FileSystem {
  readonly constants: { readonly [name: string]: number };
  mkdirSync(path: string, options: { recursive: true; mode: number }): void;
  lstatSync(path: string): Stats;
  fstatSync(descriptor: number): Stats;
  openSync(path: string, flags: number, mode?: number): number;
  readFileSync(descriptor: number): Uint8Array;
  writeFileSync(descriptor: number, bytes: Uint8Array): void;
  closeSync(descriptor: number): void;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
}

/** For each system the variable that names a folder, and what is below it. XDG, Apple, Microsoft. */
const PLACES: { readonly [os: string]: readonly (readonly [string, string])[] } = {
  linux: [["XDG_CACHE_HOME", ""], ["HOME", "/.cache"]],
  macos: [["HOME", "/Library/Caches"]],
  windows: [["LOCALAPPDATA", ""]],
};

/** Group or others may write. */
const SHARED = 0o022;

/**
 * The folders that the library may be cached in, best first.
 */
export function cacheFolders(runtime: Pick<Runtime, "os" | "environment">): string[] {
  const places = PLACES[runtime.os] ?? [];
  return places.flatMap(([variable, below]) => {
    const value = runtime.environment(variable);
    // The XDG Base Directory Specification: "all paths must be absolute".
    const absolute = value !== undefined && /^([/\\]|[A-Za-z]:)/.test(value);
    return absolute ? [`${value}${below}/securememory`] : [];
  });
}

/** A library in the cache, open until it is loaded. */
export interface CacheFile {
  /** What the system's loader is given. */
  readonly path: string;
  close(): void;
}

/**
 * The library in a folder of the cache, written there if it is not there yet.
 *
 * @throws {Error} If it cannot be had from there. Says why, and what to do.
 */
export function cacheFile(
  runtime: Runtime,
  folder: string,
  file: string,
  bytes: Uint8Array,
  hash: string,
): CacheFile {
  const refusal = runtime.folderRefusal(folder);
  if (refusal !== undefined) throw new Error(refusal);
  const fs = hostProcess()?.getBuiltinModule("node:fs") as FileSystem;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  requirePrivate(runtime, fs.lstatSync(folder), "the folder");
  const path = `${folder}/${hash}${file.slice(file.lastIndexOf("."))}`;
  const known = openVerified(runtime, fs, path, hash);
  if (known !== undefined) return known;
  write(fs, path, bytes);
  const written = openVerified(runtime, fs, path, hash);
  if (written === undefined) throw new Error("what was written there is not what is read");
  return written;
}

/** The file, if it is there and is what it should be. */
function openVerified(
  runtime: Runtime,
  fs: FileSystem,
  path: string,
  hash: string,
): CacheFile | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, (fs.constants.O_RDONLY ?? 0) | (fs.constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  const close = () => fs.closeSync(descriptor);
  try {
    const stats = fs.fstatSync(descriptor);
    if (!stats.isFile()) throw new Error(`"${path}" is not a file`);
    requirePrivate(runtime, stats, "the file");
    if (runtime.sha256(fs.readFileSync(descriptor)) === hash) {
      return { path: runtime.os === "linux" ? `/proc/self/fd/${descriptor}` : path, close };
    }
  } catch (error) {
    close();
    throw error;
  }
  // Damaged: it is replaced.
  close();
  return undefined;
}

function write(fs: FileSystem, path: string, bytes: Uint8Array): void {
  const { O_WRONLY = 0, O_CREAT = 0, O_EXCL = 0, O_NOFOLLOW = 0 } = fs.constants;
  const unique = crypto.randomUUID();
  const temporary = `${path}.${unique}`;
  const descriptor = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    try {
      fs.writeFileSync(descriptor, bytes);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Windows has access lists instead; those of LOCALAPPDATA let nobody else in. */
function requirePrivate(runtime: Runtime, { uid, mode }: Stats, what: string): void {
  if (runtime.os === "windows") return;
  const owner = hostProcess()?.geteuid?.();
  if (uid !== owner) throw new Error(`${what} belongs to user ${uid}, not to user ${owner}`);
  if ((mode & SHARED) !== 0) {
    throw new Error(`others may write to ${what}: its mode is ${(mode & 0o777).toString(8)}`);
  }
}
