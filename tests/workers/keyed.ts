/** Uses a shared key as it is told: `{ ticket, message }`, many times; answers with the last MAC. */
import { parentPort } from "node:worker_threads";
import { Secret, type SharedSecret } from "../../mod.ts";

interface Order {
  readonly ticket: SharedSecret;
  readonly message: string;
  readonly rounds: number;
}

parentPort?.on("message", ({ ticket, message, rounds }: Order) => {
  try {
    const key = Secret.attach(ticket);
    let mac = new Uint8Array(0);
    for (let round = 0; round < rounds; round++) {
      mac = key.hmac("SHA-256", message);
      using derived = key.derive(message, 32);
      using opened = key.decrypt(key.encrypt(derived), { as: "secret" });
      if (!opened.equals(derived)) throw new Error("The box has other bytes");
    }
    parentPort?.postMessage(mac.toHex());
  } catch (error) {
    const { code, name, message } = error as Error & { code?: string };
    parentPort?.postMessage({ code: code ?? name, message });
  }
});
