/**
 * Children that see other files than this process: in a mount namespace of their own.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { notOnLinux } from "./report.ts";
import { unless } from "./skip.ts";

const TRY = ["--mount", "mount", "-t", "tmpfs", "none", "/sys"];

/** The option `skip` of a test that changes what a child sees. */
export const withoutMounts: string | false = notOnLinux || unless(
  "mounts",
  process.platform === "linux" && spawnSync("unshare", TRY).status === 0,
  "unshare and mount (util-linux) cannot change what a child sees here",
);
