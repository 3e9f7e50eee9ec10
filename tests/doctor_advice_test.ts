/** Every reason that the library can give has advice that fits it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Host } from "../doctor.ts";
import { adviceOn, adviceOnCause } from "../src/doctor/advice.ts";
import { adviceOnHibernation } from "../src/doctor/advice_on_kernel.ts";
import { type Cause, causeOf } from "../src/doctor/causes.ts";
import { CODES, STATISTICS, STEPS } from "../src/native/abi.ts";
import { failure, reasonMissing } from "../src/native/failure.ts";
import type { Library } from "../src/native/library.ts";
import { ROOT } from "./support/child.ts";
import { idsOf } from "./support/doctor.ts";

const LINUX: Host = {
  os: "linux",
  arch: "x86_64",
  kernel: "6.12.3",
  surroundings: "unknown",
  seccomp: null,
  mayLockAll: false,
  keysInProcessor: null,
  keysInKernel: null,
};

type Code = (typeof CODES)[number];
type Step = (typeof STEPS)[number];

/** A library whose calls fail as they are told to. */
function libraryOn(os: string, lockLimit: number): Library {
  const numbers: Record<string, number> = { lock_limit_bytes: lockLimit, system_locked_bytes: 1e9 };
  const calls = {
    securememory_statistics(out: Float64Array): number {
      STATISTICS.forEach((name, index) => out[index] = numbers[name] ?? 0);
      return STATISTICS.length;
    },
  };
  return { runtime: { os, arch: "x86_64" }, calls, pageSize: 4096 } as unknown as Library;
}

/** The number that a call returns: its layout is in zig/abi.zig. */
function resultOf(code: Code, step: Step, errno: number): number {
  return -(CODES.indexOf(code) | STEPS.indexOf(step) << 7 | errno << 15);
}

interface Given {
  readonly os?: string;
  readonly row: string;
  readonly code: Code;
  readonly step?: Step;
  readonly errno?: number;
  readonly limit?: number;
}

/** The sentence that capabilities() gives for a failure. */
function reasonOf({ os = "linux", row, code, step = "", errno = 0, limit = 65536 }: Given): string {
  const library = libraryOn(os, limit);
  const result = resultOf(code, step, errno);
  if (row === "secretmem" || row === "pkey") return reasonMissing(library, result);
  return failure(library, result, ACTIONS[row] as string).message;
}

/** As src/capabilities.ts has them. */
const ACTIONS: Readonly<Record<string, string>> = {
  "secret": "Cannot create the secret",
  "locked": "Cannot lock a page",
  "mprotect": "Cannot open and close a page",
  "sealed-guards": "Cannot seal guards",
  "dump-exclusion": "Cannot read the status of the secret",
};

const [EPERM, ENOENT, EAGAIN, ENOMEM, EACCES, EINVAL, EMFILE, ENOSPC, ENOSYS] = [
  ...[1, 2, 11, 12, 13, 22, 24, 28, 38],
];

/** What fails, on which host, and what is advised first. */
const TABLE: readonly (readonly [given: Given, host: Partial<Host>, ids: readonly string[]])[] = [
  // The limit for locked memory: first what this host looks like.
  [{ row: "locked", code: "LockLimit", step: "mlock", errno: EPERM, limit: 0 }, {}, [
    ...["login-limit", "systemd-limit", "docker-ulimit", "kubernetes-node"],
    "close-or-allow-unlocked",
  ]],
  [{ row: "locked", code: "LockLimit", step: "mlock", errno: ENOMEM }, {
    surroundings: "kubernetes",
  }, [
    "kubernetes-node",
    "systemd-limit",
    "docker-ulimit",
    "login-limit",
    "close-or-allow-unlocked",
  ]],
  [{ row: "secretmem", code: "LockLimit", step: "mmap", errno: EAGAIN }, {
    surroundings: "docker",
  }, [
    "docker-ulimit",
    "systemd-limit",
    "kubernetes-node",
    "login-limit",
    "close-or-allow-unlocked",
  ]],
  [
    { row: "secret", code: "LockLimit", step: "mlock", errno: ENOMEM },
    { surroundings: "systemd" },
    [
      ...["systemd-limit", "docker-ulimit", "kubernetes-node", "login-limit"],
      "close-or-allow-unlocked",
    ],
  ],
  [{ os: "macos", row: "locked", code: "LockLimit", step: "mlock", errno: 35 }, { os: "macos" }, [
    ...["macos-limit", "close-or-allow-unlocked"],
  ]],
  [{ os: "windows", row: "locked", code: "LockLimit", step: "VirtualLock", errno: 1453 }, {
    os: "windows",
  }, ["windows-working-set", "close-or-allow-unlocked"]],
  // EPERM with room in the budget is a filter's.
  [{ row: "locked", code: "LockLimit", step: "mlock", errno: EPERM }, { seccomp: true }, [
    "seccomp",
  ]],
  [{ row: "locked", code: "AllocationFailed", step: "mlock", errno: ENOSYS }, {}, ["seccomp"]],
  // memfd_secret.
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: ENOSYS }, {
    kernel: "5.10.0",
  }, ["secretmem-kernel"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: ENOSYS }, {
    kernel: "6.1.0-18-amd64",
    seccomp: false,
  }, ["secretmem-enable", "secretmem-kernel"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: ENOSYS }, {
    kernel: "6.12.3",
    seccomp: true,
  }, ["seccomp", "secretmem-enable", "secretmem-kernel"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: ENOSYS }, {
    kernel: null,
    seccomp: null,
  }, ["secretmem-enable", "secretmem-kernel", "seccomp"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: EPERM }, {}, ["seccomp"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: EACCES }, {}, ["seccomp"]],
  [{ row: "secretmem", code: "NoSecretmem", step: "memfd_secret", errno: EMFILE }, {}, [
    "raise-open-files",
  ]],
  [{ row: "secretmem", code: "NoSecretmem", step: "ftruncate", errno: EPERM }, {}, ["seccomp"]],
  [{ os: "macos", row: "secretmem", code: "NoSecretmem" }, { os: "macos" }, ["linux-only"]],
  [{ os: "windows", row: "secretmem", code: "NoSecretmem" }, { os: "windows" }, ["linux-only"]],
  // Protection keys.
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: EINVAL }, {
    keysInProcessor: false,
    keysInKernel: false,
  }, ["keys-processor"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: ENOSPC }, {
    keysInProcessor: false,
    keysInKernel: false,
  }, ["keys-processor"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: EINVAL }, {
    keysInProcessor: true,
    keysInKernel: false,
  }, ["keys-off"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: ENOSPC }, {
    keysInProcessor: true,
    keysInKernel: true,
    seccomp: false,
  }, ["keys-taken"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: ENOSPC }, {}, [
    "keys-taken",
    "keys-processor",
  ]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: ENOSYS }, { seccomp: null }, [
    "keys-processor",
    "seccomp",
  ]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_alloc", errno: EPERM }, {}, ["seccomp"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_mprotect", errno: EPERM }, {}, ["seccomp"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_self_test" }, {}, ["keys-do-not-hold"]],
  [{ row: "pkey", code: "NoPkey", step: "pkey_self_test", errno: EPERM }, {}, ["keys-do-not-hold"]],
  [{ os: "macos", row: "pkey", code: "NoPkey" }, { os: "macos" }, ["keys-elsewhere"]],
  [{ row: "pkey", code: "NoPkey" }, { arch: "aarch64" }, ["keys-elsewhere"]],
  // Seals.
  [{ row: "sealed-guards", code: "NotSupported", step: "mseal", errno: ENOSYS }, {
    kernel: "6.1.0",
  }, ["seal-kernel"]],
  [{ row: "sealed-guards", code: "NotSupported", step: "mseal", errno: ENOSYS }, {
    seccomp: true,
  }, ["seccomp", "seal-kernel"]],
  [{ row: "sealed-guards", code: "NotSupported", step: "mseal", errno: EPERM }, {}, ["seccomp"]],
  [{ os: "macos", row: "sealed-guards", code: "NotSupported" }, { os: "macos" }, [
    "seal-elsewhere",
  ]],
  // Dumps.
  [{ row: "dump-exclusion", code: "NotSupported", step: "smaps", errno: ENOENT }, {}, [
    "mount-proc",
  ]],
  [{ row: "dump-exclusion", code: "NotSupported", step: "smaps", errno: EMFILE }, {}, [
    "raise-open-files",
  ]],
  // Whatever stands against a secret.
  [{ row: "secret", code: "AllocationFailed", step: "mmap", errno: ENOMEM }, {}, ["free-memory"]],
  [{ row: "secret", code: "TooManySecrets" }, {}, ["close-secrets"]],
  [{ row: "secret", code: "RandomFailed", step: "getrandom", errno: EPERM }, {}, ["seccomp"]],
  [{ row: "mprotect", code: "ProtectionFailed", step: "mprotect", errno: EACCES }, {}, ["seccomp"]],
];

test("each reason maps to its advice", () => {
  for (const [given, facts, ids] of TABLE) {
    const host = { ...LINUX, ...facts };
    const reason = reasonOf(given);
    assert.deepEqual(idsOf(adviceOn({ row: given.row, reason }, host)), ids, reason);
  }
});

test("out of mappings is not taken for a spent lock budget", () => {
  const library = {
    ...libraryOn("linux", 8 << 20),
    calls: {
      securememory_statistics(out: Float64Array): number {
        STATISTICS.forEach((name, at) => out[at] = name === "lock_limit_bytes" ? 8 << 20 : 0);
        return STATISTICS.length;
      },
    },
  } as unknown as Library;
  const reason = failure(library, resultOf("LockLimit", "mlock", 12), "Cannot lock a page").message;
  assert.match(reason, /max_map_count/);
  assert.deepEqual(idsOf(adviceOn({ row: "locked", reason }, LINUX)), ["raise-max-map-count"]);
});

test("every failure of every call has a known cause", () => {
  const bugs: readonly Code[] = ["", "InvalidArgument", "NotOpen", "Closed"];
  /** Of sources and keyed operations, which no row is about. */
  const others = CODES.slice(CODES.indexOf("SourceFailed"));
  assert.equal(others.length, 12);
  const rows = [
    "secret",
    "secretmem",
    "locked",
    "pkey",
    "mprotect",
    "sealed-guards",
    "dump-exclusion",
  ];
  const own: Readonly<Record<string, readonly Code[]>> = {
    NoSecretmem: ["NoSecretmem"],
    NoPkey: ["NoPkey"],
  };
  let seen = 0;
  for (const os of ["linux", "macos", "windows"]) {
    for (const row of rows) {
      for (const code of CODES.filter((one) => ![...bugs, ...others].includes(one))) {
        // Only its own row, and a secret that requires it, can lack a rung.
        if (own[code] !== undefined && row !== "secret" && row !== code.slice(2).toLowerCase()) {
          continue;
        }
        if (
          code === "NotSupported" && !["sealed-guards", "dump-exclusion", "locked"].includes(row)
        ) continue;
        for (const step of STEPS) {
          for (const errno of [0, EPERM, EAGAIN, ENOMEM, EINVAL, EMFILE, ENOSPC, ENOSYS]) {
            const reason = reasonOf({ os, row, code, step, errno: errno as number });
            const cause = causeOf(reason, row, os);
            assert.notEqual(cause, "other", `${row}: ${reason}`);
            seen += 1;
          }
        }
      }
    }
  }
  assert.ok(seen > 1000);
});

/** What the loading of the library can say: words of its source, and the cause. */
const LOADING: readonly (readonly [file: string, words: string, rest: string, cause: Cause])[] = [
  ["library.ts", "this runtime has no FFI", ". Use Bun", "no-ffi"],
  ["find.ts", "there is none for ", "plan9 on mips. Build it with Zig", "no-library"],
  ["find.ts", "the module did not come from a file", ", and no library", "library-not-a-file"],
  ["find.ts", "its SHA-256 is ", "ab, wanted is cd", "library-damaged"],
  ["find.ts", "the file was cut short at ", "100 bytes", "library-damaged"],
  [
    "load.ts",
    "it is missing, not readable, or not ",
    "SecureMemory's for this platform",
    "library-missing",
  ],
  ["load.ts", "its ABI version is ", "1, wanted is 2", "library-version"],
  ["load.ts", "it lacks symbols of its ABI version", "", "library-version"],
  ["library.ts", "the system gave no random bytes", "", "no-random"],
  ["deno.ts", "FFI is not allowed: run Deno with --allow-ffi", "", "deno-ffi"],
  ["deno.ts", "FFI has to be allowed for every library", "", "deno-ffi-path"],
  ["node.ts", "the permission model is on and FFI is not allowed", "", "node-ffi-permission"],
  ["node.ts", "FFI is off: run Node without --no-experimental-ffi", "", "node-ffi-off"],
];

test("each reason of the loading of the library maps to its cause", () => {
  for (const [file, words, rest, cause] of LOADING) {
    const source = readFileSync(join(ROOT, "src/native", file), "utf8");
    assert.ok(source.includes(words), `${file} does not say "${words}" any more`);
    const reason = `Cannot load the native library: ${words}${rest}`;
    assert.equal(causeOf(reason, "secret", "linux"), cause, reason);
  }
  const old = "Cannot load the native library: Node 24.1.0 has no FFI: use Node 26.1 or later";
  assert.equal(causeOf(old, "secret", "linux"), "node-old");
  const refused = "Cannot load the native library: something that nobody has thought of";
  assert.equal(causeOf(refused, "secret", "linux"), "library-refused");
  const nowhere = "Cannot load the native library that came with the module (in memory: refused)";
  assert.equal(causeOf(nowhere, "secret", "linux"), "library-nowhere");
  for (const reason of [refused, nowhere]) {
    const ofCrypto = reason.replace("native", "native crypto");
    assert.equal(causeOf(ofCrypto, "secret", "linux"), causeOf(reason, "secret", "linux"));
  }
  const source = readFileSync(join(ROOT, "src/native/find.ts"), "utf8");
  assert.ok(source.includes("`Cannot load ${part.what} that came with the module ("));
});

test("what capabilities() says of itself maps to its cause", () => {
  const source = readFileSync(join(ROOT, "src/capabilities.ts"), "utf8");
  const said: readonly (readonly [row: string, words: string, os: string, cause: Cause])[] = [
    ["dump-exclusion", "macOS cannot leave pages out of a core dump", "macos", "dump-macos"],
    [
      "dump-exclusion",
      "the system does not show the pages as left out of dumps",
      "windows",
      "dump-windows",
    ],
    [
      "dump-exclusion",
      "the system does not show the pages as left out of dumps",
      "linux",
      "status-unknown",
    ],
    ["locked", "secrets cannot be made here", "linux", "no-secrets"],
  ];
  for (const [row, words, os, cause] of said) {
    assert.ok(source.includes(words), words);
    assert.equal(causeOf(words, row, os), cause);
  }
  assert.equal(causeOf("something else", "locked", "linux"), "other");
});

/** Checked by the compiler: each, and no other. */
const ALL: Readonly<Record<Cause, true>> = {
  "no-ffi": true,
  "deno-ffi": true,
  "deno-ffi-path": true,
  "node-ffi-permission": true,
  "node-old": true,
  "node-ffi-off": true,
  "no-library": true,
  "library-not-a-file": true,
  "library-missing": true,
  "library-version": true,
  "library-damaged": true,
  "library-nowhere": true,
  "library-refused": true,
  "environment": true,
  "required-rung": true,
  "no-random": true,
  "lock-limit": true,
  "lock-refused": true,
  "mappings": true,
  "memory": true,
  "secrets": true,
  "descriptors": true,
  "protection": true,
  "corrupted": true,
  "secretmem-elsewhere": true,
  "secretmem-kernel": true,
  "secretmem-refused": true,
  "secretmem-setup": true,
  "pkey-elsewhere": true,
  "pkey-none-left": true,
  "pkey-missing": true,
  "pkey-refused": true,
  "pkey-test": true,
  "pkey-setup": true,
  "seal-kernel": true,
  "seal-refused": true,
  "seal-elsewhere": true,
  "dump-macos": true,
  "dump-windows": true,
  "status-unknown": true,
  "no-secrets": true,
  "other": true,
};
const CAUSES = Object.keys(ALL) as Cause[];

test("every cause has advice on every host, with a source, and readable", () => {
  const hosts: Host[] = ["linux", "macos", "windows"].flatMap((os) =>
    (["kubernetes", "docker", "container", "systemd", "unknown"] as const).flatMap((surroundings) =>
      [true, false, null].map((known) => ({
        ...LINUX,
        os,
        surroundings,
        kernel: known === null ? null : "6.1.0",
        seccomp: known,
        keysInProcessor: known,
        keysInKernel: known,
      }))
    )
  );
  for (const host of hosts) {
    for (
      const advice of [...CAUSES.map((cause) => adviceOnCause(cause, host)), adviceOnHibernation()]
    ) {
      assert.ok(advice.length > 0);
      assert.equal(new Set(idsOf(advice)).size, advice.length, "the same advice twice");
      for (const { id, text, commands, source } of advice) {
        assert.match(id, /^[a-z][a-z0-9-]+$/);
        assert.match(text, /^[A-Za-z].*\.$/s, id);
        assert.doesNotMatch(`${text} ${commands} ${source}`, /undefined|null|NaN/, id);
        assert.doesNotMatch(text, / {2}/, id);
        assert.ok(source.length > 5, id);
        // A list of one line each is read, and copied.
        for (const command of commands) assert.ok(command.length <= 90, command);
      }
    }
  }
});

test("the places that the advice names exist", () => {
  for (const host of [LINUX, { ...LINUX, os: "macos" }, { ...LINUX, os: "windows" }]) {
    for (const { source } of CAUSES.flatMap((cause) => adviceOnCause(cause, host))) {
      const own = /^(\S+) of this package/.exec(source)?.[1];
      if (own === undefined || own.endsWith("()")) continue;
      assert.ok(readFileSync(join(ROOT, own), "utf8").length > 0, own);
    }
  }
});
