/**
 * Counts the copies of a key in another process, before and after that process gave it up.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { countCopies } from "../../demo/search.ts";
import { type Mapping, mappings } from "../../demo/smaps.ts";
import type { Counts, Use, Way } from "./ways.ts";

/** The search tells a page from the rest of the process; here all of it counts alike. */
const NO_PAGE: Mapping = {
  range: "none",
  from: 0,
  to: 4096,
  permissions: "",
  resident: false,
  flags: [],
};

/** Places at which a key stands in a process: as bytes, as a pad of HMAC, or as UTF-16. */
export function placesOf(pid: number, key: Uint8Array): number {
  const wide = Buffer.from(Buffer.from(key).toString("latin1"), "utf16le");
  const all = mappings(`${pid}`);
  return [key, wide]
    .map((form) => countCopies(`${pid}`, all, NO_PAGE, form).elsewhere)
    .reduce((sum, places) => sum + places);
}

/**
 * Runs holder.ts and looks at it twice.
 *
 * @param commandFor The command line that runs a script with arguments, on the runtime to look at.
 */
export async function count(
  commandFor: (...args: string[]) => readonly string[],
  way: Way,
  use: Use,
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-copies-"));
  const key = Buffer.from(randomBytes(24).toString("base64url"));
  const path = join(folder, "key");
  writeFileSync(path, key, { mode: 0o600 });
  const holder = new URL("./holder.ts", import.meta.url).pathname;
  const [program, ...args] = commandFor(holder, way, use, path) as [string, ...string[]];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const look = async (stage: keyof Counts): Promise<number> => {
      const { value } = await answers.next();
      if (value !== stage) throw new Error(`The holder said "${value}", wanted is "${stage}"`);
      const places = placesOf(child.pid as number, key);
      child.stdin.write("\n");
      return places;
    };
    return { kept: await look("kept"), after: await look("after") };
  } finally {
    child.kill("SIGKILL");
    key.fill(0);
    rmSync(folder, { recursive: true });
  }
}
