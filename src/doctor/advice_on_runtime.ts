/**
 * Advice about runtimes, their permissions, the native library, and the environment.
 *
 * @module
 */
import type { Advice } from "./advice.ts";
import type { RuntimeCause } from "./causes.ts";

const DENO: Advice = {
  id: "deno-allow-ffi",
  text: "Run Deno with --allow-ffi, which is all that the library needs. This command sees more " +
    "with --allow-all (-A): Deno lets nothing less read /proc.",
  commands: [
    "deno run --allow-ffi main.ts",
    "deno run -A jsr:@securememory/core/doctor",
  ],
  source: "docs.deno.com/runtime/reference/permissions",
};

const REINSTALL: Advice = {
  id: "reinstall",
  text: "Install the package again, whole and in one version; if SECUREMEMORY_LIBRARY is set, it " +
    "has to name the library of that version, for this system and processor, and a file that " +
    "this user may read.",
  commands: ["echo $SECUREMEMORY_LIBRARY"],
  source: "README.md of this package, Permissions",
};

const ON_RUNTIME: Readonly<Record<RuntimeCause, Advice>> = {
  "no-ffi": {
    id: "use-another-runtime",
    text: "Use Bun 1.4.5, Deno 2.9 or Node 26.1, or later ones: this runtime cannot call native " +
      "code.",
    commands: [],
    source: "README.md of this package, Install",
  },
  "deno-ffi": DENO,
  "deno-ffi-path": {
    ...DENO,
    id: "deno-allow-ffi-whole",
    text:
      "A permission for one library names its file, and this module brought its library along " +
      "in no file. Give --allow-ffi without a path, or write the libraries to files by " +
      "--write-libraries, and name those: in SECUREMEMORY_LIBRARY, and for keyed operations in " +
      "SECUREMEMORY_CRYPTO_LIBRARY.",
    commands: [
      "deno run -A jsr:@securememory/core/doctor --write-libraries ./native",
      "export SECUREMEMORY_LIBRARY=$PWD/native/libsecurememory.so",
      "export SECUREMEMORY_CRYPTO_LIBRARY=$PWD/native/libsecurememory-crypto.so",
      "deno run --allow-env=SECUREMEMORY_LIBRARY,SECUREMEMORY_CRYPTO_LIBRARY \\",
      "  --allow-ffi=$PWD/native main.ts",
    ],
    source: "docs/permissions.md of this package",
  },
  "node-ffi-permission": {
    id: "node-allow-ffi",
    text: "Node was started with --permission: add --allow-ffi, and --allow-fs-read for the " +
      "package's own files. This command sees more with --allow-fs-read=/proc.",
    commands: ["node --permission --allow-ffi --allow-fs-read=$PWD main.js"],
    source: "nodejs.org/api/cli.html#--allow-ffi",
  },
  "node-old": {
    id: "node-update",
    text: "Use Node 26.1 or later: older ones have no node:ffi.",
    commands: ["node --version"],
    source: "nodejs.org/api/ffi.html",
  },
  "node-ffi-off": {
    id: "node-ffi-on",
    text: "Start Node without --no-experimental-ffi; look into NODE_OPTIONS, too.",
    commands: ["echo $NODE_OPTIONS"],
    source: "nodejs.org/api/ffi.html",
  },
  "no-library": {
    id: "build-library",
    text: "There are libraries for Linux, macOS and Windows, on x86_64 and aarch64. For another " +
      "system the sources have to be ported.",
    commands: ["zig build"],
    source: "README.md of this package, Platforms",
  },
  "library-not-a-file": {
    id: "library-file",
    text: "The module was not loaded from a file, and brought no library along. Put the library " +
      "into a file and name it in SECUREMEMORY_LIBRARY (on Deno with " +
      "--allow-env=SECUREMEMORY_LIBRARY), or install the package from npm. Another installation " +
      "writes its library by --write-library.",
    commands: [
      "npx @securememory/core doctor --write-library ./securememory.so",
      "SECUREMEMORY_LIBRARY=./securememory.so",
    ],
    source: "docs/doctor.md of this package",
  },
  "library-missing": REINSTALL,
  "library-version": REINSTALL,
  "library-damaged": REINSTALL,
  "library-nowhere": {
    id: "library-place",
    text: "The library that came with the module has to be put somewhere: in memory by " +
      "memfd_create(2), which a seccomp filter or SELinux may refuse, or in a cache: a folder of " +
      "this user's own (XDG_CACHE_HOME, HOME/.cache; ~/Library/Caches; LOCALAPPDATA), which " +
      "nobody else may write to, on a file system that is not mounted noexec. Allow one of them, " +
      "or write the library to a file elsewhere and name that one.",
    commands: [
      "npx @securememory/core doctor --write-library ./securememory.so",
      "SECUREMEMORY_LIBRARY=./securememory.so",
    ],
    source: "memfd_create(2), mount(8)",
  },
  "library-refused": REINSTALL,
};

/** What to do about a library that cannot be loaded. */
export function adviceOnRuntime(cause: RuntimeCause): Advice[] {
  return [ON_RUNTIME[cause]];
}

/** What to do about a variable that has none of its values. */
export function adviceOnEnvironment(): Advice[] {
  return [{
    id: "environment",
    text: "Correct the variable, or unset it.",
    commands: ["env | grep SECUREMEMORY_"],
    source: "README.md of this package, Permissions",
  }];
}

/** What to do about a rung that the environment requires and that is missing. */
export function adviceOnRequiredRung(): Advice[] {
  return [{
    id: "required-rung",
    text: "SECUREMEMORY_STORE or SECUREMEMORY_GATE requires a rung that this host lacks: see its " +
      "row. Unset the variable to take the best that there is.",
    commands: ["env | grep SECUREMEMORY_"],
    source: "README.md of this package, Permissions",
  }];
}
