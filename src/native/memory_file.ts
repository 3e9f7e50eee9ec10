/**
 * A native library in a file that is nowhere but in memory: memfd_create(2), written once and
 * then sealed, so that nobody can change it any more. It needs no folder that can be written
 * to, none that programs can be run from, and nothing that another user could touch.
 *
 * The system's loader knows a library by its file: every thread has to load the same one, or it
 * would get secrets and locks of its own. So the first thread leaves the descriptor open, and
 * the others look for it.
 *
 * @module
 */
import type { Runtime } from "./runtime.ts";
import type { Calls, Signature } from "./symbols.ts";

const LIBC = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  write: { parameters: ["u32", "buffer", "usize"], result: "i32" },
  pread: { parameters: ["u32", "buffer", "usize", "usize"], result: "i32" },
  fcntl: { parameters: ["u32", "u32", "usize"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  close: { parameters: ["u32"], result: "i32" },
} as const satisfies Record<string, Signature>;

type Libc = Calls<typeof LIBC>;

/** By the names that glibc and musl have for themselves. */
const LIBC_NAMES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"];

// include/uapi/linux/memfd.h and fcntl.h of the kernel.
const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
/** Not executable by execve(2), which no library has to be. Linux 6.3; vm.memfd_noexec=2 demands it. */
const MFD_NOEXEC_SEAL = 0x8;
const F_DUPFD_CLOEXEC = 1030;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const SEALS = 0x1 | 0x2 | 0x4 | 0x8;

/** Descriptors of ours begin here: beyond what programs count on being low. */
const FIRST_DESCRIPTOR = 200;
/** So many unused numbers in a row end the search. */
const UNUSED_MAX = 32;

const PATH_BYTES = 256;

const string = (text: string) => new TextEncoder().encode(`${text}\0`);

/**
 * The path of a sealed file with these bytes, for as long as the process runs.
 *
 * @throws {Error} If the system has no such file to give. Says which step failed.
 */
export function memoryFile(runtime: Runtime, bytes: Uint8Array, hash: string): string {
  const libc = loadLibc(runtime);
  const name = `securememory-${hash}`;
  const known = search(runtime, libc, name, bytes.length, hash);
  if (known !== undefined) return pathOf(known);
  const made = create(libc, name, bytes);
  // The lowest number that is free: of two threads that come here at once, both take the lower.
  const slot = libc.fcntl(made, F_DUPFD_CLOEXEC, BigInt(FIRST_DESCRIPTOR));
  if (slot < 0) return pathOf(made);
  libc.close(made);
  const first = search(runtime, libc, name, bytes.length, hash) ?? slot;
  if (first !== slot) libc.close(slot);
  return pathOf(first);
}

const pathOf = (descriptor: number) => `/proc/self/fd/${descriptor}`;

function loadLibc(runtime: Runtime): Libc {
  for (const name of LIBC_NAMES) {
    try {
      return runtime.load(name, LIBC);
    } catch {
      // The next one.
    }
  }
  throw new Error(`the system's libc cannot be loaded: none of ${LIBC_NAMES.join(", ")}`);
}

/** The lowest descriptor of such a file. Its content is looked at, whoever opened it. */
function search(
  runtime: Runtime,
  libc: Libc,
  name: string,
  length: number,
  hash: string,
): number | undefined {
  const target = new TextEncoder().encode(`/memfd:${name} (deleted)`);
  const found = new Uint8Array(PATH_BYTES);
  const isOurs = (descriptor: number, size: number) =>
    size === target.length && target.every((byte, index) => byte === found[index]) &&
    libc.fcntl(descriptor, F_GET_SEALS, 0n) >= SEALS &&
    runtime.sha256(read(libc, descriptor, length)) === hash;
  for (let descriptor = FIRST_DESCRIPTOR, unused = 0; unused < UNUSED_MAX; descriptor++) {
    const size = libc.readlink(string(pathOf(descriptor)), found, BigInt(PATH_BYTES));
    if (size >= 0 && isOurs(descriptor, size)) return descriptor;
    unused = size < 0 ? unused + 1 : 0;
  }
  return undefined;
}

/** One byte more than there should be, so that a longer file has another hash. */
function read(libc: Libc, descriptor: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length + 1);
  const count = libc.pread(descriptor, bytes, BigInt(bytes.length), 0n);
  return bytes.subarray(0, Math.max(count, 0));
}

function create(libc: Libc, name: string, bytes: Uint8Array): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let descriptor = libc.memfd_create(string(name), flags | MFD_NOEXEC_SEAL);
  if (descriptor < 0) descriptor = libc.memfd_create(string(name), flags);
  if (descriptor < 0) throw new Error("memfd_create(2) is refused");
  const written = libc.write(descriptor, bytes, BigInt(bytes.length));
  const sealed = libc.fcntl(descriptor, F_ADD_SEALS, BigInt(SEALS));
  if (written === bytes.length && sealed === 0) return descriptor;
  libc.close(descriptor);
  throw new Error(written === bytes.length ? "the file cannot be sealed" : "write(2) is refused");
}
