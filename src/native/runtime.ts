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

  /** Why FFI may not be used here and what to do, or `undefined` if it may. Never prompts. */
  refusal(library: string): string | undefined;

  /** Loads a library. Throws whatever the runtime throws if that fails. It is never unloaded. */
  load<Table extends Record<string, Signature>>(path: string, table: Table): Calls<Table>;

  /** An ArrayBuffer over foreign memory, which is neither copied nor ever freed by it. */
  arrayBuffer(pointer: Pointer, byteLength: number): ArrayBuffer;

  /** Lets the process end while a timer of `setTimeout` waits. */
  unref(timer: unknown): void;

  /** An environment variable, or `undefined` where it is not set or may not be read. */
  environment(name: string): string | undefined;
}
