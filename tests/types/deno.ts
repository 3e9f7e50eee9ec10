/**
 * Types that only Deno knows: the symbol tables are ones that `Deno.dlopen` takes.
 *
 * @module
 */
import { CRYPTO_SYMBOLS } from "../../src/native/crypto_symbols.ts";
import { SYMBOLS } from "../../src/native/symbols.ts";

SYMBOLS satisfies Deno.ForeignLibraryInterface;
CRYPTO_SYMBOLS satisfies Deno.ForeignLibraryInterface;
