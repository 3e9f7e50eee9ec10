/**
 * The errors of SecureMemory. No message ever carries content of a secret.
 *
 * @module
 */

/** What the system said, where an error came from the system. */
export interface SystemDetail {
  /** Number of the system's error, as in `errno(3)`; 0 if there was none. */
  readonly errno: number;
  /** The system call that failed, by the name of its manual page; "" if none did. */
  readonly syscall: string;
}

/**
 * What all errors of this library extend. `code` is stable; messages are not.
 *
 * @example Usage
 * ```ts
 * import { Secret, SecureMemoryError } from "@securememory/core";
 *
 * const key = Secret.random(32);
 * key.close();
 * try {
 *   key.withBytes((bytes) => bytes[0]);
 * } catch (error) {
 *   if (error instanceof SecureMemoryError) console.log(error.code); // SECRET_CLOSED
 * }
 * ```
 */
export class SecureMemoryError extends Error {
  static {
    this.prototype.name = "SecureMemoryError";
  }

  /** Stable name of the kind of error, in capitals. */
  readonly code: string;

  /** The library makes these; applications only catch them. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The secret was closed: by `close()`, by `purge()`, or in another Worker. */
export class SecretClosedError extends SecureMemoryError {
  static {
    this.prototype.name = "SecretClosedError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message = "Cannot use the secret: it is closed") {
    super("SECRET_CLOSED", message);
  }
}

/** `update()` was called while a window is open, or a window was asked for during `update()` elsewhere. */
export class SecretBusyError extends SecureMemoryError {
  static {
    this.prototype.name = "SecretBusyError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string) {
    super("SECRET_BUSY", message);
  }
}

/** An error that the operating system reported, with its number and the call that failed. */
export abstract class SystemError extends SecureMemoryError implements SystemDetail {
  readonly errno: number;
  readonly syscall: string;

  /** See {@linkcode SecureMemoryError}. */
  constructor(code: string, message: string, detail: SystemDetail, options?: ErrorOptions) {
    super(code, message, options);
    this.errno = detail.errno;
    this.syscall = detail.syscall;
  }
}

/** The system refused memory. Nothing was made, and the caller's source is as it was. */
export class AllocationError extends SystemError {
  static {
    this.prototype.name = "AllocationError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string, detail: SystemDetail, code = "ALLOCATION_FAILED") {
    super(code, message, detail);
  }
}

/**
 * The budget for locked memory is spent (`RLIMIT_MEMLOCK`, see getrlimit(2)). The
 * message names the limit, what is in use, and the ways out.
 */
export class LockLimitError extends AllocationError {
  static {
    this.prototype.name = "LockLimitError";
  }

  /** Bytes that the system lets this process lock. */
  readonly limitBytes: number;
  /** Bytes that this library has locked. */
  readonly lockedBytes: number;

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string, detail: SystemDetail, limitBytes: number, lockedBytes: number) {
    super(message, detail, "LOCK_LIMIT");
    this.limitBytes = limitBytes;
    this.lockedBytes = lockedBytes;
  }
}

/** A page could not be opened or closed. A secret that could not be closed was destroyed. */
export class ProtectionError extends SystemError {
  static {
    this.prototype.name = "ProtectionError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string, detail: SystemDetail) {
    super("PROTECTION_FAILED", message, detail);
  }
}

/** Something wrote over the bytes around a secret. The secret was wiped all the same. */
export class CorruptionError extends SecureMemoryError {
  static {
    this.prototype.name = "CorruptionError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string) {
    super("MEMORY_CORRUPTED", message);
  }
}

/** What was asked for does not exist here: the message says what, why, and what to do. */
export class UnsupportedError extends SystemError {
  static {
    this.prototype.name = "UnsupportedError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string, options?: ErrorOptions & { detail?: SystemDetail }) {
    super("UNSUPPORTED", message, options?.detail ?? { errno: 0, syscall: "" }, options);
  }
}

/**
 * A source could not be read: it is missing, too large, empty, refused by the system, or was
 * interrupted. The message names the source and says why, never what was in it.
 */
export class SourceError extends SystemError {
  static {
    this.prototype.name = "SourceError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string, options?: ErrorOptions & { detail?: SystemDetail }) {
    super("SOURCE_FAILED", message, options?.detail ?? { errno: 0, syscall: "" }, options);
  }
}

/** A box is not authentic: it was changed, or made with another key or other additional data. */
export class AuthenticationError extends SecureMemoryError {
  static {
    this.prototype.name = "AuthenticationError";
  }

  /** See {@linkcode SecureMemoryError}. */
  constructor(message: string) {
    super("AUTHENTICATION_FAILED", message);
  }
}
