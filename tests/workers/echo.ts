/** Sends back what it gets; throws if that is the string "throw". */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (message: unknown) => {
  if (message === "throw") throw new Error("The worker was told to throw");
  parentPort?.postMessage(message);
});
