/**
 * What enclaves have in common, in one object for all of them: there may be a million.
 *
 * @module
 */
import type { Library } from "../native/library.ts";
import type { Net } from "./net.ts";

/** All that is known of an enclave but its handle. Unless it was shared, others have the same. */
export class Shape {
  readonly library: Library;
  readonly length: number;
  readonly label: string | undefined;
  /** Where it is watched; not if other threads have it, too. */
  readonly net: Net | undefined;
  /** The purges there had been; one more, and it is gone. */
  readonly purges: number;
  /** Where the library counts them. */
  readonly purgeCount: Uint32Array;
  /** Of one that was shared: not 0 from when somebody closes it. All threads have the same. */
  readonly flag: Int32Array<SharedArrayBuffer> | undefined;

  constructor(
    library: Library,
    length: number,
    label: string | undefined,
    net: Net | undefined,
    flag?: Int32Array<SharedArrayBuffer>,
  ) {
    this.library = library;
    this.length = length;
    this.label = label;
    this.net = net;
    this.purgeCount = library.purges;
    this.purges = library.purges[0] as number;
    this.flag = flag;
  }
}

/** From when it was closed in another thread, or purged. */
export function isEnded(shape: Shape): boolean {
  return shape.purges !== shape.purgeCount[0] ||
    (shape.flag !== undefined && Atomics.load(shape.flag, 0) !== 0);
}

/** Labels may be many; those of one kind come one after the other. */
const SHAPES_MAX = 256;

const shapes = new Map<string | number, Shape>();

/** The shape for one that was just made. */
export function shapeFor(net: Net, length: number, label: string | undefined): Shape {
  const key = label === undefined ? length : `${length} ${label}`;
  const known = shapes.get(key);
  if (known !== undefined && known.net === net && !isEnded(known)) return known;
  if (shapes.size >= SHAPES_MAX) shapes.clear();
  const shape = new Shape(net.library, length, label, net);
  shapes.set(key, shape);
  return shape;
}
