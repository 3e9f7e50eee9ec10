/**
 * Bundles of the suite, made by a child: esbuild runs on Node alone.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ROOT } from "../../support/child.ts";
import { nodePath } from "./tools.ts";
import type { Result } from "./run.ts";

/** What was bundled. */
export interface Bundle {
  /** The folder with `bundle.mjs` and `securememory.wasm`. */
  readonly folder: string;
  /** Paths of the modules that are in it, from the project's root. */
  readonly modules: readonly string[];
}

/** Bundles the suite, or another module, as a runtime of the edge takes it. */
export function bundle(condition: "default" | "workerd" | "edge-light", entry?: string): Bundle {
  const folder = mkdtempSync(join(tmpdir(), "securememory-edge-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const output = execFileSync(
    nodePath(),
    [join(ROOT, "tests/edge/support/bundle.mjs"), condition, folder],
    {
      encoding: "utf8",
      env: entry === undefined ? process.env : { ...process.env, ENTRY: join(ROOT, entry) },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  return { folder, modules: JSON.parse(output) };
}

/** A test for each result that came from a runtime. */
export function tell(results: readonly Result[]): void {
  for (const { name, error, skipped } of results) {
    test(name, { skip: skipped ?? false }, () => {
      if (error !== undefined) throw new Error(error);
    });
  }
}
