/**
 * Whether a library was cut short. The system's loader maps such a file on Linux, and the
 * process dies of SIGBUS when it touches what is missing.
 *
 * @module
 */

/** "\x7fELF", 64 bits, least significant byte first: elf(5). */
const ELF = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
const HEADER_BYTES = 64;

/** Whether segments of a 64-bit ELF file lie beyond its end. Of other files nothing is said. */
export function isTruncated(bytes: Uint8Array): boolean {
  if (ELF.some((byte, index) => bytes[index] !== byte)) return false;
  if (bytes.length < HEADER_BYTES) return true;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = (offset: number) => Number(view.getBigUint64(offset, true));
  const table = whole(32); // e_phoff
  const entry = view.getUint16(54, true); // e_phentsize
  const count = view.getUint16(56, true); // e_phnum
  if (table + entry * count > bytes.length) return true;
  for (let index = 0; index < count; index++) {
    const segment = table + entry * index;
    if (whole(segment + 8) + whole(segment + 32) > bytes.length) return true; // p_offset, p_filesz
  }
  return false;
}
