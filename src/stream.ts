/**
 * A secret as a stream of copied chunks.
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
