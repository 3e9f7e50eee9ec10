/**
 * Programs that the edge's tests need, and packages that carry some of them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "../../support/child.ts";
import { toolchain } from "../../support/native.ts";

const require = createRequire(join(ROOT, "package.json"));

/** The folder of an installed package, or `undefined`. */
function packageFolder(name: string, from = require): string | undefined {
  try {
    return dirname(from.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** Node, which runs esbuild and edge-runtime whatever runs the tests. */
export function nodePath(): string {
  const path = toolchain.findNode();
  if (path === undefined) throw new Error("Node is not installed");
  return path;
}

/** The binary of workerd, or `undefined`. */
export function workerdPath(): string | undefined {
  const folder = packageFolder("workerd");
  if (folder === undefined) return undefined;
  const arch = process.arch === "arm64" ? "arm64" : "64";
  const os = process.platform === "win32" ? "windows" : process.platform;
  const binary = packageFolder(
    `@cloudflare/workerd-${os}-${arch}`,
    createRequire(join(folder, "package.json")),
  );
  const path = binary &&
    join(binary, "bin", process.platform === "win32" ? "workerd.exe" : "workerd");
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** The folder of edge-runtime, or `undefined`. */
export function edgeRuntimeFolder(): string | undefined {
  return packageFolder("edge-runtime");
}

/** A Chromium without a window, and what its libraries are found by. */
export interface Chromium {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Script {
  readonly Unavailable: new (message: string) => Error;
  readonly findChromium: () => Chromium;
}

/** Plain JavaScript, which needs its types from here. */
const script: Script = await import(
  new URL("../../../scripts/chromium.mjs", import.meta.url).href
);

/** One that is installed, or Debian's, which is downloaded the first time; or why there is none. */
export function chromium(): Chromium | string {
  try {
    return script.findChromium();
  } catch (error) {
    if (!(error instanceof script.Unavailable)) throw error;
    return error.message;
  }
}
