/**
 * The native programs of the proof suite: the observer, and the library of a holder.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../support/child.ts";
import { zigPath } from "../../support/native.ts";

/** Where they are. */
export interface Programs {
  /** A folder for what the tests of this process write; it goes when the process does. */
  readonly folder: string;
  /** Path of the program of `native/observer.zig`. */
  readonly observer: string;
  /** Path of the library of `native/holder.zig`. */
  readonly holder: string;
}

let built: Programs | undefined;

/** Builds them, once for each process; Zig does nothing where nothing has changed. */
export function programs(): Programs {
  if (built !== undefined) return built;
  execFileSync(zigPath(), ["build", "proof"], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  const folder = mkdtempSync(join(tmpdir(), "securememory-proof-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const target = join(ROOT, "zig-out/linux-x86_64");
  return built = {
    folder,
    observer: join(target, "observer"),
    holder: join(target, "libholder.so"),
  };
}
