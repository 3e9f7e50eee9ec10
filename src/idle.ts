/**
 * The idle rule of the gate `pkey`: pages that no window has used for a while become
 * inaccessible to every thread, whatever rights one may have inherited.
 *
 * A thread that is started inside a window copies the rights of the thread that starts
 * it and keeps them for good; runtimes start threads whenever they like. So the rights
 * to a page that is in use are this thread's alone, and to a page at rest nobody has any.
 *
 * The key that enclaves are sealed with closes by the same rule, under every gate.
 *
 * Every thread that opened windows looks after the pages of all, and goes on looking once
 * there are none, seldom: another one may open some, and end.
 *
 * @module
 */
import type { Library } from "./native/library.ts";
import { idleTimeout } from "./options.ts";

/** How often pages are looked at in the time that they may pass unused. */
const TICKS = 2;
/** In how many such times they are looked at where none was in use the last time. */
const SELDOM = 10;

/** Pages were in use when they were last looked at. */
let inUse = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Pages are in use: looks after them until none are. Keeps no process alive. */
export function startTicking(library: Library): void {
  if (inUse) return;
  inUse = true;
  tick(library);
}

function tick(library: Library): void {
  clearTimeout(timer);
  const timeout = idleTimeout();
  timer = setTimeout(() => {
    inUse = library.calls.securememory_tick(timeout) > 0;
    tick(library);
  }, inUse ? timeout / TICKS : timeout * SELDOM);
  library.runtime.unref(timer);
}
