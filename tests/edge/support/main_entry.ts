/**
 * What becomes of the main entry where there is no FFI.
 *
 * @module
 */
import { capabilities, Secret } from "../../../mod.ts";

/** What is thrown for a secret, and what `capabilities` says. */
export function run(): Promise<{ readonly said: string; readonly supported: boolean }> {
  let said = "nothing was thrown";
  try {
    Secret.random(32).close();
  } catch (error) {
    said = String(error);
  }
  return Promise.resolve({ said, supported: capabilities().supported });
}
