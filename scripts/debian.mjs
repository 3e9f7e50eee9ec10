/**
 * Packages of Debian, unpacked into a folder: nothing is installed, and no right of root is
 * needed. apt downloads them, with a state of its own, checks the archive's signature, and
 * dpkg-deb unpacks them. One release for all, whatever runs here.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const RELEASE = "trixie";
const MIRROR = process.env.SECUREMEMORY_DEBIAN_MIRROR ?? "http://deb.debian.org/debian";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** A mirror that does not answer, or hardly, must not hold up the tests. */
const LIMIT_MS = 10 * 60 * 1000;
/** Of what is downloaded at once. */
const LIMIT_MIB = 512;

/** Why something cannot be had here, in words for a person. */
export class Unavailable extends Error {}

export function run(state, cwd, program, ...args) {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, APT_CONFIG: join(state, "apt.conf"), LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 26,
      timeout: LIMIT_MS,
    });
  } catch (error) {
    if (error.code === "ETIMEDOUT") {
      throw new Unavailable(`${program} ${args.join(" ")}: more than ${LIMIT_MS / 60_000} minutes`);
    }
    const said = `${error.stdout ?? ""}${error.stderr || error.message}`.trim();
    throw new Unavailable(`${program} ${args.join(" ")}: ${said.split("\n").slice(-5).join("; ")}`);
  }
}

/** A state of apt that knows nothing of this host's packages, with the archive's lists. */
export function makeState(state, architectures = ["amd64"], release = RELEASE) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Unavailable("packages of Debian are unpacked on Linux on x86_64 only");
  }
  if (!existsSync(KEYRING)) {
    throw new Unavailable(`${KEYRING} is missing (package debian-archive-keyring)`);
  }
  for (const name of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(state, name), { recursive: true });
  }
  writeFileSync(join(state, "status"), "");
  writeFileSync(
    join(state, "sources.list"),
    `deb [arch=${architectures.join(",")} signed-by=${KEYRING}] ${MIRROR} ${release} main\n`,
  );
  const settings = {
    "Dir::State": state,
    "Dir::State::status": join(state, "status"),
    "Dir::State::lists": join(state, "lists"),
    "Dir::Cache": join(state, "cache"),
    "Dir::Etc::sourcelist": join(state, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "APT::Architecture": "amd64",
    "APT::Install-Recommends": "false",
    // As root, apt would become the user _apt, who may not write here.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "30",
    "Debug::NoLocking": "true",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  const list = architectures.map((name) => `"${name}"; `).join("");
  writeFileSync(
    join(state, "apt.conf"),
    [...lines, `APT::Architectures { ${list}};\n`].join(""),
  );
  run(state, state, "apt-get", "update", "--error-on=any");
}

/** Downloads packages, with what they depend on, and unpacks them. Returns their versions. */
export function unpack(state, folder, names) {
  const archives = join(folder, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  const args = ["install", "--yes", "--download-only", "-o", `Dir::Cache::archives=${archives}`];
  requireSize(run(state, state, "apt-get", ...args, "--print-uris", ...names), names);
  run(state, state, "apt-get", ...args, ...names);
  return unpackAll(state, archives, folder);
}

/** Of lines as apt prints them: `'address' name size hash`. */
export function requireSize(text, names) {
  const sizes = [...text.matchAll(/^'\S+' \S+ (\d+) /gm)].map(([, size]) => Number(size));
  const mib = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20);
  if (mib <= LIMIT_MIB) return;
  throw new Unavailable(`${names.join(", ")}: ${mib} MiB to download, ${LIMIT_MIB} are the limit`);
}

/** The same, without what they depend on. */
export function unpackAlone(state, folder, names) {
  const archives = join(folder, "archives");
  mkdirSync(archives, { recursive: true });
  run(state, archives, "apt-get", "download", ...names);
  return unpackAll(state, archives, folder);
}

function unpackAll(state, archives, folder) {
  const files = readdirSync(archives).filter((name) => name.endsWith(".deb")).sort();
  for (const name of files) {
    run(state, state, "dpkg-deb", "-x", join(archives, name), folder);
  }
  rmSync(archives, { recursive: true });
  return files.map((name) => decodeURIComponent(name.replace(/_[^_]*\.deb$/, "")));
}

/**
 * What `make(folder)` has put into a folder and returned, made once for all that was asked
 * for: another value of `asked` means to make it anew. `why` is printed if it has to be.
 */
export function findMade(folder, asked, why, make) {
  const kept = read(folder, asked);
  if (kept !== undefined) return kept;
  console.error(`${why} into ${folder}`);
  const made = `${folder}-${process.pid}`;
  mkdirSync(made, { recursive: true });
  try {
    const result = make(made);
    writeFileSync(join(made, "packages.json"), JSON.stringify({ asked, ...result }, null, 2));
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return read(folder, asked);
}

function read(folder, asked) {
  try {
    const packages = JSON.parse(readFileSync(join(folder, "packages.json"), "utf8"));
    return packages.asked === asked ? packages : undefined;
  } catch {
    return undefined;
  }
}
