/**
 * From the negative number that a call of the core returns to the error that callers get.
 *
 * @module
 */
import {
  AllocationError,
  CorruptionError,
  SecretClosedError,
  SecureMemoryError,
} from "../errors.ts";
import { CODES } from "../native/abi.ts";
import { MEMORY_MAX, whyNoRandom } from "./core.ts";

/** As zig/edge/memory.zig numbers them. */
const WINDOW_OPEN = 1;

/** The error for a failed call; `action` is the start of the message: "Cannot create the secret". */
export function failure(result: number, action: string): SecureMemoryError {
  // The layout of the number is in zig/abi.zig.
  const code = CODES[-result & 0x7f];
  const errno = (-result >> 15) & 0xffff;
  switch (code) {
    case "Closed":
      return new SecretClosedError(`${action}: it is closed`);
    case "AllocationFailed":
      return new AllocationError(`${action}: ${whyNoMemory(errno)}`, {
        errno: 0,
        syscall: "memory.grow",
      });
    case "TooManySecrets":
      return new AllocationError(`${action}: there are as many secrets as there can be`, {
        errno: 0,
        syscall: "",
      });
    case "RandomFailed":
      return new AllocationError(
        `${action}: the runtime gave no random bytes (${whyNoRandom()}). Cloudflare Workers give ` +
          "none while a script starts: make secrets in a handler",
        { errno: 0, syscall: "crypto.getRandomValues" },
      );
    case "Corrupted":
      return new CorruptionError(
        `${action}: something wrote over the bytes around it; the secret was wiped`,
      );
    default:
      // The wrapper passed what it must not: a bug here, not the caller's.
      return new SecureMemoryError("INTERNAL", `${action}: the call failed (${code})`);
  }
}

function whyNoMemory(errno: number): string {
  return errno === WINDOW_OPEN
    ? "the memory has to grow, and cannot while a window is open, whose view that would detach. " +
      "Do it outside of windows"
    : `the runtime gives no more memory, or ${MEMORY_MAX} bytes, the most there can be, are in use`;
}
