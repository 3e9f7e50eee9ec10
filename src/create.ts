/**
 * Making secrets: from an argument to a cell that holds one.
 *
 * @module
 */
import { Cell } from "./cell.ts";
import { nameSecret, startDiagnostics } from "./diagnostics.ts";
import { rejectAsync } from "./escape.ts";
import { close, enterAlone } from "./gate.ts";
import { startTicking } from "./idle.ts";
import { failure, isShortage } from "./native/failure.ts";
import { type Library, library } from "./native/library.ts";
import type { NativeCalls } from "./native/extra_symbols.ts";
import { resolve, type Resolved, type SecretOptions } from "./options.ts";
import { endAllRest } from "./rest.ts";
import { viewFor } from "./view.ts";
import { runInside } from "./window.ts";

type Make = (calls: NativeCalls, options: Resolved) => number;

/** What to throw for a result that is no handle. */
type Explain = (of: Library, result: number, length: number) => Error;

const notCreated: Explain = (of, result, length) =>
  failure(of, result, "Cannot create the secret", length);

/** Makes a secret by one native call, whose result is a handle. */
export function create(
  length: number,
  options: SecretOptions | undefined,
  make: Make,
  explain = notCreated,
): Cell {
  const loaded = library();
  const resolved = resolve(options);
  let handle = make(loaded.calls, resolved);
  // Pages of closed secrets may rest in the way of a new one.
  if (handle < 0 && isShortage(handle) && endAllRest()) handle = make(loaded.calls, resolved);
  if (handle < 0) throw explain(loaded, handle, length);
  return cell(loaded, handle, length, resolved);
}

/**
 * Makes a secret by one native call, which finds out how long it is. It is called once: what was
 * read may not be there a second time.
 */
export function createOfSource(
  options: SecretOptions | undefined,
  make: Make,
  explain: (of: Library, result: number) => Error,
): Cell {
  const loaded = library();
  const resolved = resolve(options);
  const handle = make(loaded.calls, resolved);
  if (handle < 0) throw explain(loaded, handle);
  return cell(loaded, handle, loaded.calls.securememory_length(handle), resolved);
}

function cell(loaded: Library, handle: number, length: number, resolved: Resolved): Cell {
  const { revokeViews, label } = resolved;
  const perThread = loaded.calls.securememory_gate(handle) === 1;
  // Its pages were written under their key.
  if (perThread) startTicking(loaded);
  startDiagnostics(loaded);
  if (label !== undefined) nameSecret(loaded, handle, label);
  return new Cell(loaded, { handle, length, revokeViews, perThread, label });
}

/** Makes a secret of the first bytes, which are wiped once everything has succeeded. */
export function createFrom(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  options: SecretOptions | undefined,
): Cell {
  return create(
    length,
    options,
    (calls, { alignment, flags }) =>
      calls.securememory_create_from(bytes, length, alignment, flags),
  );
}

/** Makes a secret that `write` fills. If it fails, nothing is left. */
export function createFilled(
  length: number,
  options: SecretOptions | undefined,
  write: (bytes: Uint8Array<ArrayBuffer>) => unknown,
): Cell {
  rejectAsync(write);
  const made = create(
    length,
    options,
    (calls, { alignment, flags }) => calls.securememory_create(length, alignment, flags),
  );
  try {
    enterAlone(made);
    runInside(made, viewFor(made), write);
  } catch (error) {
    close(made);
    throw error;
  }
  return made;
}
