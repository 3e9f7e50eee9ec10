/** Makes a secret of its own, purges when told to, and says what became of its own. */
import { parentPort } from "node:worker_threads";
import { purge, Secret, stats } from "../../mod.ts";

const own = Secret.from(new Uint8Array([1, 2, 3]));

parentPort?.on("message", (message: unknown) => {
  if (message === "purge") purge();
  parentPort?.postMessage({ closed: own.isClosed, purges: stats().purges });
});
