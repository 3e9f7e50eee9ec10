/**
 * What the FFI of a runtime has to offer to the rest of the library. One file each
 * for Bun, Deno and Node implements it; nothing else knows which one is running.
 *
 * @module
 */
import type { Calls, Pointer, Signature } from "./symbols.ts";

/** The runtimes that have an FFI. */
export type RuntimeName = "bun" | "deno" | "node";

/** The FFI of one runtime. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly version: string;
  /** `linux`, `macos` or `windows`; the system's own name where it is another. */
  readonly os: string;
  /** `x86_64` or `aarch64`; the system's own name where it is another. */
  readonly arch: string;

  /**
   * Why FFI may not be used here and what to do, or `undefined` if it may. Never prompts. The
   * library is named if it is a file already.
   */
  refusal(library: string | undefined): string | undefined;

  /** Whether there is a file, or nothing may be known of it. Never prompts. */
  mayExist(path: string): boolean;

  /**
   * The content of a file; `missing` if there is none, `unreadable` if it cannot be read or may not
   * be. Never prompts.
   */
  readFile(path: string): Uint8Array | "missing" | "unreadable";

  /** Why the runtime would not read a file, and what to do; `undefined` if it would. Never prompts. */
  readRefusal(path: string): string | undefined;

  /** Whether a folder may be read and written as far as the runtime is concerned; what to do if not. */
  folderRefusal(path: string): string | undefined;

  /** The SHA-256 of bytes, in hexadecimal. */
  sha256(bytes: Uint8Array): string;

  /** Whether that is in JavaScript, and better done ahead, asynchronously. */
  readonly slowHash: boolean;

  /** Loads a library. Throws whatever the runtime throws if that fails. It is never unloaded. */
  load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table>;

  /** An ArrayBuffer over foreign memory, which is neither copied nor ever freed by it. */
  arrayBuffer(pointer: Pointer, byteLength: number): ArrayBuffer;

  /** Lets the process end while a timer of `setTimeout` waits. */
  unref(timer: unknown): void;

  /** An environment variable, or `undefined` where it is not set or may not be read. */
  environment(name: string): string | undefined;

  /** Why the runtime would not read a variable, and what to do; `undefined` if it would. Never prompts. */
  environmentRefusal(name: string): string | undefined;

  /** Whether JavaScript has a variable. To be asked only where the system has none: Deno looks at it. */
  ownsVariable(name: string): boolean;

  /** Takes a variable from JavaScript, without reading it. */
  forgetVariable(name: string): void;
}
