/**
 * Copies of a secret, in chunks: one, or a stream of them.
 *
 * @module
 */
import { checkWhole } from "./arguments.ts";

/** Options of `Secret.stream`. */
export interface StreamOptions {
  /** Bytes of a chunk at most. Default 16,384. */
  chunkSize?: number;
}

const CHUNK_SIZE = 16384;

/** Copies what is at a position as far as it fits. Returns how many bytes that was. */
export function copyOut(bytes: Uint8Array, target: Uint8Array, position: number): number {
  const count = Math.min(target.byteLength, bytes.byteLength - position);
  if (count <= 0) return 0;
  target.set(count === bytes.byteLength ? bytes : bytes.subarray(position, position + count));
  return count;
}

/** A stream over a reader that copies out of a position and says how much it copied. */
export function streamOf(
  readInto: (target: Uint8Array, position: number) => number,
  length: number,
  options: StreamOptions | undefined,
): ReadableStream<Uint8Array> {
  const chunkSize = checkWhole(options?.chunkSize ?? CHUNK_SIZE, "the option chunkSize", 1);
  let position = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller): void {
      const chunk = new Uint8Array(Math.min(chunkSize, length - position));
      position += readInto(chunk, position);
      controller.enqueue(chunk);
      if (position === length) controller.close();
    },
  }, { highWaterMark: 0 });
}
