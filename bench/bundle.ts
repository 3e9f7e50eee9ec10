/**
 * The library as npm has it, for a start-up measurement: one bundle of JavaScript, and the
 * native library beside it. For Bun and Node.
 *
 * @module
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(ROOT, "bench/results/package");

interface Bundler {
  bundle(entries: readonly string[], folder: string): Promise<void>;
}

/** Writes bench/results/package. */
export async function bundlePackage(): Promise<void> {
  const url = new URL("../scripts/pack/bundle.mjs", import.meta.url).href;
  const { bundle } = await import(url) as Bundler;
  rmSync(TARGET, { recursive: true, force: true });
  await bundle(["mod.ts"], join(TARGET, "dist"));
  cpSync(join(ROOT, "lib"), join(TARGET, "lib"), { recursive: true });
}
