/**
 * Advice about what the kernel and the processor have: memfd_secret, protection keys, seals,
 * dumps.
 *
 * @module
 */
import type { Advice } from "./advice.ts";
import { adviceOnRefusal } from "./advice_on_limits.ts";
import type { Host } from "./host.ts";

/** True if the kernel is older; undefined if nobody knows. */
function isOlder({ kernel }: Host, major: number, minor: number): boolean | undefined {
  const found = /^(\d+)\.(\d+)/.exec(kernel ?? "");
  if (found === null) return undefined;
  const [has, hasMinor] = [Number(found[1]), Number(found[2])];
  return has < major || (has === major && hasMinor < minor);
}

function kernelOf({ kernel }: Host): string {
  return kernel === null ? "" : ` This is ${kernel}.`;
}

const ELSEWHERE: Readonly<Record<string, string>> = { macos: "macOS", windows: "Windows" };

function nameOf(os: string): string {
  return ELSEWHERE[os] ?? os;
}

/** What to do about a store `secretmem` that is missing. */
export function adviceOnSecretmem(
  cause: "secretmem-elsewhere" | "secretmem-kernel" | "secretmem-refused" | "secretmem-setup",
  host: Host,
): Advice[] {
  switch (cause) {
    case "secretmem-elsewhere":
      return [{
        id: "linux-only",
        text:
          `memfd_secret is Linux's alone. On ${nameOf(host.os)} the store is locked, which is ` +
          "the best there is, and nothing is to be done.",
        commands: [],
        source: "memfd_secret(2)",
      }];
    case "secretmem-refused":
      return adviceOnRefusal("memfd_secret", host);
    case "secretmem-setup":
      return adviceOnRefusal("what it takes to set up an area of memfd_secret", host);
    case "secretmem-kernel":
      return secretmemKernel(host);
  }
}

function secretmemKernel(host: Host): Advice[] {
  const update: Advice = {
    id: "secretmem-kernel",
    text: "memfd_secret takes Linux 5.14 or later, built with CONFIG_SECRETMEM, and on aarch64 a " +
      `direct map that can be changed (rodata=full, the default).${kernelOf(host)}`,
    commands: ["uname -r", "grep CONFIG_SECRETMEM /boot/config-$(uname -r)"],
    source: "memfd_secret(2), mm/secretmem.c: can_set_direct_map()",
  };
  const enable: Advice = {
    id: "secretmem-enable",
    text: "Before Linux 6.5 it is off unless the kernel is booted with secretmem.enable=1, and " +
      "since then on unless booted with secretmem.enable=0. Change the kernel's command line and " +
      "boot again; in a container that is the host's.",
    commands: [
      "grep -o 'secretmem.enable=.' /proc/cmdline",
      'GRUB_CMDLINE_LINUX="... secretmem.enable=1"  # in /etc/default/grub',
      "update-grub  # Debian, Ubuntu; else: grub2-mkconfig -o /boot/grub2/grub.cfg",
    ],
    source: "memfd_secret(2), mm/secretmem.c",
  };
  const refusal = adviceOnRefusal("memfd_secret", host);
  if (isOlder(host, 5, 14) === true) return [update];
  // A filter that says ENOSYS cannot be told from a kernel without the call.
  const filters = host.seccomp === false ? [] : refusal;
  return isOlder(host, 6, 5) === false
    ? [...filters, enable, update]
    : [enable, update, ...filters];
}

/** Said where the store is there and `auto` does not take it. */
export function adviceOnHibernation(): Advice[] {
  return [{
    id: "hibernation",
    text:
      "secretmem is there, and the store auto leaves it alone: as long as there is one area of " +
      "it, the whole host cannot hibernate, and this host can (or does not say). Where that is no " +
      "loss, ask for it by name, or boot with nohibernate, after which auto takes it.",
    commands: [
      'Secret.random(32, { store: "secretmem" })',
      "SECUREMEMORY_STORE=secretmem",
      "cat /sys/power/state",
    ],
    source: "memfd_secret(2), kernel/power/hibernate.c, " +
      "Documentation/admin-guide/kernel-parameters.txt: nohibernate",
  }];
}

type KeyCause =
  | "pkey-elsewhere"
  | "pkey-none-left"
  | "pkey-missing"
  | "pkey-refused"
  | "pkey-test"
  | "pkey-setup";

/** What to do about a gate `pkey` that is missing. */
export function adviceOnKeys(cause: KeyCause, host: Host): Advice[] {
  switch (cause) {
    case "pkey-elsewhere":
      return [keysElsewhere(host)];
    case "pkey-refused":
      return adviceOnRefusal("pkey_alloc", host);
    case "pkey-setup":
      return adviceOnRefusal("what it takes to use protection keys", host);
    case "pkey-test":
      return [keysDoNotHold()];
    case "pkey-missing":
    case "pkey-none-left":
      // An old kernel says EINVAL where the processor has none, and ENOSPC the second time.
      if (host.keysInKernel === true) return [keysTaken(), ...filtersOf(host)];
      if (host.keysInProcessor === true) return [keysOff()];
      return cause === "pkey-none-left" && host.keysInProcessor === null
        ? [keysTaken(), processor(host)]
        : [processor(host), ...(host.keysInProcessor === null ? filtersOf(host) : [])];
  }
}

function filtersOf(host: Host): Advice[] {
  return host.seccomp === false ? [] : adviceOnRefusal("pkey_alloc", host);
}

function keysElsewhere({ os, arch }: Host): Advice {
  return {
    id: "keys-elsewhere",
    text: `The gate pkey is for Linux on x86_64. On ${nameOf(os)} on ${arch} the gate is ` +
      "mprotect, which is the best there is, and nothing is to be done.",
    commands: [],
    source: "pkeys(7)",
  };
}

function processor({ keysInProcessor }: Host): Advice {
  const found = keysInProcessor === false
    ? "This processor shows none (no pku in /proc/cpuinfo). "
    : "";
  return {
    id: "keys-processor",
    text: `${found}Protection keys take an Intel Xeon Scalable processor (Skylake-SP, 2017) or ` +
      "later, or AMD's Zen 3 (EPYC 7003) or later; and a virtual machine has them only if it is " +
      "given them: QEMU with -cpu host or +pku, libvirt with host-passthrough. Firecracker's " +
      "templates hide them. Without them mprotect does the same, for all threads and slower.",
    commands: ["grep -wo -m1 ospke /proc/cpuinfo"],
    source: "pkeys(7), Documentation/core-api/protection-keys.rst, qemu-cpu-models(7)",
  };
}

function keysOff(): Advice {
  return {
    id: "keys-off",
    text:
      "The processor has protection keys (pku), and the kernel does not use them (no ospke): it " +
      "was booted with nopku, or built without CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS.",
    commands: ["grep -wo nopku /proc/cmdline"],
    source: "Documentation/admin-guide/kernel-parameters.txt: nopku, pkeys(7)",
  };
}

function keysTaken(): Advice {
  return {
    id: "keys-taken",
    text: "A process has 15 keys, and all are taken by others: V8 takes one, Wasmtime with its " +
      "pooling allocator up to 15, other allocators some. Make the first secret before they start, " +
      "or have them take fewer.",
    commands: [],
    source: "pkeys(7), pkey_alloc(2): ENOSPC",
  };
}

function keysDoNotHold(): Advice {
  return {
    id: "keys-do-not-hold",
    text:
      "Protection keys are there, and do not do what they are for: an emulator or a hypervisor " +
      "has them wrong. Report it to whoever makes it; the gate is mprotect meanwhile.",
    commands: [],
    source: "pkeys(7)",
  };
}

/** What to do about guards that are not sealed. */
export function adviceOnSealing(
  cause: "seal-kernel" | "seal-refused" | "seal-elsewhere",
  host: Host,
): Advice[] {
  if (cause === "seal-refused") return adviceOnRefusal("mseal", host);
  if (cause === "seal-elsewhere") {
    return [{
      id: "seal-elsewhere",
      text:
        `mseal is Linux's alone. On ${nameOf(host.os)} guards are inaccessible and not sealed, ` +
        "and nothing is to be done.",
      commands: [],
      source: "mseal(2)",
    }];
  }
  const kernel: Advice = {
    id: "seal-kernel",
    text:
      "Sealing takes Linux 6.10 or later, of 64 bits. Without it guards are inaccessible all the " +
      `same; only code in this process could change them.${kernelOf(host)}`,
    commands: ["uname -r"],
    source: "mseal(2), Documentation/userspace-api/mseal.rst",
  };
  if (isOlder(host, 6, 10) === true || host.seccomp === false) return [kernel];
  return [...adviceOnRefusal("mseal", host), kernel];
}

const ON_DUMPS: Readonly<Record<"dump-macos" | "dump-windows" | "status-unknown", Advice>> = {
  "dump-macos": {
    id: "macos-no-dumps",
    text: "macOS cannot leave pages out of a core dump. Have no dump at all: harden() sets the " +
      "limit for core files to 0.",
    commands: ["ulimit -c 0"],
    source: "setrlimit(2) of macOS: RLIMIT_CORE",
  },
  "dump-windows": {
    id: "windows-error-reporting",
    text:
      "Windows Error Reporting leaves out up to 512 blocks and files of a process; beyond that, " +
      "and in dumps that others make (MiniDumpWriteDump), pages are there. Closed ones are " +
      "encrypted.",
    commands: [],
    source: "learn.microsoft.com: WerRegisterExcludedMemoryBlock",
  },
  "status-unknown": {
    id: "mount-proc",
    text: "The pages may well be left out, but nobody says so: the library reads " +
      "/proc/self/smaps. Mount /proc, and do not hide it by a filter, or by running as another " +
      "user than the owner of the process.",
    commands: ["mount -t proc proc /proc"],
    source: "proc_pid_smaps(5)",
  },
};

/** What to do about pages that may be in core dumps. */
export function adviceOnDumps(cause: keyof typeof ON_DUMPS): Advice[] {
  return [ON_DUMPS[cause]];
}
