/**
 * A PostgreSQL server to try things with: the one that this machine has, else Debian's, unpacked
 * below `.tools/postgres`; nothing is installed. SECUREMEMORY_POSTGRES names another folder, and
 * means that it has to be Debian's.
 */
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findMade, makeState, RELEASE, Unavailable, unpack } from "../debian.mjs";
import { ask, ROOT } from "../toolchain.mjs";

export { Unavailable };

const FOLDER = process.env.SECUREMEMORY_POSTGRES ?? `${ROOT}.tools/postgres`;
const PACKAGES = ["postgresql"];
const PROGRAMS = ["initdb", "postgres"];

/** The folder of `initdb` and `postgres`: from PATH, from where distributions put it, or Debian's. */
export function findPostgres() {
  return findInstalled() ?? download();
}

function findInstalled() {
  if (process.env.SECUREMEMORY_POSTGRES !== undefined) return undefined;
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    ...versionsIn("/usr/lib/postgresql").map((path) => join(path, "bin")),
  ];
  return folders.find((folder) =>
    PROGRAMS.every((name) => ask(join(folder, name), "--version") !== undefined)
  );
}

/** The folders of versions, the newest first. */
function versionsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a)).map((name) => join(folder, name));
}

function download() {
  const asked = JSON.stringify([RELEASE, PACKAGES]);
  const why = `examples: downloading PostgreSQL of Debian ${RELEASE}`;
  findMade(FOLDER, asked, why, (folder) => {
    const state = join(folder, "apt");
    makeState(state);
    const versions = unpack(state, folder, PACKAGES);
    rmSync(state, { recursive: true });
    removeUnused(folder);
    return { versions };
  });
  const [version] = versionsIn(join(FOLDER, "usr/lib/postgresql"));
  if (version === undefined) throw new Unavailable(`${FOLDER} has no PostgreSQL`);
  const bin = join(version, "bin");
  for (const name of PROGRAMS) useOwnLibraries(join(bin, name));
  return bin;
}

/** Compiling queries, with LLVM, and what people read: two thirds of all. */
function removeUnused(folder) {
  const libraries = join(folder, "usr/lib/x86_64-linux-gnu");
  for (const name of readdirSync(libraries)) {
    if (name.startsWith("libLLVM")) rmSync(join(libraries, name));
  }
  for (const name of ["doc", "locale", "man", "perl", "perl5"]) {
    rmSync(join(folder, "usr/share", name), { recursive: true, force: true });
  }
}

/**
 * Puts a script in a program's place, which starts it with the C library that it came with: this
 * machine's may be an older one. initdb starts `postgres` by that name, and both find their files
 * from where they are said to be.
 */
function useOwnLibraries(program) {
  const real = join(dirname(program), `.${basename(program)}`);
  const libraries = join(FOLDER, "usr/lib/x86_64-linux-gnu");
  const loader = `'${libraries}/ld-linux-x86-64.so.2' --library-path '${libraries}'`;
  if (!existsSync(real)) renameSync(program, real);
  writeFileSync(program, `#!/bin/sh\nexec ${loader} --argv0 '${program}' '${real}' "$@"\n`);
  chmodSync(program, 0o755);
}
