/**
 * What a native call says of its failure: which system call, and its errno.
 *
 * @module
 */
import type { SystemDetail } from "../errors.ts";
import { CODES, STEPS } from "./abi.ts";

/** Names of the errors that our calls meet; numbers differ between systems. */
const ERRNO_NAMES: { readonly [os: string]: { readonly [errno: number]: string } } = {
  linux: {
    1: "EPERM",
    2: "ENOENT",
    4: "EINTR",
    5: "EIO",
    6: "ENXIO",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    14: "EFAULT",
    20: "ENOTDIR",
    21: "EISDIR",
    22: "EINVAL",
    23: "ENFILE",
    24: "EMFILE",
    28: "ENOSPC",
    36: "ENAMETOOLONG",
    38: "ENOSYS",
    40: "ELOOP",
  },
  macos: {
    1: "EPERM",
    2: "ENOENT",
    4: "EINTR",
    5: "EIO",
    6: "ENXIO",
    9: "EBADF",
    12: "ENOMEM",
    13: "EACCES",
    14: "EFAULT",
    20: "ENOTDIR",
    21: "EISDIR",
    22: "EINVAL",
    23: "ENFILE",
    24: "EMFILE",
    35: "EAGAIN",
    62: "ELOOP",
    63: "ENAMETOOLONG",
    78: "ENOSYS",
  },
  windows: {
    2: "ERROR_FILE_NOT_FOUND",
    3: "ERROR_PATH_NOT_FOUND",
    5: "ERROR_ACCESS_DENIED",
    6: "ERROR_INVALID_HANDLE",
    8: "ERROR_NOT_ENOUGH_MEMORY",
    32: "ERROR_SHARING_VIOLATION",
    1453: "ERROR_WORKING_SET_QUOTA",
  },
};

/** Which kind of failure a negative number says; `""` for any other. Its layout is in zig/abi.zig. */
export function codeOf(result: number): (typeof CODES)[number] {
  return result < 0 ? CODES[-result & 0x7f] ?? "" : "";
}

/** From the negative number that the call returned. */
export function detailOf(result: number): SystemDetail {
  const bits = -result;
  return { syscall: STEPS[(bits >> 7) & 0xff] ?? "", errno: (bits >> 15) & 0xffff };
}

/** ` (mmap failed with ENOMEM 12)`, or nothing if no system call failed. */
export function reasonOf(os: string, { syscall, errno }: SystemDetail): string {
  if (syscall === "") return "";
  return ` (${syscall} failed with ${ERRNO_NAMES[os]?.[errno] ?? "error"} ${errno})`;
}
