/**
 * Unpacks a Chromium without windows into .tools/chromium, or where SECUREMEMORY_CHROMIUM says, for
 * tests/edge/chromium_test.ts: Debian's, with what it is linked with. Nothing is installed.
 *
 *     node scripts/chromium.mjs
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findMade, makeState, unpack } from "./debian.mjs";
import { ROOT } from "./toolchain.mjs";

/** The oldest one: programs of it run with the C library of every later system. */
const RELEASE = "bookworm";

/** Of the C library the system's own is taken, which its loader fits. */
const SYSTEMS = /^(ld-linux-[\w-]+|lib(c|m|pthread|dl|rt|resolv|util|nss_\w+)(-[\d.]+)?)\.so/;

const folder = process.env.SECUREMEMORY_CHROMIUM ?? join(ROOT, ".tools/chromium");
const { versions } = findMade(folder, RELEASE, "chromium: unpacking", (made) => {
  const state = join(made, "apt");
  makeState(state, ["amd64"], RELEASE);
  const versions = unpack(state, made, ["chromium-headless-shell"]);
  rmSync(state, { recursive: true });
  for (const place of ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]) {
    for (const name of readdirSync(join(made, place))) {
      if (SYSTEMS.test(name)) rmSync(join(made, place, name));
    }
  }
  return { versions };
});
console.log(versions.find((name) => name.startsWith("chromium-headless-shell")));
