/**
 * The native programs of the proof suite: the observer, and the library of a holder.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
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

/** Builds them, once for each process. */
export function programs(): Programs {
  if (built !== undefined) return built;
  const target = join(ROOT, "zig-out/linux-x86_64");
  const observer = join(target, "observer");
  const holder = join(target, "libholder.so");
  if (![observer, holder].every(isNew)) {
    execFileSync(zigPath(), ["build", "proof"], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  }
  const folder = mkdtempSync(join(tmpdir(), "securememory-proof-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return built = { folder, observer, holder };
}

/** Whether a program is newer than all sources: an emulated machine takes minutes to compile. */
function isNew(program: string): boolean {
  if (!existsSync(program)) return false;
  const sources = readdirSync(join(ROOT, "tests/native"), { recursive: true, encoding: "utf8" });
  const changed = sources.map((name) => statSync(join(ROOT, "tests/native", name)).mtimeMs);
  return statSync(program).mtimeMs > Math.max(...changed);
}
