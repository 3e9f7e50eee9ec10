/**
 * What can be read about the host that decides which advice fits. Everything is optional:
 * a file that is missing, or may not be read, leaves its answer open.
 *
 * @module
 */
import { detectRuntime } from "../native/library.ts";
import { hostProcess, platform } from "../native/process.ts";
import type { Runtime, RuntimeName } from "../native/runtime.ts";
import { canRead, readText } from "./files.ts";

/** Who has started this process, as far as its surroundings tell. */
export type Surroundings = "kubernetes" | "docker" | "container" | "systemd" | "unknown";

/** Facts about the host. */
export interface Host {
  /** `linux`, `macos` or `windows`; the system's own name where it is another. */
  readonly os: string;
  /** `x86_64` or `aarch64`; the system's own name where it is another. */
  readonly arch: string;
  /** Release of the kernel, such as `6.12.3`; `null` if it cannot be read. */
  readonly kernel: string | null;
  /** Who has started this process. */
  readonly surroundings: Surroundings;
  /** A seccomp filter stands before the kernel (seccomp(2)); `null` if that cannot be read. */
  readonly seccomp: boolean | null;
  /** The process may lock more than its limit (CAP_IPC_LOCK); `null` if that cannot be read. */
  readonly mayLockAll: boolean | null;
  /** The processor has protection keys (`pku` in /proc/cpuinfo); `null` if that cannot be read. */
  readonly keysInProcessor: boolean | null;
  /** The kernel uses them (`ospke` in /proc/cpuinfo); `null` if that cannot be read. */
  readonly keysInKernel: boolean | null;
}

/** Looks around. Never throws, never prompts. */
export function lookAtHost(): Host {
  const runtime = runtimeIfAny();
  const { os, arch } = runtime ?? nameless();
  if (os !== "linux") {
    return {
      os,
      arch,
      kernel: null,
      surroundings: "unknown",
      seccomp: null,
      mayLockAll: null,
      keysInProcessor: null,
      keysInKernel: null,
    };
  }
  const status = readText("/proc/self/status");
  const processor = readText("/proc/cpuinfo");
  return {
    os,
    arch,
    kernel: readText("/proc/sys/kernel/osrelease")?.trim() ?? null,
    surroundings: surroundings(runtime),
    seccomp: seccomp(status),
    mayLockAll: mayLockAll(status),
    keysInProcessor: hasFlag(processor, "pku"),
    keysInKernel: hasFlag(processor, "ospke"),
  };
}

/** The runtime's name and version, also where it has no FFI that may be used. */
export function runtimeOfHost(): { readonly name: RuntimeName; readonly version: string } | null {
  const runtime = runtimeIfAny();
  return runtime === undefined ? null : { name: runtime.name, version: runtime.version };
}

/** An environment variable; `undefined` where it may not be read. Never prompts. */
export function variable(name: string): string | undefined {
  return runtimeIfAny()?.environment(name);
}

function runtimeIfAny(): Runtime | undefined {
  try {
    return detectRuntime();
  } catch {
    return undefined;
  }
}

function nameless(): { os: string; arch: string } {
  const process = hostProcess();
  return process === undefined ? { os: "unknown", arch: "unknown" } : platform(process);
}

/**
 * Kubernetes gives every container the address of its API in a variable; Docker puts a file
 * at the root; Podman and CRI-O another; systemd tells a unit's processes its id.
 */
function surroundings(runtime: Runtime | undefined): Surroundings {
  const has = (name: string) => (runtime?.environment(name) ?? "") !== "";
  if (has("KUBERNETES_SERVICE_HOST")) return "kubernetes";
  if (canRead("/.dockerenv")) return "docker";
  if (canRead("/run/.containerenv")) return "container";
  if (has("INVOCATION_ID")) return "systemd";
  return "unknown";
}

/** `Seccomp:` is 0 without, 1 in strict mode, 2 with a filter: proc_pid_status(5). */
function seccomp(status: string | undefined): boolean | null {
  const mode = /^Seccomp:\s*(\d)/m.exec(status ?? "")?.[1];
  return mode === undefined ? null : mode !== "0";
}

/** Number of CAP_IPC_LOCK in the masks of proc_pid_status(5): capabilities(7). */
const IPC_LOCK = 14n;

/**
 * The kernel asks for the capability in the first user namespace (mm/mlock.c, capable()): in
 * another one, such as a rootless container's, having it means nothing.
 */
function mayLockAll(status: string | undefined): boolean | null {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? "")?.[1];
  if (mask === undefined) return null;
  if ((BigInt(`0x${mask}`) >> IPC_LOCK & 1n) === 0n) return false;
  const map = readText("/proc/self/uid_map");
  return map === undefined ? null : /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function hasFlag(processor: string | undefined, flag: string): boolean | null {
  const flags = /^flags\s*:(.*)$/m.exec(processor ?? "")?.[1];
  return flags === undefined ? null : flags.split(" ").includes(flag);
}
