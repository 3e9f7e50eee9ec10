/**
 * Secrets out of the JavaScript heap: in locked, guarded pages that nothing can read
 * except inside a short, counted window.
 *
 * ```ts
 * import { Secret } from "@securememory/core";
 * import { createHmac } from "node:crypto";
 *
 * using key = Secret.random(32);
 * const mac = key.withBytes((bytes) => createHmac("sha256", bytes).update("message").digest());
 * console.log(mac.length); // 32
 * ```
 *
 * Importing this module has no side effect: the native library is loaded with the
 * first secret.
 *
 * @module
 */
export { type Availability, type Capabilities, capabilities } from "./src/capabilities.ts";
export { Enclave } from "./src/enclave/enclave.ts";
export type { EnclaveOptions } from "./src/enclave/options.ts";
export { rekey } from "./src/enclave/rekey.ts";
export type { SharedEnclave } from "./src/enclave/share.ts";
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
export { SecretFactory } from "./src/factory.ts";
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
export type { RuntimeName } from "./src/native/runtime.ts";
export type {
  GateOption,
  LeakReport,
  ProcessOptions,
  SecretOptions,
  StoreOption,
} from "./src/option_types.ts";
export { configure } from "./src/options.ts";
export type { PoolOptions } from "./src/pool/options.ts";
export { SecretPool, type Views } from "./src/pool/pool.ts";
export type { SharedPool } from "./src/pool/share.ts";
export type { PoolStats } from "./src/pool/stats.ts";
export {
  harden,
  type HardenPart,
  type HardenReport,
  purge,
  type Stats,
  stats,
} from "./src/process_wide.ts";
export { Secret } from "./src/secret.ts";
export type { SharedSecret } from "./src/share.ts";
export type {
  EnvironmentOptions,
  FileOptions,
  PromptOptions,
  SecretWriterOptions,
} from "./src/sources/options.ts";
export { SecretWriter } from "./src/sources/writer.ts";
export { purgeOnSignals, type SignalOptions } from "./src/signals.ts";
export type { SecretStatus } from "./src/status.ts";
export type { StreamOptions } from "./src/stream.ts";
export type { SecretWindow } from "./src/running.ts";
