/**
 * Making secrets: from an argument to a cell that holds one.
 *
 * @module
 */
import { rejectAsync } from "../escape.ts";
import type { SecretOptions } from "../option_types.ts";
import { type Bytes, run } from "../running.ts";
import { Cell } from "./cell.ts";
import { type Core, core } from "./core.ts";
import { failure } from "./failure.ts";
import { close, enterNew, leave } from "./gate.ts";
import { resolve } from "./options.ts";

/** Makes a secret by one call, whose result is a handle. */
export function create(
  length: number,
  options: SecretOptions | undefined,
  make: (calls: Core, alignment: number) => number,
): Cell {
  const { alignment, label } = resolve(options);
  const handle = make(core(), alignment);
  if (handle < 0) throw failure(handle, "Cannot create the secret");
  return new Cell(handle, length, label);
}

/** Makes a secret that `write` fills. If it fails, nothing is left. */
export function createFilled(
  length: number,
  options: SecretOptions | undefined,
  write: (bytes: Bytes) => unknown,
): Cell {
  rejectAsync(write);
  const made = create(
    length,
    options,
    (calls, alignment) => calls.securememory_create(length, alignment),
  );
  try {
    run(made, enterNew(made), write, leave);
  } catch (error) {
    close(made);
    throw error;
  }
  return made;
}
