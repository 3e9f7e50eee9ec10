/**
 * Children with a budget for locked memory. Root may lock beyond its limit, so its
 * children also lose CAP_IPC_LOCK.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { unless } from "./skip.ts";

const WITHOUT_CAPABILITY = process.getuid?.() === 0
  ? ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"]
  : [];

/** What to put before a command so that it may lock so many bytes, and no more. */
export function memlock(bytes: number): readonly string[] {
  return [...WITHOUT_CAPABILITY, "prlimit", `--memlock=${bytes}:${bytes}`];
}

/** The same for one that has no capability at all, as an ordinary user's. */
export function memlockUnprivileged(bytes: number): readonly string[] {
  const without = process.getuid?.() === 0
    ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    : [];
  return [...without, "prlimit", `--memlock=${bytes}:${bytes}`];
}

function works(): boolean {
  const [program, ...args] = [...memlock(0), "cat", "/proc/self/status", "/proc/self/limits"];
  const { status, stdout } = spawnSync(program as string, args, { encoding: "utf8" });
  return status === 0 && bindingLimit(stdout) === 0;
}

/** The limit that binds a process, from the texts of its `status` and `limits` in /proc. */
export function bindingLimit(text: string): number {
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(text)?.[1] ?? "0"}`);
  const mayIgnore = (capabilities >> 14n & 1n) === 1n; // CAP_IPC_LOCK, capabilities(7)
  const limit = /^Max locked memory\s+(\S+)/m.exec(text)?.[1];
  return mayIgnore || limit === "unlimited" ? Infinity : Number(limit);
}

/** The option `skip` of a test that limits its child. */
export const withoutMemlock: string | false = unless(
  "memlock",
  process.platform === "linux" && works(),
  "setpriv and prlimit (util-linux) cannot limit a child here",
);
