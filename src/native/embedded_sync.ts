/**
 * What stands in the place of `embedded.ts` in the package for npm, which `require` can load, too:
 * modules that wait for an import cannot be required. A bundler finds the bytes of each target
 * behind a condition of its own, so that one that knows the target leaves the others out.
 *
 * @module
 */
import { decode } from "./decode.ts";
import type { Embedded } from "./embedded.ts";
import type { Part } from "./part.ts";

interface Encoded {
  readonly library: string;
}

/** There in Bun, in CommonJS, and in what bundlers write; not in an ES module on Node. */
declare const require: (path: string) => Encoded;
/** By this name, with these properties: what a bundler can replace by constants. */
declare const process: { readonly platform: string; readonly arch: string };

/** The library for this host, or `undefined` if none came with the module. */
export function embedded({ name }: Part): Embedded | undefined {
  const found = { core, crypto, extra }[name]();
  return found === undefined ? undefined : { bytes: decode(found.library), hash: undefined };
}

/** Nothing is done ahead where nothing may be waited for. */
export function hashAhead(_part: Part): string | undefined {
  return undefined;
}

function core(): Encoded | undefined {
  try {
    if (process.platform === "linux") {
      if (process.arch === "x64") return require("./embedded/linux_x86_64.js");
      if (process.arch === "arm64") return require("./embedded/linux_aarch64.js");
    }
    if (process.platform === "darwin") {
      if (process.arch === "x64") return require("./embedded/macos_x86_64.js");
      if (process.arch === "arm64") return require("./embedded/macos_aarch64.js");
    }
    if (process.platform === "win32") {
      if (process.arch === "x64") return require("./embedded/windows_x86_64.js");
      if (process.arch === "arm64") return require("./embedded/windows_aarch64.js");
    }
  } catch {
    // There is no `require` here: the file beside the module is what there is.
  }
  return undefined;
}

function crypto(): Encoded | undefined {
  try {
    if (process.platform === "linux") {
      if (process.arch === "x64") return require("./embedded/linux_x86_64_crypto.js");
      if (process.arch === "arm64") return require("./embedded/linux_aarch64_crypto.js");
    }
    if (process.platform === "darwin") {
      if (process.arch === "x64") return require("./embedded/macos_x86_64_crypto.js");
      if (process.arch === "arm64") return require("./embedded/macos_aarch64_crypto.js");
    }
    if (process.platform === "win32") {
      if (process.arch === "x64") return require("./embedded/windows_x86_64_crypto.js");
      if (process.arch === "arm64") return require("./embedded/windows_aarch64_crypto.js");
    }
  } catch {
    // As above.
  }
  return undefined;
}

function extra(): Encoded | undefined {
  try {
    if (process.platform === "linux") {
      if (process.arch === "x64") return require("./embedded/linux_x86_64_extra.js");
      if (process.arch === "arm64") return require("./embedded/linux_aarch64_extra.js");
    }
    if (process.platform === "darwin") {
      if (process.arch === "x64") return require("./embedded/macos_x86_64_extra.js");
      if (process.arch === "arm64") return require("./embedded/macos_aarch64_extra.js");
    }
    if (process.platform === "win32") {
      if (process.arch === "x64") return require("./embedded/windows_x86_64_extra.js");
      if (process.arch === "arm64") return require("./embedded/windows_aarch64_extra.js");
    }
  } catch {
    // As above.
  }
  return undefined;
}
