/**
 * The idle rule of enclaves: what is open of one that is not used is wiped after a while, and the
 * page that they are opened on is given back.
 *
 * @module
 */
import type { Library } from "../native/library.ts";
import { enclaveIdle } from "../options.ts";
import { dropAllHot, forgetSeen, restHot } from "./hot.ts";
import { endScratches, restScratches } from "./scratch.ts";
import { atWorkerEnd } from "./thread.ts";

/** How often is looked in the time that an open copy may pass unused. */
const TICKS = 2;

let watching = false;
let ticking = false;
let active = false;
let ticks = 0;

/** An enclave is used: looks after what is open until nothing is. Keeps no process alive. */
export function startResting(library: Library): void {
  active = true;
  if (ticking) return;
  ticking = true;
  if (!watching) atWorkerEnd(end);
  watching = true;
  tick(library);
}

function end(): void {
  dropAllHot();
  endScratches();
}

function tick(library: Library): void {
  const timer: unknown = setTimeout(() => {
    ticks += 1;
    if (ticks % TICKS === 0) forgetSeen();
    ticking = restHot() + restScratches() > 0 || active;
    active = false;
    if (ticking) tick(library);
  }, enclaveIdle() / TICKS);
  library.runtime.unref(timer);
}
