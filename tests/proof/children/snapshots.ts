/**
 * Heap snapshots of this process, in every format that its engine has.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeHeapSnapshot } from "node:v8";

/** Writes them into a folder. Returns their paths. */
export function writeSnapshots(folder: string): string[] {
  const paths = [join(folder, "v8.json")];
  writeHeapSnapshot(paths[0]);
  const { Bun } = globalThis as { Bun?: { generateHeapSnapshot(): unknown } };
  if (Bun !== undefined) {
    const path = join(folder, "jsc.json");
    writeFileSync(path, JSON.stringify(Bun.generateHeapSnapshot()));
    paths.push(path);
  }
  return paths;
}
