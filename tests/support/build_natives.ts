/**
 * Builds every native library and program that a test asks for by name, so that a copy of
 * this project finds them: in an emulated machine Zig takes minutes for one.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../proof/support/programs.ts";
import { ROOT } from "./child.ts";
import { buildNative, buildProgram, withFolder } from "./native.ts";

const FOLDER = join(ROOT, "tests");
const names = readdirSync(FOLDER, { recursive: true, encoding: "utf8" });
const text = names.filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(join(FOLDER, name), "utf8")).join("\n");
const asked = text.matchAll(/\b(withNative|buildNative|buildProgram)\(\s*"(\w+)"/g);

await withFolder((folder) => {
  for (const [, how, name] of asked) {
    if (how === "buildProgram") buildProgram(name as string, folder);
    else buildNative(name as string, folder);
  }
  programs();
  return Promise.resolve();
});
