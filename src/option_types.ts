/**
 * What options there are.
 *
 * @module
 */

/** How the memory of a secret is obtained. A named rung is required, not preferred. */
export type StoreOption = "auto" | "secretmem" | "locked";

/** How its pages are opened and closed. A named rung is required, not preferred. */
export type GateOption = "auto" | "pkey" | "mprotect";

/** Options for making a secret. */
export interface SecretOptions {
  /** Default `"auto"`: the best rung that this host has. */
  store?: StoreOption;
  /** Default `"auto"`: the best rung that this host has. */
  gate?: GateOption;
  /** Take memory that can be swapped out where none can be locked. Default `false`: an error instead. */
  allowUnlocked?: boolean;
  /** Address alignment of the bytes: a power of two from 16 to the page size. Default 16. */
  alignment?: number;
  /** Give every window a view of its own and detach it on exit. For development. Default `false`. */
  revokeViews?: boolean;
  /** Shown in diagnostics and leak reports. Never put content in it. */
  label?: string;
}

/** A secret that was collected without having been closed. */
export interface LeakReport {
  /** One line for a log. */
  readonly message: string;
  /** The label it was given, if any. */
  readonly label: string | undefined;
  /** Length of the secret in bytes. */
  readonly length: number;
  /** Where it was made; only if `onLeak` was configured before. */
  readonly stack: string | undefined;
}

/** Options for the process. */
export interface ProcessOptions extends SecretOptions {
  /**
   * Say on standard error why a fault on a secret's pages stops the process: one line with the
   * secret's label and length, never with content. Default `true`. Unlike the other options it
   * holds for the whole process: the last thread that says something is heard, at once if it
   * has the library loaded, else with its first secret.
   *
   * The line comes from a signal handler (an exception handler on Windows), installed with the
   * first secret, which passes every signal on to the handler that was there before. A handler
   * that other code installs later and that passes nothing on hides the line; then `true`, said
   * again, puts this one in front of it, up to three times.
   */
  diagnostics?: boolean;
  /** Called for every secret that was collected without having been closed. */
  onLeak?: (leak: LeakReport) => void;
  /**
   * Under the gate `"pkey"`: milliseconds after which the pages of a secret that no window
   * has used are made inaccessible to every thread; at most half as long again. From 2 to
   * 60,000, default 100.
   */
  idleTimeout?: number;
  /**
   * Enclaves that are kept open beside their box, on locked pages, since they were used again soon:
   * so many by this thread, and of the least recently used one the copy is wiped. A whole number from
   * 0 to 1,024, default 16; with 0, every use decrypts.
   */
  enclaveSlots?: number;
  /**
   * Milliseconds after which the open copy of an enclave that was not used is wiped; at most half as
   * long again. From 2 to 3,600,000, default 1,000.
   */
  enclaveIdle?: number;
}
