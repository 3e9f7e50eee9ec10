/** The native libraries that are published: three for each target of build.zig. */

const FILES = {
  core: {
    linux: "libsecurememory.so",
    macos: "libsecurememory.dylib",
    windows: "securememory.dll",
  },
  crypto: {
    linux: "libsecurememory-crypto.so",
    macos: "libsecurememory-crypto.dylib",
    windows: "securememory-crypto.dll",
  },
  extra: {
    linux: "libsecurememory-extra.so",
    macos: "libsecurememory-extra.dylib",
    windows: "securememory-extra.dll",
  },
};

/** The targets, by the names of their folders in lib/. */
export const TARGETS = Object.keys(FILES.core).flatMap((os) =>
  ["x86_64", "aarch64"].map((arch) => ({ os, arch, name: `${os}-${arch}` }))
);

/** The libraries, by the names that src/native/part.ts has for them. */
export const PARTS = Object.keys(FILES);

/**
 * All of them. `path` is from the root of the project and of the package; `embedded` is the name of
 * the module with the same bytes.
 */
export const LIBRARIES = PARTS.flatMap((part) =>
  TARGETS.map((target) => ({
    part,
    target,
    path: `lib/${target.name}/${FILES[part][target.os]}`,
    embedded: `${target.os}_${target.arch}${part === "core" ? "" : `_${part}`}`,
  }))
);

/** The edge's module, from the root of the project. */
export const WASM = "lib/wasm/securememory.wasm";

/** Steps of build.zig for all that this host runs, and that scripts/embed.mjs reads with --host. */
export const HOST_STEPS = ["install", "edge", "faults", "bench"];
