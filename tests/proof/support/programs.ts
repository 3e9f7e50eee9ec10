/**
 * The native programs of the proof suite: the observer, and the library of a holder.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { ROOT } from "../../support/child.ts";
import { zigPath } from "../../support/native.ts";

const SOURCES = join(ROOT, "tests/native");

/** Where they are. */
export interface Programs {
  /** A folder for what the tests of this process write; it goes when they have ended. */
  readonly folder: string;
  /** Path of the program of `native/observer.zig`. */
  readonly observer: string;
  /** Path of the library of `native/holder.zig`. */
  readonly holder: string;
}

let built: Programs | undefined;

// Not when the process exits: Bun's test runner does not say so.
after(() => {
  if (built !== undefined) rmSync(built.folder, { recursive: true, force: true });
  built = undefined;
});

/** Builds them, once for each process. */
export function programs(): Programs {
  // On Bun all files share this module, and with it the hook of the first one.
  if (built !== undefined && existsSync(built.folder)) return built;
  const target = join(ROOT, "zig-out/linux-x86_64");
  build(join(target, "proof.stamp"));
  const folder = mkdtempSync(join(tmpdir(), "securememory-proof-"));
  return built = {
    folder,
    observer: join(target, "observer"),
    holder: join(target, "libholder.so"),
  };
}

/** Asks Zig only where a source has changed since: in an emulated machine that takes minutes. */
function build(stamp: string): void {
  const hash = createHash("sha256");
  const names = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).sort();
  for (const name of names.filter((one) => one.endsWith(".zig"))) {
    hash.update(readFileSync(join(SOURCES, name)));
  }
  const sources = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;
  execFileSync(zigPath(), ["build", "proof"], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  writeFileSync(stamp, sources);
}
