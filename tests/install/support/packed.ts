/**
 * The package as `scripts/pack.mjs` makes it: once for all tests of a run.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../support/child.ts";
import { NODE } from "./run.ts";

/** What was made. */
export interface Packed {
  /** The folder that `npm pack` was run in. */
  readonly folder: string;
  readonly tarball: string;
}

const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** The name of the package and of its tarball. */
export const NAME: string = project.name;
export const VERSION: string = project.version;
const TARBALL = `${NAME.replace("@", "").replace("/", "-")}-${VERSION}.tgz`;

/** Makes the package in a folder. */
export function pack(out: string): Packed {
  const script = join(ROOT, "scripts/pack.mjs");
  execFileSync(NODE, [script, "--out", out], { stdio: ["ignore", "ignore", "inherit"] });
  return madeIn(out);
}

function madeIn(out: string): Packed {
  return { folder: join(out, "package"), tarball: join(out, TARBALL) };
}

/** The package: where SECUREMEMORY_TEST_PACKAGE says, or made for this process. */
export function packed(): Packed {
  const given = process.env.SECUREMEMORY_TEST_PACKAGE;
  if (given !== undefined && existsSync(join(given, TARBALL))) return madeIn(given);
  return own ??= packForThisProcess();
}

let own: Packed | undefined;

function packForThisProcess(): Packed {
  const out = mkdtempSync(join(tmpdir(), "securememory-package-"));
  process.once("exit", () => rmSync(out, { recursive: true, force: true }));
  return pack(out);
}
