/**
 * The extra library: pools, enclaves, and secrets from files, the environment and the terminal. It
 * is made of the same files as the core and works on the core's variables (zig/shared.zig), and is
 * loaded when the first of its functions is called.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { EXTRA_START, EXTRA_SYMBOLS, type ExtraCalls, type NativeCalls } from "./extra_symbols.ts";
import { type Loaded, loadPart } from "./load.ts";
import { CORE, EXTRA } from "./part.ts";
import type { Runtime } from "./runtime.ts";
import type { SYMBOLS } from "./symbols.ts";

type Name = keyof typeof EXTRA_SYMBOLS;
const NAMES = Object.keys(EXTRA_SYMBOLS) as Name[];
/** Room for the words that the core tells. */
const WORDS_MAX = 64;

let loadedFrom: string | undefined;

/** The core's functions with those of the extra library behind them. */
export function withExtra(runtime: Runtime, core: Loaded<typeof SYMBOLS>): NativeCalls {
  let loaded: ExtraCalls | undefined;
  const extra = () => loaded ??= load(runtime, core);
  // Behind them, not among them: windows call the core's.
  const behind = Object.create(
    null,
    Object.fromEntries(NAMES.map((name) => [name, {
      get: () => extra()[name],
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, configurable: true });
      },
    }])),
  );
  return Object.assign(Object.create(behind), core.calls) as NativeCalls;
}

function load(runtime: Runtime, core: Loaded<typeof SYMBOLS>): ExtraCalls {
  return inCore(runtime, core.path) ?? loadExtra(runtime, core);
}

/** A core that somebody names may have everything: that for tests has. */
function inCore(runtime: Runtime, path: string): ExtraCalls | undefined {
  if (!runtime.environment(CORE.variable) || runtime.environment(EXTRA.variable)) return undefined;
  try {
    const calls = runtime.load(path, EXTRA_SYMBOLS);
    loadedFrom = path;
    return calls;
  } catch {
    return undefined;
  }
}

function loadExtra(runtime: Runtime, core: Loaded<typeof SYMBOLS>): ExtraCalls {
  const { path, calls } = loadPart(runtime, EXTRA, { ...EXTRA_START, ...EXTRA_SYMBOLS });
  const words = new Float64Array(WORDS_MAX);
  const told = core.calls.securememory_shared(words, words.length);
  if (told < 0 || calls.securememory_extra_start(words, told) < 0) {
    throw new UnsupportedError(
      `Cannot use ${EXTRA.what} "${path}": it does not go together with the native library ` +
        `"${core.path}"`,
    );
  }
  loadedFrom = path;
  return calls;
}

/** Where the extra library was loaded from, if it was. */
export function extraLoadedFrom(): string | undefined {
  return loadedFrom;
}
