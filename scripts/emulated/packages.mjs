/**
 * The Debian packages of the emulated machine: QEMU for this side, a kernel and a user
 * land for the other. QEMU is started through the C library that it came with.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { findMade, makeState, RELEASE, run, Unavailable, unpack, unpackAlone } from "../debian.mjs";

export { Unavailable };

/** Its kernel is 6.12: memfd_secret, protection keys and mseal. */
const KERNEL = "linux-image-cloud-amd64";

const HERE = ["qemu-system-x86", "e2fsprogs"];
/** What tests start, and what the runtimes are linked with. */
const THERE = [
  ...["busybox-static", "dash", "coreutils", "util-linux", "bsdutils", "libc-bin", "procps"],
  ...["libc6", "libstdc++6", "libgcc-s1", "libatomic1", "gdb"],
];
/** Another value means to download anew. */
const ASKED = [RELEASE, KERNEL, ...HERE, "-", ...THERE].join(" ");

function kernelName(state) {
  const depends = run(state, state, "apt-cache", "show", KERNEL);
  return /^Depends: (linux-image-\S+)/m.exec(depends)[1];
}

function download(folder) {
  const state = join(folder, "apt");
  makeState(state);
  const kernel = kernelName(state);
  const versions = {
    here: unpack(state, join(folder, "here"), HERE),
    there: unpack(state, join(folder, "there"), THERE),
    // Alone: of what a kernel depends on, a machine that is never installed needs nothing.
    kernel: unpackAlone(state, join(folder, "kernel"), [kernel]),
  };
  rmSync(state, { recursive: true });
  return { kernel: kernel.replace("linux-image-", ""), versions };
}

/**
 * Finds the unpacked packages below a folder, or downloads them first (110 MB). The file
 * packages.json there says which versions these are.
 */
export function findPackages(parent) {
  const folder = join(parent, "packages");
  const why = `emulated: downloading packages of Debian ${RELEASE}`;
  const { kernel, versions } = findMade(folder, ASKED, why, download);
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
