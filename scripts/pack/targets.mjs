/** The native libraries that are published: one for each target of build.zig. */

const FILES = {
  linux: "libsecurememory.so",
  macos: "libsecurememory.dylib",
  windows: "securememory.dll",
};

/** The targets, by the names of their folders in lib/. */
export const TARGETS = Object.keys(FILES).flatMap((os) =>
  ["x86_64", "aarch64"].map((arch) => ({ os, arch, name: `${os}-${arch}` }))
);

/** Paths of the libraries, from the root of the project and of the package. */
export const LIBRARIES = TARGETS.map(({ os, name }) => `lib/${name}/${FILES[os]}`);
