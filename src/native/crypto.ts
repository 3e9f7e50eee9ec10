/**
 * The native crypto library of this process: found and loaded at the first keyed operation, and
 * never before.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";
import { CRYPTO_SYMBOLS, type CryptoCalls } from "./crypto_symbols.ts";
import { library } from "./library.ts";
import { loadPart } from "./load.ts";
import { CRYPTO } from "./part.ts";

let loaded: CryptoCalls | undefined;
let loadedFrom: string | undefined;

/**
 * The library's functions. It is loaded on the first call.
 *
 * @throws {UnsupportedError} If there is no permission, or no library that fits.
 */
export function cryptoCalls(): CryptoCalls {
  return loaded ??= load();
}

/**
 * Makes sure that the core can seal secrets: the ciphers are the crypto library's.
 *
 * @throws As `cryptoCalls`.
 */
export function sealing(): void {
  cryptoCalls();
}

/**
 * Where the library is, which is loaded for that.
 *
 * @throws As `cryptoCalls`.
 */
export function cryptoPath(): string {
  cryptoCalls();
  return loadedFrom as string;
}

function load(): CryptoCalls {
  const core = library();
  const { path, calls } = loadPart(core.runtime, CRYPTO, CRYPTO_SYMBOLS);
  // Addresses travel as numbers: a Deno that may load only these libraries has no pointers.
  const lender = new Float64Array(1);
  core.calls.securememory_lender(lender, lender.length);
  const sealer = new Float64Array(1);
  calls.securememory_crypto_sealer(sealer, sealer.length);
  if (
    calls.securememory_crypto_start(lender[0] as number) < 0 ||
    core.calls.securememory_use_sealer(sealer[0] as number) < 0
  ) {
    throw new UnsupportedError(
      `Cannot use the native crypto library "${path}": it does not go together with the native ` +
        `library "${core.path}"`,
    );
  }
  loadedFrom = path;
  return calls;
}
