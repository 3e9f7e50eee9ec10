/**
 * Verdaccio on a free port of loopback, without uplinks: what is not published to it, it does
 * not have. Prints its address. Ends with its standard input.
 *
 *     node registry_child.mjs FOLDER
 */
import { join } from "node:path";
import process from "node:process";
import { runServer } from "verdaccio";

const folder = process.argv[2];
const app = await runServer({
  storage: join(folder, "storage"),
  uplinks: {},
  packages: { "**": { access: "$all", publish: "$authenticated" } },
  auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: 1, rounds: 1 } },
  web: { enable: false },
  log: { type: "stdout", level: "fatal" },
  self_path: folder,
  configPath: join(folder, "config.yaml"),
});
app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${app.address().port}/`));
process.stdin.once("end", () => process.exit()).resume();
