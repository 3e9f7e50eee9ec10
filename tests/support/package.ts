/**
 * Copies of the package as a host could have it: without the library's file, or with a damaged one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ChildOptions, ROOT, runFile } from "./child.ts";
import { withFolder } from "./native.ts";

/** A copy of the package in a folder of its own. */
export interface Package {
  readonly folder: string;
  /** Runs a module that may `import ... from "./mod.ts"`. It has to end well and print one JSON value. */
  reported<T>(code: string, options?: ChildOptions): Promise<T>;
}

/** Calls `use` with a copy of the package, which has no library beside its modules. */
export function withPackage<T>(use: (of: Package) => Promise<T>): Promise<T> {
  return withFolder((folder) => {
    for (const part of ["mod.ts", "src", "package.json", "deno.json"]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    let children = 0;
    return use({
      folder,
      async reported<R>(code: string, options: ChildOptions = {}): Promise<R> {
        const path = join(folder, `child${children++}.ts`);
        writeFileSync(path, code);
        const outcome = await runFile(path, {
          ...options,
          env: { SECUREMEMORY_LIBRARY: "", ...options.env },
        });
        const { status, signal, stdout, stderr } = outcome;
        assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
        return JSON.parse(stdout) as R;
      },
    });
  });
}
