/**
 * Programs that the edge's tests need, and packages that carry some of them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
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

/** What scripts/chromium.mjs has unpacked, or one that is installed; `undefined` if there is none. */
export function chromium(): Chromium | undefined {
  const folder = process.env.SECUREMEMORY_CHROMIUM ?? join(ROOT, ".tools/chromium");
  const unpacked = join(folder, "usr/lib/chromium/chromium-headless-shell");
  if (existsSync(unpacked)) {
    const libraries = ["usr/lib/chromium", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    const paths = libraries.map((path) => join(folder, path)).join(":");
    return { path: unpacked, env: { LD_LIBRARY_PATH: paths } };
  }
  const names = ["chromium-headless-shell", "chromium", "google-chrome"];
  for (const place of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(place, name);
      if (existsSync(path)) return { path, env: {} };
    }
  }
  return undefined;
}
