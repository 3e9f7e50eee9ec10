/**
 * Whether this host lets one process read another one of the same user at all.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { withoutZig } from "../../support/native.ts";
import { unless } from "../../support/skip.ts";
import { observe, type Way } from "./observer.ts";

function refusal(way: Way): string | undefined {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    const { bytes } = observe(way, child.pid as number, { tokens: new Map() });
    return bytes > 0 || way === "ptrace" ? undefined : "not one byte could be read";
  } catch (error) {
    return `${error}`;
  } finally {
    child.kill("SIGKILL");
  }
}

/** The option `skip` of a test that reads another process in that way. */
export function withoutWay(way: Way): string | false {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return unless(way, false, `the observer is for Linux on x86_64, not ${process.platform}`);
  }
  if (withoutZig !== false) return withoutZig;
  const reason = refusal(way);
  return unless(way, reason === undefined, `this host refuses it: ${reason}`);
}
