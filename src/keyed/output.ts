/**
 * Where native code writes what becomes an array of the caller's.
 *
 * @module
 */

/** Longer results are written where they stay. */
const PLACE_BYTES = 8192;

/** Up to here a loop takes less time than calls into the runtime: most of all right after system calls. */
const SHORT_BYTES = 64;

/**
 * A place that is used over and over, and wiped each time. What the caller gets is a copy: an array
 * that is handed to native code for the first time costs Node as much as a hash.
 */
export class Output {
  #place: Uint8Array<ArrayBuffer> | undefined;

  /** An array of at least so many bytes, to write the first of them to. */
  place(length: number): Uint8Array<ArrayBuffer> {
    if (length > PLACE_BYTES) return new Uint8Array(length);
    return this.#place ??= new Uint8Array(new ArrayBuffer(PLACE_BYTES));
  }

  /** Those bytes, as an array of their own. */
  take(place: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
    if (place !== this.#place) return place;
    if (length <= SHORT_BYTES) return moved(place, length);
    const taken = place.slice(0, length);
    place.fill(0, 0, length);
    return taken;
  }
}

function moved(place: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const taken = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    taken[index] = place[index] as number;
    place[index] = 0;
  }
  return taken;
}
