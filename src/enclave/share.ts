/**
 * One enclave in several Workers: what is posted, and what is checked of it there.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { UnsupportedError } from "../errors.ts";
import { library } from "../native/library.ts";
import { closedError } from "./failure.ts";
import { isEnded, Shape } from "./shape.ts";

/**
 * A ticket to an enclave, for `postMessage` to a Worker of this process: numbers and a flag, no
 * bytes. It is worthless in any other process.
 */
export interface SharedEnclave {
  /** Tells the loaded copy of the native library. */
  readonly instance: number;
  /** Number of the enclave in the native library. */
  readonly handle: number;
  /** Length of what is sealed in bytes. */
  readonly length: number;
  /** The label it was given, if any. */
  readonly label: string | undefined;
  /** Not 0 from when one of the holders closes it. */
  readonly state: SharedArrayBuffer;
}

type Flag = Int32Array<SharedArrayBuffer>;

const STATE_BYTES = Int32Array.BYTES_PER_ELEMENT;

const ACTION = "Cannot attach the enclave";

/** The same, with a flag that other threads can have. */
export function sharedShape(shape: Shape): Shape {
  if (shape.flag !== undefined) return shape;
  const flag = new Int32Array(new SharedArrayBuffer(STATE_BYTES));
  return new Shape(shape.library, shape.length, shape.label, undefined, flag);
}

/** The ticket to one whose shape is shared. */
export function ticketOf(handle: number, shape: Shape): SharedEnclave {
  const { library: { instance }, length, label, flag } = shape;
  return { instance, handle, length, label, state: (flag as Flag).buffer };
}

/** The shape of the enclave that another thread, or this one, has shared. */
export function shapeOfTicket(shared: SharedEnclave): Shape {
  checkShared(shared);
  const loaded = library();
  const { instance, handle, length, label, state } = shared;
  if (instance !== loaded.instance) {
    throw new UnsupportedError(
      `${ACTION}: it is of another process, or of another copy of the native library`,
    );
  }
  // First: a purge that comes now changes what the shape has noted, or the length.
  const shape = new Shape(loaded, length, label, undefined, new Int32Array(state));
  const known = loaded.calls.securememory_enclave_length(handle);
  if (isEnded(shape) || known === 0) throw closedError(ACTION);
  if (known !== length) throw notATicket(shared);
  return shape;
}

function checkShared(value: unknown): asserts value is SharedEnclave {
  const shared = value as Partial<SharedEnclave> | null;
  if (
    typeof shared === "object" && shared !== null &&
    shared.state instanceof SharedArrayBuffer && shared.state.byteLength === STATE_BYTES &&
    [shared.instance, shared.handle, shared.length].every(isU32) &&
    (shared.label === undefined || typeof shared.label === "string")
  ) return;
  throw notATicket(value);
}

function notATicket(value: unknown): TypeError {
  return new TypeError(
    `${ACTION}: the argument must come from enclave.share(), current value is ${describe(value)}`,
  );
}

function isU32(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}
