/**
 * The idle rule of the gate `pkey`: pages that no window has used for a while become
 * inaccessible to every thread, whatever rights one may have inherited.
 *
 * A thread that is started inside a window copies the rights of the thread that starts
 * it and keeps them for good; runtimes start threads whenever they like. So the rights
 * to a page that is in use are this thread's alone, and to a page at rest nobody has any.
 *
 * Every thread that opens windows looks after the pages of all: another one may end.
 *
 * @module
 */
import type { Library } from "./native/library.ts";
import { idleTimeout } from "./options.ts";

/** How often pages are looked at in the time that they may pass unused. */
const TICKS = 2;

let ticking = false;

/** Pages carry a key: looks after them until none does. Keeps no process alive. */
export function startTicking(library: Library): void {
  if (ticking) return;
  ticking = true;
  tick(library);
}

function tick(library: Library): void {
  const timeout = idleTimeout();
  const timer: unknown = setTimeout(() => {
    ticking = library.calls.securememory_tick(timeout) > 0;
    if (ticking) tick(library);
  }, timeout / TICKS);
  library.runtime.unref(timer);
}
