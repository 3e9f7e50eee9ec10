/**
 * The Debian packages of the emulated machine: QEMU for this side, a kernel and a user
 * land for the other. apt downloads them, with a state of its own, and dpkg-deb unpacks
 * them: nothing is installed, and no right of root is needed. One release of Debian for
 * all, whatever runs here: QEMU is started through the C library that it came with.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Its kernel is 6.12: memfd_secret, protection keys and mseal. */
const RELEASE = "trixie";
const KERNEL = "linux-image-cloud-amd64";
const MIRROR = process.env.SECUREMEMORY_DEBIAN_MIRROR ?? "http://deb.debian.org/debian";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const HERE = ["qemu-system-x86", "e2fsprogs"];
/** What tests start, and what the runtimes are linked with. */
const THERE = [
  ...["busybox-static", "dash", "coreutils", "util-linux", "bsdutils", "libc-bin", "procps"],
  ...["libc6", "libstdc++6", "libgcc-s1", "libatomic1", "gdb"],
];
/** Another value means to download anew. */
const ASKED = [RELEASE, KERNEL, ...HERE, "-", ...THERE].join(" ");

/** Why the machine cannot be made, in words for a person. */
export class Unavailable extends Error {}

function run(state, cwd, program, ...args) {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, APT_CONFIG: join(state, "apt.conf"), LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const said = `${error.stdout ?? ""}${error.stderr || error.message}`.trim();
    throw new Unavailable(`${program} ${args.join(" ")}: ${said.split("\n").slice(-5).join("; ")}`);
  }
}

/** A state of apt that knows nothing of this host's packages. */
function makeState(state) {
  for (const name of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(state, name), { recursive: true });
  }
  writeFileSync(join(state, "status"), "");
  writeFileSync(
    join(state, "sources.list"),
    `deb [arch=amd64 signed-by=${KEYRING}] ${MIRROR} ${RELEASE} main\n`,
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
    "APT::Architectures": "amd64",
    "APT::Install-Recommends": "false",
    // As root, apt would become the user _apt, who may not write here.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Debug::NoLocking": "true",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  writeFileSync(join(state, "apt.conf"), lines.join(""));
}

/** Downloads packages, with or without what they depend on, and unpacks them. */
function unpack(state, folder, names) {
  const archives = join(folder, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  const args = ["--yes", "--download-only", "-o", `Dir::Cache::archives=${archives}`];
  run(state, state, "apt-get", "install", ...args, ...names);
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

function kernelName(state) {
  const depends = run(state, state, "apt-cache", "show", KERNEL);
  return /^Depends: (linux-image-\S+)/m.exec(depends)[1];
}

function download(folder) {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Unavailable("the emulated machine is made on Linux on x86_64 only");
  }
  if (!existsSync(KEYRING)) {
    throw new Unavailable(`${KEYRING} is missing (package debian-archive-keyring)`);
  }
  const state = join(folder, "apt");
  makeState(state);
  run(state, state, "apt-get", "update", "--error-on=any");
  const kernel = kernelName(state);
  const archives = join(folder, "kernel/archives");
  mkdirSync(archives, { recursive: true });
  // Alone: of what a kernel depends on, a machine that is never installed needs nothing.
  run(state, archives, "apt-get", "download", kernel);
  const versions = {
    here: unpack(state, join(folder, "here"), HERE),
    there: unpack(state, join(folder, "there"), THERE),
    kernel: unpackAll(state, archives, join(folder, "kernel")),
  };
  rmSync(state, { recursive: true });
  const release = kernel.replace("linux-image-", "");
  writeFileSync(
    join(folder, "packages.json"),
    JSON.stringify({ asked: ASKED, kernel: release, versions }, null, 2),
  );
}

function read(folder) {
  try {
    const packages = JSON.parse(readFileSync(join(folder, "packages.json"), "utf8"));
    return packages.asked === ASKED ? packages : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds the unpacked packages below a folder, or downloads them first (110 MB). The file
 * packages.json there says which versions these are.
 */
export function findPackages(parent) {
  const folder = join(parent, "packages");
  if (read(folder) === undefined) {
    console.error(`emulated: downloading packages of Debian ${RELEASE} into ${folder}`);
    const made = `${folder}-${process.pid}`;
    mkdirSync(made, { recursive: true });
    try {
      download(made);
      rmSync(folder, { recursive: true, force: true });
      renameSync(made, folder);
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  }
  const { kernel, versions } = read(folder);
  const here = join(folder, "here");
  const libraries = join(here, "usr/lib/x86_64-linux-gnu");
  const loader = [join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries];
  const modules = join(folder, "kernel/usr/lib/modules", kernel, "kernel");
  return {
    stamp: JSON.stringify(versions),
    qemu: [
      ...[...loader, join(here, "usr/bin/qemu-system-x86_64")],
      ...["-L", join(here, "usr/share/qemu"), "-L", join(here, "usr/share/seabios")],
    ],
    mke2fs: {
      command: [...loader, join(here, "usr/sbin/mke2fs")],
      env: { MKE2FS_CONFIG: join(here, "etc/mke2fs.conf") },
    },
    kernel: join(folder, "kernel/boot", `vmlinuz-${kernel}`),
    disk: join(modules, "drivers/block/virtio_blk.ko.xz"),
    there: join(folder, "there"),
  };
}
