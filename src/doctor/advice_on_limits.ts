/**
 * Advice about the limit for locked memory, and about filters that refuse system calls.
 *
 * @module
 */
import type { Advice } from "./advice.ts";
import type { Host, Surroundings } from "./host.ts";

/** 64 MiB: room for 16,384 secrets on pages of 4 KiB. In bytes, and in limits.conf's KiB. */
const BYTES = 67_108_864;
const KIB = BYTES / 1024;

const SYSTEMD: Advice = {
  id: "systemd-limit",
  text:
    "A systemd service: set LimitMEMLOCK= in its unit and restart it (DefaultLimitMEMLOCK= is 8M " +
    "in newer versions). A user's service cannot pass the hard limit of user@.service.",
  commands: [
    "systemctl edit NAME.service",
    "[Service]",
    "LimitMEMLOCK=64M",
    "systemctl restart NAME.service",
  ],
  source: "systemd.exec(5), systemd-system.conf(5)",
};

const DOCKER: Advice = {
  id: "docker-ulimit",
  text: "A Docker container: it inherits the daemon's limit unless it is given one, in bytes; " +
    '"default-ulimits" in daemon.json does it for all, "ulimits" in a Compose file for one. For ' +
    "root in the container --cap-add IPC_LOCK lifts the limit instead; another user does not " +
    "get that capability (moby#38664), and rootless it counts for nothing.",
  commands: [`docker run --ulimit memlock=${BYTES}:${BYTES} IMAGE`],
  source: "docs.docker.com/reference/cli/docker/container/run/#ulimit, mlock(2), capabilities(7)",
};

const KUBERNETES: Advice = {
  id: "kubernetes-node",
  text:
    "A Kubernetes pod: it inherits the limit of the container runtime on its node, and stable " +
    "Kubernetes has no field for it (kubernetes#3595; KEP-5758 proposes one). Raise it on the " +
    'node: LimitMEMLOCK= of containerd.service, or default_ulimits = ["memlock=..."] in ' +
    "crio.conf(5); or by the NRI plugin ulimit-adjuster. The capability IPC_LOCK lifts the limit " +
    "for containers that run as root only (kubernetes#56374), and the Pod Security Standards " +
    "Baseline and Restricted forbid it.",
  commands: [
    "systemctl edit containerd.service",
    "[Service]",
    "LimitMEMLOCK=64M",
    "systemctl restart containerd.service",
    'securityContext: { capabilities: { add: ["IPC_LOCK"] } }',
  ],
  source: "github.com/kubernetes/kubernetes/issues/3595, " +
    "kubernetes.io/docs/concepts/security/pod-security-standards",
};

const SHELL: Advice = {
  id: "login-limit",
  text: "A login shell: raise the limit in /etc/security/limits.conf, in KiB, and log in again. " +
    "It needs pam_limits, and does not reach systemd's services.",
  commands: [`USER - memlock ${KIB}`, `ulimit -l ${KIB}`],
  source: "limits.conf(5), pam_limits(8), getrlimit(2)",
};

const MACOS: Advice = {
  id: "macos-limit",
  text: "Raise the limit of the shell, in KiB; a limit for each user stands beside it.",
  commands: [`ulimit -l ${KIB}`, "sysctl vm.user_wire_limit vm.global_user_wire_limit"],
  source: "mlock(2) of macOS",
};

const WINDOWS: Advice = {
  id: "windows-working-set",
  text: "A process locks as many pages as its minimum working set has, less a few. The library " +
    "raises that by itself: it was refused. Look at the job object's limits, and at the memory " +
    "that is left.",
  commands: [],
  source: "learn.microsoft.com: VirtualLock, SetProcessWorkingSetSize",
};

const UNLOCKED: Advice = {
  id: "close-or-allow-unlocked",
  text:
    "Or close secrets that are not needed: each small one locks a page. Where memory cannot be " +
    "locked at all, allowUnlocked: true takes some that can be swapped out.",
  commands: [],
  source: "README.md of this package",
};

/** What stands first where it is what this host looks like. */
const FIRST: Readonly<Record<Surroundings, Advice>> = {
  kubernetes: KUBERNETES,
  docker: DOCKER,
  container: DOCKER,
  systemd: SYSTEMD,
  unknown: SHELL,
};

/** What to do about a lock budget that is spent, or that is nothing. */
export function adviceOnLocks({ os, surroundings }: Host): Advice[] {
  if (os === "macos") return [MACOS, UNLOCKED];
  if (os === "windows") return [WINDOWS, UNLOCKED];
  const first = FIRST[surroundings];
  const others = [SYSTEMD, DOCKER, KUBERNETES, SHELL].filter((advice) => advice !== first);
  return [first, ...others, UNLOCKED];
}

/** What to do about system calls that are refused: something stands before the kernel. */
export function adviceOnRefusal(calls: string, { os, seccomp }: Host): Advice[] {
  if (os !== "linux") return [LOADED_CODE];
  const what = seccomp === true
    ? `This process runs under a seccomp filter, which may be what refuses ${calls}.`
    : seccomp === false
    ? `Something refuses ${calls}, and it is no seccomp filter, since none is set on this process: ` +
      "look for a security module, or for another sandbox (gVisor, say)."
    : `A seccomp filter, or another sandbox, refuses ${calls}.`;
  return [{
    id: "seccomp",
    text: seccomp === false ? what : `${what} ${PROFILE}`,
    commands: [
      "grep Seccomp /proc/self/status",
      "docker run --security-opt seccomp=profile.json IMAGE",
      "[Service]",
      "SystemCallFilter=@memlock @pkey memfd_secret mseal",
    ],
    source: "seccomp(2), docs.docker.com/engine/security/seccomp, systemd.exec(5), " +
      "github.com/moby/profiles: seccomp/default.json",
  }];
}

/**
 * Docker's default profile: moby 7de9f4f82d (memfd_secret, May 2022), e258d66f17 (pkey_*, July
 * 2022), mseal in May 2025. ENOSYS: opencontainers/runc#2750.
 */
const PROFILE =
  "Docker's default profile lets mlock2 pass, memfd_secret since May 2022, pkey_alloc since July " +
  "2022 and mseal since May 2025; Kubernetes' RuntimeDefault is the profile of the node's container " +
  "runtime. Use a newer one, or a profile that allows the call; a systemd unit allows it by " +
  "SystemCallFilter=. A filter that does not know a call may say ENOSYS, as an old kernel does " +
  "(runc#2750).";

const LOADED_CODE: Advice = {
  id: "sandbox",
  text: "A sandbox or a security program refuses this to the process: see its settings.",
  commands: [],
  source: "mprotect(2), VirtualProtect",
};
