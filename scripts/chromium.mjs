/**
 * A Chromium without windows, for tests/edge/chromium_test.ts: the one that this machine has, else
 * Debian's with what it is linked with, unpacked below `.tools/chromium`; nothing is installed.
 * SECUREMEMORY_CHROMIUM names another folder, and means that it has to be Debian's.
 *
 *     node scripts/chromium.mjs      finds it, and says which one that is
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findMade, makeState, Unavailable, unpack } from "./debian.mjs";
import { ask, ROOT } from "./toolchain.mjs";

export { Unavailable };

/** The oldest one: programs of it run with the C library of every later system. */
const RELEASE = "bookworm";
const PACKAGES = ["chromium-headless-shell"];
const FOLDER = process.env.SECUREMEMORY_CHROMIUM ?? join(ROOT, ".tools/chromium");

/** Names of it that distributions and Google have, the smallest one first. */
const NAMES = ["chromium-headless-shell", "chromium", "google-chrome"];

/** Of the C library the system's own is taken, which its loader fits. */
const SYSTEMS = /^(ld-linux-[\w-]+|lib(c|m|pthread|dl|rt|resolv|util|nss_\w+)(-[\d.]+)?)\.so/;

/** The program, and what its libraries are found by. */
export function findChromium() {
  return findInstalled() ?? download();
}

function findInstalled() {
  if (process.env.SECUREMEMORY_CHROMIUM !== undefined) return undefined;
  const path = NAMES.find((name) => ask(name, "--version") !== undefined);
  return path === undefined ? undefined : { path, env: {} };
}

function download() {
  const asked = JSON.stringify([RELEASE, PACKAGES]);
  findMade(FOLDER, asked, `chromium: downloading it from Debian ${RELEASE}`, (folder) => {
    const state = join(folder, "apt");
    makeState(state, ["amd64"], RELEASE);
    const versions = unpack(state, folder, PACKAGES);
    rmSync(state, { recursive: true });
    removeSystems(folder);
    return { versions };
  });
  const own = ["usr/lib/chromium", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
  // libpulse says where its private part is, by a path of an installed system.
  const libraries = [...own, "usr/lib/x86_64-linux-gnu/pulseaudio"];
  return {
    path: join(FOLDER, "usr/lib/chromium/chromium-headless-shell"),
    env: { LD_LIBRARY_PATH: libraries.map((path) => join(FOLDER, path)).join(":") },
  };
}

function removeSystems(folder) {
  for (const place of ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]) {
    for (const name of readdirSync(join(folder, place))) {
      if (SYSTEMS.test(name)) rmSync(join(folder, place, name));
    }
  }
}

if (import.meta.filename === process.argv[1]) {
  const { path, env } = findChromium();
  console.log(path, Object.entries(env).map(([name, value]) => `${name}=${value}`).join(" "));
}
