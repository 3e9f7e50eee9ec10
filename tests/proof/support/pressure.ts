/**
 * A control group of one's own, whose memory the kernel takes back on demand: version 1 or
 * version 2, whichever has the memory controller. See Documentation/admin-guide.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Far less than any runtime needs. */
const LIMIT_BYTES = 1 << 20;

/** A group, and how to start a command in it. */
export interface Group {
  readonly wrapper: readonly string[];
  /** Makes the kernel take back, or swap out, whatever it can. */
  squeeze(): void;
}

function mounted(type: string, option: string): string | undefined {
  return readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" "))
    .find(([, , is, options]) => is === type && (options as string).split(",").includes(option))
    ?.[1];
}

/** The folder in which groups can be made, and the file of them that sets the limit. */
function place(): { folder: string; limit: string } | undefined {
  const first = mounted("cgroup", "memory");
  if (first !== undefined) return { folder: first, limit: "memory.limit_in_bytes" };
  const second = mounted("cgroup2", "rw");
  if (second === undefined) return undefined;
  const passed = join(second, "cgroup.subtree_control");
  if (!existsSync(passed) || !readFileSync(passed, "utf8").includes("memory")) return undefined;
  return { folder: second, limit: "memory.high" };
}

/** Works with a group, and takes it away afterwards; nothing may run in it by then. */
export async function withGroup<T>(use: (group: Group) => Promise<T>): Promise<T> {
  const found = place();
  if (found === undefined) throw new Error("no control group has the memory controller");
  const folder = join(found.folder, `securememory-${process.pid}`);
  mkdirSync(folder);
  try {
    const swappiness = join(folder, "memory.swappiness");
    if (existsSync(swappiness)) writeFileSync(swappiness, "100");
    return await use({
      wrapper: ["sh", "-c", `echo $$ > '${folder}/cgroup.procs' && exec "$@"`, "sh"],
      squeeze() {
        try {
          writeFileSync(join(folder, found.limit), `${LIMIT_BYTES}`);
        } catch (error) {
          // Version 1 says so when it could not get below the limit, after having tried.
          if ((error as { code?: string }).code !== "EBUSY") throw error;
        }
      },
    });
  } finally {
    rmdirSync(folder);
  }
}

/** Why there can be no group here, if there cannot. */
export async function groupRefusal(): Promise<string | undefined> {
  try {
    await withGroup(() => Promise.resolve());
  } catch (error) {
    return (error as Error).message;
  }
}
