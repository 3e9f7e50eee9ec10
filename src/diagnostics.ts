/**
 * Faults that speak: what the native library is told, so that it can say which secret a
 * fault was on. See `ProcessOptions.diagnostics`.
 *
 * @module
 */
import type { Library } from "./native/library.ts";
import { diagnostics } from "./options.ts";

let started = false;

/** With the first secret that this thread makes or attaches; later calls do nothing. */
export function startDiagnostics(loaded: Library): void {
  if (started) return;
  started = true;
  const { on, asDefault } = diagnostics(loaded);
  // What it returns, whether the system let us, changes nothing for secrets.
  loaded.calls.securememory_diagnose(Number(on), Number(asDefault));
}

/** More than the library keeps, in UTF-8, of any label. */
const LABEL_UNITS = 64;

/** Gives the library the label of a secret. Without memory for it the secret is as good. */
export function nameSecret({ calls }: Library, handle: number, label: string): void {
  const bytes = new TextEncoder().encode(label.slice(0, LABEL_UNITS));
  calls.securememory_label(handle, bytes, bytes.length);
}
