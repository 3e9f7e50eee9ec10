/**
 * Types that only Deno knows: the symbol table is one that `Deno.dlopen` takes.
 *
 * @module
 */
import { SYMBOLS } from "../../src/native/symbols.ts";

SYMBOLS satisfies Deno.ForeignLibraryInterface;
