/**
 * The file of a native library that belongs beside this module, in the folder `lib`.
 *
 * @module
 */
import type { Part } from "./part.ts";
import { pathOf } from "./process.ts";

/** An operating system and a processor, by the names that our libraries' folders have. */
export interface Target {
  readonly os: string;
  readonly arch: string;
}

/** The name of the library's file, or `undefined` if there is none for the target. */
export function fileName({ os, arch }: Target, { files }: Part): string | undefined {
  return arch === "x86_64" || arch === "aarch64" ? files[os] : undefined;
}

/**
 * The path of the file, or `undefined` where no file can be: the module came from https, or
 * there is no library for the target.
 */
export function pathBeside(target: Target, part: Part): string | undefined {
  const file = fileName(target, part);
  if (file === undefined) return undefined;
  // The bundle for npm lies one folder below: scripts/pack/bundle.mjs shortens this path.
  const url = new URL(`../../lib/${target.os}-${target.arch}/${file}`, import.meta.url);
  return url.protocol === "file:" ? pathOf(url, target.os) : undefined;
}
