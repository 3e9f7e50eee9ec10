/**
 * Tells what this host offers to SecureMemory, rung by rung, as the kernel has it; why something
 * is missing, and what to do about it.
 *
 * ```sh
 * deno run -A jsr:@securememory/core/doctor
 * bunx @securememory/core doctor
 * npx @securememory/core doctor --require secretmem,sealed-guards
 * ```
 *
 * The same as data:
 *
 * ```ts
 * import { examine } from "@securememory/core/doctor";
 *
 * const { rows } = examine();
 * for (const { name, advice } of rows) console.log(name, advice.map(({ text }) => text));
 * ```
 *
 * @module
 */
import { hostProcess } from "./src/native/process.ts";
import { run } from "./src/doctor/run.ts";

export type { Advice } from "./src/doctor/advice.ts";
export type { Host, Surroundings } from "./src/doctor/host.ts";
export type { Picture, PictureMoment, PicturePages, PicturePart } from "./src/doctor/picture.ts";
export {
  examine,
  type LibraryReport,
  type LockReport,
  type PartReport,
  type Report,
  type Row,
  type RowName,
  type SecretReport,
} from "./src/doctor/report.ts";
export type { Terminal } from "./src/doctor/terminal.ts";
export type { Capabilities } from "./src/capabilities.ts";
export type { Availability } from "./src/capabilities.ts";
export type { RuntimeName } from "./src/native/runtime.ts";
export type { SecretStatus } from "./src/status.ts";
export { run };

// The status is set, not exited with: what was written is to be sent first.
if (import.meta.main) {
  const process = hostProcess();
  if (process !== undefined) process.exitCode = run(process.argv.slice(2));
}
