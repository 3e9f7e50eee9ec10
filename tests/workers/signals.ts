/** Asks for signals, which a Worker cannot have, and says what it was told. */
import { parentPort } from "node:worker_threads";
import { purgeOnSignals, SecureMemoryError } from "../../mod.ts";

try {
  purgeOnSignals(["SIGTERM"]);
  parentPort?.postMessage({});
} catch (error) {
  if (!(error instanceof SecureMemoryError)) throw error;
  parentPort?.postMessage({ code: error.code, message: error.message });
}
