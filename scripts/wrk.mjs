/**
 * wrk, which puts a server of HTTP under load: the one that this machine has, else Debian's,
 * unpacked below `.tools/wrk`; nothing is installed. SECUREMEMORY_WRK names another folder, and
 * means that it has to be Debian's. It is started through the C library that it came with.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { findMade, makeState, RELEASE, Unavailable, unpack } from "./debian.mjs";
import { ROOT } from "./toolchain.mjs";

export { Unavailable };

const FOLDER = process.env.SECUREMEMORY_WRK ?? `${ROOT}.tools/wrk`;
const PACKAGES = ["wrk"];

/** The command line that wrk's own arguments go behind. */
export function findWrk() {
  if (process.env.SECUREMEMORY_WRK === undefined && works("wrk")) return ["wrk"];
  const asked = JSON.stringify([RELEASE, PACKAGES]);
  findMade(FOLDER, asked, `wrk: downloading it from Debian ${RELEASE}`, (folder) => {
    const state = join(folder, "apt");
    makeState(state);
    const versions = unpack(state, folder, PACKAGES);
    rmSync(state, { recursive: true });
    return { versions };
  });
  const libraries = join(FOLDER, "usr/lib/x86_64-linux-gnu");
  const loader = join(libraries, "ld-linux-x86-64.so.2");
  return [loader, "--library-path", libraries, join(FOLDER, "usr/bin/wrk")];
}

/** It says its version, and ends with 1. */
function works(program) {
  return spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.startsWith("wrk ") ??
    false;
}
