/**
 * Empty projects, as a user of the package would start one.
 *
 * @module
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { NAME, type Packed } from "./packed.ts";
import { toolOf } from "./run.ts";
import { entriesOf } from "./tar.ts";

/** Makes a temporary folder, for {@linkcode removeTemporary} to remove. */
export function makeTemporary(): string {
  return mkdtempSync(join(tmpdir(), "securememory-install-"));
}

/** Removes a temporary folder with all that is in it. */
export function removeTemporary(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Calls `use` with a temporary folder, which is gone afterwards. */
export async function withTemporary<T>(use: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = makeTemporary();
  try {
    return await use(folder);
  } finally {
    removeTemporary(folder);
  }
}

/** Writes files, by their paths from a folder, and makes the folders they need. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Puts the files of a tarball where a package manager does, without one. */
export function unpackInto(project: string, { tarball }: Packed): void {
  for (const { path, bytes, mode } of entriesOf(gunzipSync(readFileSync(tarball)))) {
    const target = join(project, "node_modules", NAME, path.replace(/^package\//, ""));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes, { mode });
  }
}

/** Gives a project a package that this project has: types of Node, say. */
export function lend(project: string, name: string): void {
  cpSync(toolOf(name), join(project, "node_modules", name), { recursive: true });
}
