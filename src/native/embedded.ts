/**
 * The native library's bytes, for modules that have no file beside them: they came from
 * https (JSR on Deno), or are part of an executable.
 *
 * Loading is synchronous, and an import is not: so it is decided here, when the module starts,
 * whether bytes will be needed, and one target's are imported then. In the package for npm
 * `embedded_sync.ts` stands in this module's place.
 *
 * @module
 */
import { fileName, pathBeside, type Target } from "./beside.ts";
import { currentRuntime } from "./current.ts";
import { holdingMessages } from "./held_messages.ts";

// To wait is to miss messages in a Worker of Deno (`held_messages.ts`).
const inWorker = "postMessage" in globalThis;
// An import fails for no reason that the program has to end for: the first secret says what is
// missing.
const found = await load().catch(() => undefined);
const beside = await hashOfBeside().catch(() => undefined);

/** The library's bytes. */
export interface Embedded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Their SHA-256 in hexadecimal, where that was cheap to have. */
  readonly hash: string | undefined;
}

/** The library for this host, if there is no file; `undefined` if there is, or none exists. */
export function embedded(): Embedded | undefined {
  return found;
}

/**
 * The SHA-256 of the library's file as it was when the module started, if it was looked at: where
 * hashing takes JavaScript 10 ms, the system does it in no time, but not at once.
 */
export function hashAhead(): string | undefined {
  return beside;
}

async function hashOfBeside(): Promise<string | undefined> {
  const runtime = currentRuntime();
  const path = runtime?.slowHash && !inWorker ? pathBeside(runtime) : undefined;
  const bytes = path === undefined ? undefined : runtime?.readFile(path);
  return bytes instanceof Uint8Array ? await sha256(bytes as Uint8Array<ArrayBuffer>) : undefined;
}

async function load(): Promise<Embedded | undefined> {
  const runtime = currentRuntime();
  if (runtime === undefined || fileName(runtime) === undefined) return undefined;
  const path = pathBeside(runtime);
  if (path !== undefined && runtime.mayExist(path)) return undefined;
  const decoded = async () => {
    const bytes = await decompress(await encoded(runtime));
    return { bytes, hash: await sha256(bytes) };
  };
  return await (inWorker && runtime.name === "deno" ? holdingMessages(decoded) : decoded());
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Literal specifiers: what bundlers and `deno compile` cannot read they leave out. */
async function encoded({ os, arch }: Target): Promise<string> {
  switch (`${os}-${arch}`) {
    case "linux-x86_64":
      return (await import("./embedded/linux_x86_64.ts")).library;
    case "linux-aarch64":
      return (await import("./embedded/linux_aarch64.ts")).library;
    case "macos-x86_64":
      return (await import("./embedded/macos_x86_64.ts")).library;
    case "macos-aarch64":
      return (await import("./embedded/macos_aarch64.ts")).library;
    case "windows-x86_64":
      return (await import("./embedded/windows_x86_64.ts")).library;
    default:
      return (await import("./embedded/windows_aarch64.ts")).library;
  }
}

/** From base64 of zlib's format (RFC 1950). */
async function decompress(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
