/**
 * Secrets out of the JavaScript heap where there is no FFI: Cloudflare Workers, Vercel Edge,
 * browsers, Deno Deploy. They are in WebAssembly memory, encrypted except inside a window.
 *
 * ```ts
 * import { Secret } from "@securememory/core/edge";
 *
 * using key = Secret.random(32);
 * const first = key.withBytes((bytes) => bytes[0]);
 * console.log(first !== undefined); // true
 * ```
 *
 * Nothing locks or protects that memory: {@linkcode capabilities} says what does not hold. On Bun,
 * Deno and Node use `@securememory/core`. Importing this module has no side effect: WebAssembly is
 * started with the first secret.
 *
 * @module
 */
export { type Availability, type Capabilities, capabilities } from "./src/edge/capabilities.ts";
export { SecretFactory } from "./src/edge/factory.ts";
export { configure } from "./src/edge/options.ts";
export { purge } from "./src/edge/purges.ts";
export type { RuntimeName } from "./src/edge/runtime.ts";
export { Secret } from "./src/edge/secret.ts";
export { type Stats, stats } from "./src/edge/stats.ts";
export type { SecretStatus } from "./src/edge/status.ts";
export { SecretWriter } from "./src/edge/writer.ts";
export {
  AllocationError,
  AuthenticationError,
  CorruptionError,
  LockLimitError,
  ProtectionError,
  SecretBusyError,
  SecretClosedError,
  SecureMemoryError,
  SourceError,
  type SystemDetail,
  SystemError,
  UnsupportedError,
} from "./src/errors.ts";
export type { KeyKind } from "./src/keyed/curve_arguments.ts";
export type { Hash } from "./src/keyed/hash.ts";
export type {
  DecryptOptions,
  DecryptSecretOptions,
  DeriveOptions,
  EncryptOptions,
  HmacSecretOptions,
  PasswordParams,
} from "./src/keyed/options.ts";
export type {
  GateOption,
  LeakReport,
  ProcessOptions,
  SecretOptions,
  StoreOption,
} from "./src/option_types.ts";
export type { SecretWindow } from "./src/running.ts";
export type { SecretWriterOptions } from "./src/sources/options.ts";
export type { StreamOptions } from "./src/stream.ts";
