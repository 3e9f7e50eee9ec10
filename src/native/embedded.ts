/**
 * The native libraries' bytes, for modules that have no file beside them: they came from
 * https (JSR on Deno), or are part of an executable.
 *
 * Loading is synchronous, and an import is not: so it is decided here, when the module starts,
 * whether bytes will be needed, and one target's are imported then. The core's are decoded and
 * hashed at once, since every secret needs them. Of the others, which many programs never use, the
 * text is imported and no more is done with it before the first operation.
 *
 * In the package for npm `embedded_sync.ts` stands in this module's place.
 *
 * @module
 */
import { fileName, pathBeside, type Target } from "./beside.ts";
import { currentRuntime } from "./current.ts";
import { decode } from "./decode.ts";
import { holdingMessages } from "./held_messages.ts";
import { CORE, CRYPTO, EXTRA, type Part } from "./part.ts";
import type { Runtime } from "./runtime.ts";

// To wait is to miss messages in a Worker of Deno (`held_messages.ts`).
const inWorker = "postMessage" in globalThis;
// An import fails for no reason that the program has to end for: the first secret, or the first
// keyed operation, says what is missing.
const found = await load().catch(() => undefined);
const beside = await hashOfBeside().catch(() => undefined);

/** A library's bytes. */
export interface Embedded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Their SHA-256 in hexadecimal, where that was cheap to have. */
  readonly hash: string | undefined;
}

/** What was imported; nothing of a library that is in a file. */
interface Imported {
  readonly core: Embedded | undefined;
  readonly crypto: string | undefined;
  readonly extra: string | undefined;
}

/** The library for this host, if there is no file; `undefined` if there is, or none exists. */
export function embedded({ name }: Part): Embedded | undefined {
  if (name === "core") return found?.core;
  const text = found?.[name];
  return text === undefined ? undefined : { bytes: decode(text), hash: undefined };
}

/**
 * The SHA-256 of the core's file as it was when the module started, if it was looked at: where
 * hashing takes JavaScript 10 ms, the system does it in no time, but not at once.
 */
export function hashAhead({ name }: Part): string | undefined {
  return name === "core" ? beside : undefined;
}

async function hashOfBeside(): Promise<string | undefined> {
  const runtime = currentRuntime();
  const path = runtime?.slowHash && !inWorker ? pathBeside(runtime, CORE) : undefined;
  const bytes = path === undefined ? undefined : runtime?.readFile(path);
  return bytes instanceof Uint8Array ? await sha256(bytes as Uint8Array<ArrayBuffer>) : undefined;
}

async function load(): Promise<Imported | undefined> {
  const runtime = currentRuntime();
  if (runtime === undefined || fileName(runtime, CORE) === undefined) return undefined;
  const [core, crypto, extra] = [CORE, CRYPTO, EXTRA].map((part) => isMissing(runtime, part));
  if (!core && !crypto && !extra) return undefined;
  const imported = async () => {
    const [decodedCore, cryptoText, extraText] = await Promise.all([
      core ? encodedCore(runtime).then(decoded).catch(() => undefined) : undefined,
      crypto ? encodedCrypto(runtime).catch(() => undefined) : undefined,
      extra ? encodedExtra(runtime).catch(() => undefined) : undefined,
    ]);
    return { core: decodedCore, crypto: cryptoText, extra: extraText };
  };
  return await (inWorker && runtime.name === "deno" ? holdingMessages(imported) : imported());
}

/** Whether there certainly is no file. */
function isMissing(runtime: Runtime, part: Part): boolean {
  const path = pathBeside(runtime, part);
  return path === undefined || !runtime.mayExist(path);
}

async function decoded(text: string): Promise<Embedded> {
  const bytes = await decompress(text);
  return { bytes, hash: await sha256(bytes) };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Literal specifiers: what bundlers and `deno compile` cannot read they leave out. */
async function encodedCore({ os, arch }: Target): Promise<string> {
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

async function encodedCrypto({ os, arch }: Target): Promise<string> {
  switch (`${os}-${arch}`) {
    case "linux-x86_64":
      return (await import("./embedded/linux_x86_64_crypto.ts")).library;
    case "linux-aarch64":
      return (await import("./embedded/linux_aarch64_crypto.ts")).library;
    case "macos-x86_64":
      return (await import("./embedded/macos_x86_64_crypto.ts")).library;
    case "macos-aarch64":
      return (await import("./embedded/macos_aarch64_crypto.ts")).library;
    case "windows-x86_64":
      return (await import("./embedded/windows_x86_64_crypto.ts")).library;
    default:
      return (await import("./embedded/windows_aarch64_crypto.ts")).library;
  }
}

async function encodedExtra({ os, arch }: Target): Promise<string> {
  switch (`${os}-${arch}`) {
    case "linux-x86_64":
      return (await import("./embedded/linux_x86_64_extra.ts")).library;
    case "linux-aarch64":
      return (await import("./embedded/linux_aarch64_extra.ts")).library;
    case "macos-x86_64":
      return (await import("./embedded/macos_x86_64_extra.ts")).library;
    case "macos-aarch64":
      return (await import("./embedded/macos_aarch64_extra.ts")).library;
    case "windows-x86_64":
      return (await import("./embedded/windows_x86_64_extra.ts")).library;
    default:
      return (await import("./embedded/windows_aarch64_extra.ts")).library;
  }
}

/** From base64 of zlib's format (RFC 1950), which every runtime decompresses without a module. */
async function decompress(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
