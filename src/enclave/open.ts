/**
 * From an enclave to a secret: for its user, or to be kept open for a while.
 *
 * @module
 */
import { create } from "../create.ts";
import { rejectAsync } from "../escape.ts";
import { startTicking } from "../idle.ts";
import type { SecretOptions } from "../option_types.ts";
import { inside } from "../inside.ts";
import type { Secret } from "../secret.ts";
import { enclaveFailure } from "./failure.ts";
import { heat, isDue, withRoom } from "./hot.ts";
import { startResting } from "./idle.ts";
import { withScratch } from "./scratch.ts";
import type { Shape } from "./shape.ts";

/** A new secret of what an enclave holds. */
export function openSecret(
  handle: number,
  shape: Shape,
  options: SecretOptions | undefined,
): Secret {
  return withRoom(() => decrypt(handle, shape, options));
}

/** A window on an enclave that is not kept open. */
export function withClosed<T>(handle: number, shape: Shape, fn: (bytes: Uint8Array) => T): T {
  rejectAsync(fn);
  const hot = heatIfDue(handle, shape);
  if (hot !== undefined) return hot.withBytes(fn);
  const { library, length } = shape;
  return length <= library.pageSize
    ? withScratch(library, handle, length, fn)
    : withSecret(handle, shape, fn);
}

/** By itself, since V8 does not optimize a function with `using` in it: that costs 300 ns. */
function withSecret<T>(handle: number, shape: Shape, fn: (bytes: Uint8Array) => T): T {
  using secret = openSecret(handle, shape, { label: shape.label });
  return secret.withBytes(fn);
}

/** A use of one that is not open: opens it for longer than that if it was used not long ago. */
export function heatIfDue(handle: number, shape: Shape): Secret | undefined {
  startResting(shape.library);
  if (!isDue(handle, shape.length)) return undefined;
  return heat(handle, shape, () => decrypt(handle, shape, { label: shape.label }));
}

function decrypt(
  handle: number,
  { library, length }: Shape,
  options: SecretOptions | undefined,
): Secret {
  startTicking(library);
  return inside.watched(create(
    length,
    options,
    (calls, { alignment, flags }) => calls.securememory_enclave_open(handle, alignment, flags),
    (of, result, wanted) => enclaveFailure(of, handle, result, "Cannot open the enclave", wanted),
  ));
}
